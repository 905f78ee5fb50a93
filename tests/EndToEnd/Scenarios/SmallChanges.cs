using SseCFs.EndToEnd.Harness;
using Xunit;

namespace SseCFs.EndToEnd.Scenarios;

/// <summary>A few bytes of a large stored file are changed: the service copies what stays, and hardly more than the change passes through the mount.</summary>
[Trait("Size", "Big")]
public sealed class SmallChanges(Target target) : Scenario(target)
{
    private const int MiB = 1 << 20;

    // The smallest part that S3 takes is 5 MiB; connections, requests and TLS come on top.
    private const long OnePart = 5 * MiB + MiB / 2;

    private readonly CountingProxy _proxy = CountingProxy.Start(target.Endpoint);

    protected override Endpoint Endpoint => _proxy.Endpoint;

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        await _proxy.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    [Theory]
    [MemberData(nameof(Moments))]
    public async Task SendLittleMoreThanThemselves(bool earlier)
    {
        await GivenAsync(earlier, "noise 209715200 1 >f");
        var patch = await SentByAsync("""
            python3 - <<'P'
            import os
            f = os.open("f", os.O_WRONLY)
            # Across the border of two parts of 8 MiB.
            os.pwrite(f, b"p" * 4096, 104857600 - 2048)
            os.fsync(f)
            os.close(f)
            P
            """);
        var append = await SentByAsync("head -c 4096 /dev/zero | tr '\\0' a >>f");
        await ThenAsync("""
            cmp f <(noise 104855552 1; head -c 4096 /dev/zero | tr '\0' p; noise 209715200 1 | tail -c +104859649; head -c 4096 /dev/zero | tr '\0' a)
            """);
        Assert.InRange(patch, 4096, OnePart);
        Assert.InRange(append, 4096, MiB);
    }

    /// <summary>Bytes that went to the service while a script ran.</summary>
    private async Task<long> SentByAsync(string script)
    {
        var before = _proxy.Sent;
        await RunAsync(script);
        return _proxy.Sent - before;
    }
}
