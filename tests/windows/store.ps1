# The embedded store for the time of a test, to be dot-sourced: in $work, at $endpoint, with credentials that the environment names.

$work = New-Item -ItemType Directory (Join-Path ([IO.Path]::GetTempPath()) "ssecfs-test-$PID")
$endpoint = "http://127.0.0.1:$Port"
$env:AWS_SHARED_CREDENTIALS_FILE = Join-Path $work 'credentials'
Remove-Item Env:AWS_ACCESS_KEY_ID, Env:AWS_SECRET_ACCESS_KEY -ErrorAction Ignore

function Start-Store {
    Start-Process $Tool -ArgumentList 'serve', (Join-Path $work 'store'), '--listen', "127.0.0.1:$Port", '--credentials', $env:AWS_SHARED_CREDENTIALS_FILE -PassThru `
        -RedirectStandardOutput (Join-Path $work 'serve.out') -RedirectStandardError (Join-Path $work 'serve.err')
    while (-not (Test-Path $env:AWS_SHARED_CREDENTIALS_FILE)) { Start-Sleep -Milliseconds 100 }
    Start-Sleep 1
}

function Stop-Store($store) {
    Stop-Process $store
    $store.WaitForExit()
    Remove-Item -Recurse -Force $work
}
