using SseCFs.EndToEnd.Harness;
using Xunit;

namespace SseCFs.EndToEnd.Scenarios;

/// <summary>The service goes away in the middle of work. Each scenario has one of its own.</summary>
public sealed class Outages(Target target) : IAsyncLifetime
{
    private readonly string _bucket = "outages-" + Target.RandomName();
    private IOwnService? _service;
    private S3Client? _s3;
    private Mount? _mount;

    private Mount Mount => _mount!;

    private IOwnService Service => _service!;

    private static TimeSpan Away { get; } = TimeSpan.FromSeconds(Environment.GetEnvironmentVariable("SSECFS_E2E_FAST") is null ? 30 : 5);

    public async ValueTask InitializeAsync()
    {
        _service = await target.StartOwnServiceAsync();
        _s3 = new S3Client(target.IsEmbedded ? _service.Endpoint : target.Endpoint, _bucket);
        await _s3.MakeBucketAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (_mount is not null && TestContext.Current.TestState?.Result == TestResult.Failed)
            TestContext.Current.TestOutputHelper?.WriteLine("The mount's log ends with:\n" + _mount.LogTail());
        if (_mount is not null) await _mount.DisposeAsync();
        if (_s3 is not null)
        {
            if (!target.IsEmbedded) await _s3.RemoveBucketAsync();
            _s3.Dispose();
        }

        if (_service is not null) await _service.DisposeAsync();
    }

    [Fact]
    public async Task WorkGoesOnWhenTheServiceReturns()
    {
        await MountAsync();
        await Mount.RunAsync("mkdir read moved; for i in $(seq 20); do noise 200000 $i >read/$i; done");
        await Mount.RemountAsync();
        var work = Mount.RunAsync("""
            (for i in $(seq 20); do cmp read/$i <(noise 200000 $i); sleep 0.1; done) & readers=$!
            (for i in $(seq 20); do noise 200000 $((i + 50)) >written-$i; sleep 0.1; done) & writers=$!
            (for i in $(seq 20); do echo $i >moved/a-$i; mv moved/a-$i moved/b-$i; ls moved >/dev/null; sleep 0.1; done) & movers=$!
            noise 40000000 7 >large & large=$!
            wait $readers; wait $writers; wait $movers; wait $large
            """);
        await Task.Delay(1000);
        await Service.KillAsync();
        await Task.Delay(Away);
        await Service.StartAgainAsync();
        await work;
        await Mount.RemountAsync();
        await Mount.RunAsync("""
            for i in $(seq 20); do cmp written-$i <(noise 200000 $((i + 50))); is "$(cat moved/b-$i)" $i; done
            is "$(ls moved | wc -l)" 20
            cmp large <(noise 40000000 7)
            """);
        await Mount.UnmountAsync();
    }

    [Fact]
    public async Task ACommandWaitsOnce()
    {
        await MountAsync("--retry-for", "20s");
        await Mount.RunAsync("mkdir d; echo a >a; echo b >d/b");
        await Mount.RemountAsync();
        await Service.KillAsync();
        // A second wait would make it 40 s.
        await Mount.RunAsync("""
            waits_once() {
                local start=$SECONDS said took
                if said=$("$@" 2>&1); then echo "$* did not fail"; exit 1; fi
                took=$((SECONDS - start))
                grep -q 'Input/output error' <<<"$said" || { echo "$*: $said"; exit 1; }
                [ $took -ge 15 ] && [ $took -lt 36 ] || { echo "$* took $took s"; exit 1; }
            }
            commands=()
            for command in "cat a" "cat d/b" "rm a" "mv a c" "cp a d/c"; do
                waits_once $command & commands+=($!)
            done
            for command in "${commands[@]}"; do wait "$command"; done
            """);
        await Service.StartAgainAsync();
        await Mount.RunAsync("cat a d/b | tr -d '\\n' | grep -qx ab");
        await Mount.UnmountAsync();
    }

    [Fact]
    public async Task WhatCouldNotBeSentAtUnmountIsSentByTheNextMount()
    {
        await MountAsync("--retry-for", "1s", "--unmount-timeout", "3s");
        await Mount.RunAsync("echo old >f");
        var work = Mount.RunAsync("""
            python3 - <<'P'
            import errno, os, time
            f = os.open("f", os.O_WRONLY | os.O_TRUNC)
            os.write(f, b"new\n")
            open(os.environ["SCRATCH"] + "/open", "w").close()
            while not os.path.exists(os.environ["SCRATCH"] + "/away"):
                time.sleep(0.05)
            try:
                os.close(f)
                raise SystemExit("close said that all is well")
            except OSError as e:
                assert e.errno == errno.EIO, e
            P
            """);
        await LoseServiceAsync(work, "open");
        await Mount.RunAsync("is \"$(cat f)\" new");
        await Mount.UnmountAsync();
        Assert.Equal("new\n"u8.ToArray(), (await _s3!.GetAsync("f", target.Key)).Content);
    }

    [Fact]
    public async Task ALargeFileThatWasHalfUploadedIsCompletedByTheNextMount()
    {
        await MountAsync("--memory", "64M", "--retry-for", "1s", "--unmount-timeout", "3s");
        var work = Mount.RunAsync("""
            noise 100000000 1 >"$SCRATCH/expected"
            python3 - <<'P'
            import errno, os, time
            scratch = os.environ["SCRATCH"]
            f = os.open("large", os.O_WRONLY | os.O_CREAT)
            with open(scratch + "/expected", "rb") as expected:
                data = memoryview(expected.read())
            while data:
                data = data[os.write(f, data[:1 << 20]):]
            open(scratch + "/written", "w").close()
            while not os.path.exists(scratch + "/away"):
                time.sleep(0.05)
            try:
                os.close(f)
                raise SystemExit("close said that all is well")
            except OSError as e:
                assert e.errno == errno.EIO, e
            P
            """);
        await LoseServiceAsync(work, "written");
        await Mount.RunAsync("cmp large \"$SCRATCH/expected\"");
        await Mount.UnmountAsync();
        Assert.Equal(await File.ReadAllBytesAsync(Path.Combine(Mount.Scratch, "expected")), (await _s3!.GetAsync("large", target.Key)).Content);
    }

    /// <summary>
    /// Ends the service once the program has made the file <paramref name="ready"/>, tells the program by the file "away", and unmounts; then the service comes back, and the next mount begins.
    /// </summary>
    private async Task LoseServiceAsync(Task work, string ready)
    {
        while (!File.Exists(Path.Combine(Mount.Scratch, ready)) && !work.IsCompleted) await Task.Delay(20);
        await Service.KillAsync();
        await File.WriteAllTextAsync(Path.Combine(Mount.Scratch, "away"), "");
        await work;
        var refusal = await Assert.ThrowsAnyAsync<Exception>(Mount.UnmountAsync);
        Assert.Contains("1 file is not stored, and kept in the journal", refusal.Message, StringComparison.Ordinal);
        await Service.StartAgainAsync();
        await Mount.DisposeAsync();
        await Mount.StartAgainAsync();
    }

    private async Task MountAsync(params string[] options) =>
        _mount = await Mount.StartAsync(target, $"s3://{_bucket}", ["--key", "file:" + target.KeyFile, .. options], Service.Endpoint);
}
