# WinFsp's own tests on a drive, but for those in winfsp-tests.txt.
#
#   pwsh tests/windows/winfsp-tests.ps1 -Tool out/ssecfs.exe -Tests FOLDER -Place X:
param(
    [Parameter(Mandatory)] [string] $Tool,
    [Parameter(Mandatory)] [string] $Tests,
    [Parameter(Mandatory)] [string] $Place,
    [int] $Port = 9322
)
$ErrorActionPreference = 'Stop'
$PSNativeCommandUseErrorActionPreference = $true
$Tool = (Resolve-Path $Tool).Path
$program = (Get-ChildItem -Recurse $Tests -Filter 'winfsp-tests-x64.exe' | Select-Object -First 1).FullName
. (Join-Path $PSScriptRoot 'store.ps1')
$excluded = Get-Content (Join-Path $PSScriptRoot 'winfsp-tests.txt') | Where-Object { $_ -and -not $_.StartsWith('#') } | ForEach-Object { "-$_" }

$store = Start-Store
try {
    & $Tool mb s3://winfsp --endpoint $endpoint
    & $Tool key new (Join-Path $work 'key')
    & $Tool mount s3://winfsp $Place --endpoint $endpoint --key "file:$(Join-Path $work 'key')" --allow-other
    try {
        Push-Location "$Place\"
        & $program --external --resilient @excluded
    }
    finally {
        Pop-Location
        & $Tool umount $Place
    }
}
finally {
    Stop-Store $store
}
