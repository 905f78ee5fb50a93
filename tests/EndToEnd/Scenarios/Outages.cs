using SseCFs.EndToEnd.Harness;
using Xunit;

namespace SseCFs.EndToEnd.Scenarios;

/// <summary>The service goes away in the middle of work. Each scenario has an embedded store of its own.</summary>
public sealed class Outages(Target target) : IAsyncLifetime
{
    private EmbeddedStore? _store;
    private S3Client? _s3;
    private Mount? _mount;

    private Mount Mount => _mount!;

    private EmbeddedStore Store => _store!;

    public async ValueTask InitializeAsync()
    {
        _store = await EmbeddedStore.StartAsync(target);
        _s3 = new S3Client(_store.Endpoint, "outages");
        await _s3.MakeBucketAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (_mount is not null && TestContext.Current.TestState?.Result == TestResult.Failed)
            TestContext.Current.TestOutputHelper?.WriteLine("The mount's log ends with:\n" + _mount.LogTail());
        if (_mount is not null) await _mount.DisposeAsync();
        _s3?.Dispose();
        if (_store is not null) await _store.DisposeAsync();
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
            """, seconds: 240);
        await Task.Delay(1000);
        await Store.KillAsync();
        await Task.Delay(5000);
        Store.StartAgain();
        await work;
        await Mount.RemountAsync();
        await Mount.RunAsync("""
            for i in $(seq 20); do cmp written-$i <(noise 200000 $((i + 50))); is "$(cat moved/b-$i)" $i; done
            is "$(ls moved | wc -l)" 20
            cmp large <(noise 40000000 7)
            """, seconds: 120);
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
            """, seconds: 60);
        while (!File.Exists(Path.Combine(Mount.Scratch, "open")) && !work.IsCompleted) await Task.Delay(20);
        await Store.KillAsync();
        await File.WriteAllTextAsync(Path.Combine(Mount.Scratch, "away"), "");
        await work;
        var refusal = await Assert.ThrowsAnyAsync<Exception>(Mount.UnmountAsync);
        Assert.Contains("1 file is not stored, and kept in the journal", refusal.Message, StringComparison.Ordinal);
        Store.StartAgain();
        await Mount.DisposeAsync();
        await Mount.StartAgainAsync();
        await Mount.RunAsync("is \"$(cat f)\" new");
        await Mount.UnmountAsync();
        Assert.Equal("new\n"u8.ToArray(), (await _s3!.GetAsync("f", target.Key)).Content);
    }

    private async Task MountAsync(params string[] options) =>
        _mount = await Mount.StartAsync(target, "s3://outages", ["--key", "file:" + target.KeyFile, .. options], Store.Endpoint);
}
