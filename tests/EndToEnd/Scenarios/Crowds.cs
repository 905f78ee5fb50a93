using SseCFs.EndToEnd.Harness;
using Xunit;

namespace SseCFs.EndToEnd.Scenarios;

/// <summary>Much of everything at once.</summary>
public sealed class Crowds(Target target) : Scenario(target)
{
    [Fact]
    public async Task SixtyFourWritersAndReaders() =>
        await RunAsync($"python3 \"$PROGRAMS/crowd.py\" . {(Fast ? 4 : 15)}");

    [Fact]
    public async Task TenThousandOpenHandles()
    {
        await RunAsync($"python3 \"$PROGRAMS/many_handles.py\" . {(Fast ? 2_000 : 10_000)}");
        await Mount.RemountAsync();
        await RunAsync($"is \"$(ls | wc -l)\" {(Fast ? 200 : 1_000)}; is \"$(head -n 1 100)\" 'file 100'");
    }
}
