# Sets a Windows machine up, as an administrator: WinFsp if it is missing, the published tool in Program Files and on the path, a source in the event log, and
# network drives by WinFsp's launcher.
#
#   pwsh native-setup/windows.ps1 -Tool out        the folder that dotnet publish made
param([Parameter(Mandatory)] [string] $Tool)
$ErrorActionPreference = 'Stop'
$PSNativeCommandUseErrorActionPreference = $true

$identity = [Security.Principal.WindowsPrincipal] [Security.Principal.WindowsIdentity]::GetCurrent()
if (-not $identity.IsInRole([Security.Principal.WindowsBuiltInRole]::Administrator)) { throw 'run this as an administrator' }
if (-not (Test-Path (Join-Path $Tool 'ssecfs.exe'))) {
    throw "there is no ssecfs.exe in ${Tool}: dotnet publish src/SseCFs.Tool -c Release -r win-x64 --self-contained -o $Tool"
}

if (-not (Test-Path 'HKLM:\SOFTWARE\WOW6432Node\WinFsp')) {
    winget install --exact --id WinFsp.WinFsp --accept-package-agreements --accept-source-agreements
}

$folder = Join-Path $env:ProgramFiles 'SseCFs'
New-Item -ItemType Directory -Force $folder | Out-Null
Copy-Item -Recurse -Force (Join-Path $Tool '*') $folder

$path = [Environment]::GetEnvironmentVariable('Path', 'Machine')
if ($path.Split(';') -notcontains $folder) { [Environment]::SetEnvironmentVariable('Path', "$path;$folder", 'Machine') }

if (-not [Diagnostics.EventLog]::SourceExists('ssecfs')) { [Diagnostics.EventLog]::CreateEventSource('ssecfs', 'Application') }

# As WinFsp's launcher reads it: net use X: \\ssecfs\NAME starts the tool for the user who asks, and Ctrl-Break ends it.
$service = New-Item -Force 'HKLM:\SOFTWARE\WOW6432Node\WinFsp\Services\ssecfs'
$service | Set-ItemProperty -Name Executable -Value (Join-Path $folder 'ssecfs.exe')
$service | Set-ItemProperty -Name CommandLine -Value 'mount %1 %2 --foreground'
$service | Set-ItemProperty -Name RunAs -Value '.'
$service | Set-ItemProperty -Name Security -Value 'D:P(A;;RPWPLC;;;WD)'
$service | Set-ItemProperty -Name JobControl -Value 1 -Type DWord

"ssecfs is in $folder. In a new console: ssecfs --help"
