using SseCFs.EndToEnd.Harness;
using Xunit;

namespace SseCFs.EndToEnd.Scenarios;

/// <summary>O_DIRECT beside the page cache.</summary>
public sealed class DirectIo(Target target) : Scenario(target)
{
    /// <summary>Also where pages are read while the write is on its way.</summary>
    [Fact]
    public async Task AsynchronousWritesAreSeenThroughTheCache()
    {
        await RunAsync($"python3 \"$PROGRAMS/direct_writes.py\" {(Fast ? 100 : 400)}");
        await SealedAsync("f");
    }
}
