using System.Net;
using SseCFs.EndToEnd.Harness;
using Xunit;

namespace SseCFs.EndToEnd.Scenarios;

/// <summary>A service that answers late, badly or not at all. Each scenario has an embedded store that fails on some keys.</summary>
public sealed class Faults(Target target) : IAsyncLifetime
{
    private static readonly string[] Plan =
    [
        "latency:ms=600000,method=GET,key=*hangs*",
        "slow-down:method=PUT,key=*busy*,count=2",
        "internal-error:method=GET,key=*broken*,count=2",
        "cut:after=70000,method=GET,key=*cut-read*,count=2",
        "cut:after=70000,method=PUT,key=*cut-write*,count=2",
        "lost-reply:method=PUT,key=*lost*,count=1",
        "access-denied:method=PUT,key=*denied*",
        "no-echo:key=*silent*",
    ];

    private EmbeddedStore? _store;
    private S3Client? _s3;
    private Mount? _mount;

    private Mount Mount => _mount!;

    private S3Client S3 => _s3!;

    public async ValueTask InitializeAsync()
    {
        _store = await EmbeddedStore.StartAsync(target, Plan);
        _s3 = new S3Client(_store.Endpoint, "faults");
        await _s3.MakeBucketAsync();
        foreach (var name in new[] { "hangs", "broken", "cut-read" }) await _s3.PutAsync(name, Content, target.Key);
        _mount = await Mount.StartAsync(target, "s3://faults", ["--key", "file:" + target.KeyFile], _store.Endpoint);
    }

    public async ValueTask DisposeAsync()
    {
        if (_mount is not null && TestContext.Current.TestState?.Result == TestResult.Failed)
            TestContext.Current.TestOutputHelper?.WriteLine("The mount's log ends with:\n" + _mount.LogTail());
        if (_mount is not null) await _mount.DisposeAsync();
        _s3?.Dispose();
        if (_store is not null) await _store.DisposeAsync();
    }

    private static byte[] Content { get; } = [.. Enumerable.Range(0, 200_000).Select(i => (byte)(i * 7 >> 3))];

    [Fact]
    public async Task CtrlCEndsAReadThatHangs()
    {
        await Mount.RunAsync("""
            start=$SECONDS
            timeout -s INT 2 cat hangs && exit 1
            [ $((SECONDS - start)) -lt 10 ]
            echo still >alive; is "$(cat alive)" still
            """);
        await Mount.UnmountAsync();
    }

    [Fact]
    public async Task AnotherFileIsServedWhileOneReadHangs()
    {
        await Mount.RunAsync("""
            timeout -s KILL 20 cat hangs & hanging=$!
            sleep 0.5
            start=$SECONDS
            ls -la >/dev/null; echo 1 >other; is "$(cat other)" 1; mv other moved; rm moved
            [ $((SECONDS - start)) -lt 10 ]
            kill -9 $(pgrep -P $hanging)
            wait $hanging || true
            """);
        await Mount.UnmountAsync();
    }

    [Theory]
    [InlineData("busy")]
    [InlineData("cut-write")]
    [InlineData("lost")]
    public async Task AWriteThatFailsForAWhileIsStored(string name)
    {
        await Mount.RunAsync($"noise 200000 1 >{name}; cmp {name} <(noise 200000 1)");
        await Mount.RemountAsync();
        await Mount.RunAsync($"cmp {name} <(noise 200000 1); is \"$(ls | grep -c {name})\" 1");
        Assert.Equal(HttpStatusCode.BadRequest, (await S3.GetAsync(name, null)).Status);
        await Mount.UnmountAsync();
    }

    [Theory]
    [InlineData("broken")]
    [InlineData("cut-read")]
    public async Task AReadThatFailsForAWhileGivesTheRightBytes(string name)
    {
        await File.WriteAllBytesAsync(Path.Combine(Mount.Scratch, "expected"), Content);
        await Mount.RunAsync($"cmp {name} \"$SCRATCH/expected\"");
        await Mount.UnmountAsync();
    }

    [Fact]
    public async Task CloseAndFsyncReportARefusedUpload()
    {
        await Mount.RunAsync("""
            python3 - <<'P'
            import errno, os
            def error(action):
                try:
                    action()
                    return 0
                except OSError as e:
                    return e.errno
            f = os.open("denied-close", os.O_WRONLY | os.O_CREAT)
            os.write(f, b"never stored")
            assert error(lambda: os.close(f)) == errno.EACCES, "close"
            f = os.open("denied-fsync", os.O_WRONLY | os.O_CREAT)
            os.write(f, b"never stored")
            assert error(lambda: os.fsync(f)) == errno.EACCES, "fsync"
            error(lambda: os.close(f))
            P
            echo 1 >good; is "$(cat good)" 1
            """);
        Assert.Equal(HttpStatusCode.NotFound, (await S3.HeadAsync("denied-close", target.Key)).Status);
        Assert.Equal(HttpStatusCode.OK, (await S3.HeadAsync("good", target.Key)).Status);
    }

    [Fact]
    public async Task AWriteThatIsNotConfirmedAsEncryptedFailsAndIsUndone()
    {
        await Mount.RunAsync("""
            python3 - <<'P'
            import errno, os
            f = os.open("silent", os.O_WRONLY | os.O_CREAT)
            os.write(f, b"must not rest in clear")
            try:
                os.close(f)
                raise SystemExit("close said that all is well")
            except OSError as e:
                assert e.errno in (errno.EIO, errno.EPERM), e
            P
            echo 1 >good; is "$(cat good)" 1
            """);
        Assert.Equal(HttpStatusCode.NotFound, (await S3.HeadAsync("silent", null)).Status);
    }
}
