using System.Diagnostics;
using SseCFs.Store;
using Xunit;

namespace SseCFs.Tests.Store;

public sealed class TransferRateTests
{
    /// <summary>A lower bound: a slow machine may take longer, and nothing may be faster.</summary>
    [Fact]
    public async Task NoMoreBytesPassThanTheRateAllows()
    {
        using var rate = new TransferRate(1 << 20);
        var clock = Stopwatch.StartNew();
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => rate.WaitAsync(100 << 10, CancellationToken.None).AsTask()));
        Assert.True(clock.Elapsed > TimeSpan.FromSeconds(0.5), $"800 KiB at 1 MiB/s passed within {clock.Elapsed}");
    }

    [Fact]
    public void LessThanRequestsNeedIsRefused() => Assert.Throws<ArgumentOutOfRangeException>(() => new TransferRate(TransferRate.Smallest - 1));
}
