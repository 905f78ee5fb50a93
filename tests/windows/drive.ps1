# What programs do on a drive, from the outside: on Windows a drive letter, elsewhere a directory. Starts the embedded store, makes a bucket and a key, mounts, and
# prints one line per check and the sum at the end. Needs the published tool, and on Windows WinFsp.
#
#   pwsh tests/windows/drive.ps1 -Tool out/ssecfs.exe -Place X:
param(
    [Parameter(Mandatory)] [string] $Tool,
    [Parameter(Mandatory)] [string] $Place,
    [int] $Port = 9321
)
$ErrorActionPreference = 'Stop'
$PSNativeCommandUseErrorActionPreference = $true
$Tool = (Resolve-Path $Tool).Path
. (Join-Path $PSScriptRoot 'store.ps1')
$bucket = 's3://drive'
$key = if ($IsWindows) { "dpapi:$(Join-Path $work 'key')" } else { "file:$(Join-Path $work 'key')" }
$root = if ($IsWindows) { "$Place\" } else { $Place }
$passed = 0
$failed = 0

function Check([string] $what, [scriptblock] $act) {
    try {
        & $act
        $script:passed++
        "  ok    $what"
    }
    catch {
        $script:failed++
        "  FAIL  ${what}: $_"
    }
}

function Same($expected, $actual) {
    if ("$expected" -cne "$actual") { throw "'$expected' is due, not '$actual'" }
}

function Refused([scriptblock] $act) {
    try { & $act } catch { return }
    throw 'it should have been refused'
}

function Mount { & $Tool mount $bucket $Place --endpoint $endpoint --key $key }
function Unmount { & $Tool umount $Place }
function Remount { Unmount; Mount }
function At([string] $name) { Join-Path $root $name }
function Hash([string] $name) { (Get-FileHash (At $name)).Hash }

$store = Start-Store
try {
    & $Tool mb $bucket --endpoint $endpoint
    & $Tool key new ($IsWindows ? $key : (Join-Path $work 'key')) | Out-Null
    Mount
    try {
        Check 'a text is there after a remount' {
            Set-Content (At 'letter.txt') 'Dear reader'
            Remount
            Same 'Dear reader' (Get-Content (At 'letter.txt'))
        }
        Check 'it is appended to and overwritten' {
            Add-Content (At 'letter.txt') 'yours'
            Same 'Dear reader yours' (Get-Content (At 'letter.txt'))
            Set-Content (At 'letter.txt') 'short'
            Remount
            Same 'short' (Get-Content (At 'letter.txt'))
        }
        Check '64 MiB are the same after a remount' {
            $bytes = [byte[]]::new(64MB)
            [Random]::new(1).NextBytes($bytes)
            [IO.File]::WriteAllBytes((At 'big'), $bytes)
            $before = Hash 'big'
            Remount
            Same $before (Hash 'big')
        }
        Check 'four bytes in the middle are changed' {
            $file = [IO.File]::Open((At 'big'), 'Open', 'ReadWrite')
            $file.Position = 40MB
            $file.Write([byte[]](1, 2, 3, 4), 0, 4)
            $file.Dispose()
            Remount
            $file = [IO.File]::OpenRead((At 'big'))
            $file.Position = 40MB
            $read = [byte[]]::new(4)
            $null = $file.Read($read, 0, 4)
            Same 64MB $file.Length
            $file.Dispose()
            Same '1 2 3 4' $read
        }
        Check 'a tree of 200 files is copied and listed' {
            foreach ($folder in 0..9) {
                $null = New-Item -ItemType Directory -Force (Join-Path $work "tree/$folder")
                foreach ($file in 0..19) { Set-Content (Join-Path $work "tree/$folder/$file.txt") "$folder $file" }
            }
            Copy-Item -Recurse (Join-Path $work 'tree') (At 'tree')
            Remount
            $there = Get-ChildItem -Recurse -File (At 'tree')
            Same 200 $there.Count
            Same '7 13' (Get-Content (At 'tree/7/13.txt'))
            Same 111 (Get-ChildItem -Recurse (At 'tree') -Filter '1*').Count
        }
        Check 'a folder is renamed, with what is in it' {
            Rename-Item (At 'tree') 'moved'
            Remount
            Same '7 13' (Get-Content (At 'moved/7/13.txt'))
            Same $false (Test-Path (At 'tree'))
            Remove-Item -Recurse (At 'moved')
            Same $false (Test-Path (At 'moved'))
        }
        Check 'a file is saved as Office does' {
            Set-Content (At 'doc') 'old'
            Set-Content (At '~doc.tmp') 'new'
            [IO.File]::Replace((At '~doc.tmp'), (At 'doc'), (At 'doc.bak'))
            Same 'new' (Get-Content (At 'doc'))
            Same 'old' (Get-Content (At 'doc.bak'))
        }
        Check 'a file that is deleted on close is gone' {
            $file = [IO.FileStream]::new((At 'temporary'), 'Create', 'ReadWrite', 'None', 4096, [IO.FileOptions]::DeleteOnClose)
            $file.WriteByte(1)
            $file.Dispose()
            Same $false (Test-Path (At 'temporary'))
        }
        Check 'times are kept' {
            $time = [DateTime]::new(2001, 2, 3, 4, 5, 6, [DateTimeKind]::Utc)
            (Get-Item (At 'doc')).LastWriteTimeUtc = $time
            Remount
            Same $time (Get-Item (At 'doc')).LastWriteTimeUtc
        }
        Check 'a name of other letters than those of English' {
            Set-Content (At 'Grüße – 你好.txt') 'x'
            Remount
            Same 'x' (Get-Content (At 'Grüße – 你好.txt'))
        }
        if (Get-Command git -ErrorAction Ignore) {
            Check 'git commits, and finds nothing broken' {
                $repository = At 'repository'
                git init -q $repository
                foreach ($file in 0..49) { Set-Content (Join-Path $repository "$file.txt") "file $file" }
                git -C $repository -c user.name=a -c user.email=a@b -c core.autocrlf=false add .
                git -C $repository -c user.name=a -c user.email=a@b commit -qm first
                Remount
                git -C $repository fsck --strict
                Same '' (git -C $repository status --porcelain)
            }
        }
        if ($IsWindows) {
            Check 'any spelling opens a file, and the case of a name can be changed' {
                Same 'new' (Get-Content (At 'DOC'))
                Rename-Item (At 'doc') 'Doc'
                Same 'Doc' (Get-ChildItem $root -Filter 'doc').Name
            }
            Check 'attributes are kept' {
                (Get-Item (At 'doc')).Attributes = 'Hidden, ReadOnly'
                Remount
                $attributes = (Get-Item -Force (At 'doc')).Attributes
                Same 'ReadOnly, Hidden' ($attributes -band ([IO.FileAttributes]'Hidden, ReadOnly'))
                Refused { Set-Content (At 'doc') 'x' }
                (Get-Item -Force (At 'doc')).Attributes = 'Normal'
            }
            Check 'the time of creation is kept' {
                $time = [DateTime]::new(2001, 2, 3, 4, 5, 6, [DateTimeKind]::Utc)
                (Get-Item (At 'doc')).CreationTimeUtc = $time
                Remount
                Same $time (Get-Item (At 'doc')).CreationTimeUtc
            }
            Check 'who shares nothing is alone' {
                $file = [IO.File]::Open((At 'doc'), 'Open', 'ReadWrite', 'None')
                Refused { [IO.File]::OpenRead((At 'doc')) }
                $file.Dispose()
                Same 'new' (Get-Content (At 'doc'))
            }
            Check 'a range that is locked is nobody else''s to write' {
                $file = [IO.File]::Open((At 'doc'), 'Open', 'ReadWrite', 'ReadWrite')
                $other = [IO.FileStream]::new((At 'doc'), 'Open', 'ReadWrite', 'ReadWrite', 0)
                $file.Lock(0, 2)
                Refused { $other.Lock(1, 1) }
                Refused { $other.WriteByte(1) }
                $file.Unlock(0, 2)
                $other.Lock(1, 1)
                $file.Dispose()
                $other.Dispose()
                Same 'new' (Get-Content (At 'doc'))
            }
            Check 'named streams are refused' { Refused { Set-Content (At 'doc') -Stream 'note' 'x' } }
            Check 'robocopy copies a tree once' {
                $PSNativeCommandUseErrorActionPreference = $false
                robocopy (Join-Path $work 'tree') (At 'copied') /E /NJH /NJS /NFL /NDL | Out-Null
                Same 1 $LASTEXITCODE
                robocopy (Join-Path $work 'tree') (At 'copied') /E /NJH /NJS /NFL /NDL | Out-Null
                Same 0 $LASTEXITCODE
            }
        }
    }
    finally {
        Unmount
    }
    Check 'everything in the bucket is encrypted with the key' { & $Tool audit $bucket --endpoint $endpoint --key $key | Out-Null }
}
finally {
    Stop-Store $store
}
"$passed passed, $failed failed"
exit [int]($failed -gt 0)
