using SseCFs.EndToEnd.Harness;
using Xunit;

namespace SseCFs.EndToEnd.Scenarios;

/// <summary>A file far larger than what the mount may hold in memory.</summary>
[Trait("Size", "Big")]
public sealed class BigFiles(Target target) : Scenario(target)
{
    private const long Budget = 128L << 20;

    // The runtime, its stacks and the transfer buffers of HTTP and TLS come on top of caches and staged data.
    private const long Overhead = 160L << 20;

    private long _highest;

    protected override string[] Options => ["--memory", "128M"];

    // SHA-256 of `noise 1073741824 7`, and of the same with the change below.
    private const string Sum = "aa4a1c97a49099c086d3ef30dc024f282495fe707b1196609288eeba87e73659";
    private const string ChangedSum = "ac098293b063779d00f45154ecfece523889a00006312639f9daf46ae9ee691a";

    [Fact]
    public async Task OneGibibyteIsWrittenReadChangedAndStaysWithinTheBudget()
    {
        using var stop = new CancellationTokenSource();
        var watch = WatchMemoryAsync(stop.Token);
        await RunAsync("noise 1073741824 7 >big");
        await ThenAsync($"""is "$(stat -c %s big)" 1073741824; is "$(sha256sum <big)" '{Sum}  -'""");
        await RunAsync("""
            python3 - <<'P'
            import os
            f = os.open("big", os.O_RDWR)
            os.pwrite(f, b"changed in the middle", 700_000_001)
            os.fsync(f)
            assert os.pread(f, 21, 700_000_001) == b"changed in the middle"
            os.close(f)
            P
            """);
        await Mount.RemountAsync();
        await RunAsync($"""mv big moved; is "$(sha256sum <moved)" '{ChangedSum}  -'; rm moved""");
        await stop.CancelAsync();
        await watch;
        Assert.True(_highest <= Budget + Overhead, $"the mount held {_highest >> 20} MiB with --memory 128M");
    }

    /// <summary>Random places of a big file are written before any of it is stored: it must not be held in memory.</summary>
    [Fact]
    public async Task ScatteredWritesBeyondTheBudget()
    {
        using var stop = new CancellationTokenSource();
        var watch = WatchMemoryAsync(stop.Token);
        await RunAsync("""
            python3 - <<'P'
            import hashlib, os, random
            size, piece = 256 << 20, 1 << 20
            order = list(range(size // piece))
            random.Random(5).shuffle(order)
            f = os.open("scattered", os.O_RDWR | os.O_CREAT)
            for i in order:
                os.pwrite(f, (b"%08d" % i) * (piece // 8), i * piece)
            for i in order[:40]:
                assert os.pread(f, 16, i * piece) == (b"%08d" % i) * 2
            os.close(f)
            P
            """);
        await ThenAsync("""
            python3 - <<'P'
            piece = 1 << 20
            with open("scattered", "rb") as f:
                for i in range(256):
                    assert f.read(piece) == (b"%08d" % i) * (piece // 8), i
                assert f.read() == b""
            P
            """);
        await stop.CancelAsync();
        await watch;
        Assert.True(_highest <= Budget + Overhead, $"the mount held {_highest >> 20} MiB with --memory 128M");
    }

    private async Task WatchMemoryAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                _highest = Math.Max(_highest, Mount.Process.ResidentBytes());
            }
            catch (Exception e) when (e is IOException or InvalidOperationException)
            {
                // Between two mounts there is no process.
            }

            await Task.Delay(50, CancellationToken.None);
        }
    }
}
