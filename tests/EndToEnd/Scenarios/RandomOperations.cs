using SseCFs.EndToEnd.Harness;
using Xunit;

namespace SseCFs.EndToEnd.Scenarios;

/// <summary>Random operations compared with a model. The seed is printed; SSECFS_E2E_SEED repeats a run.</summary>
public sealed class RandomOperations(Target target) : Scenario(target)
{
    private readonly int _seed = int.TryParse(Environment.GetEnvironmentVariable("SSECFS_E2E_SEED"), out var seed)
        ? seed
        : Random.Shared.Next(1_000_000);

    /// <summary>One file: reads, writes, truncates, maps, syncs and reopens, against its bytes in memory.</summary>
    [Theory]
    [InlineData(300_000)]
    [InlineData(12_000_000)]
    public async Task OneFile(int size)
    {
        TestContext.Current.TestOutputHelper!.WriteLine($"seed {_seed}");
        for (var round = 0; round < (Fast ? 2 : 4); round++)
        {
            await RunAsync($"python3 \"$PROGRAMS/random_file.py\" f \"$SCRATCH/model\" {_seed + round} {(Fast ? 150 : 400)} {size}");
            await Mount.RemountAsync();
            await RunAsync("cmp f \"$SCRATCH/model\"");
        }

        await SealedAsync("f");
    }

    /// <summary>A whole tree: the same operations here and in a directory of the local disk give the same results and errors.</summary>
    [Fact]
    public async Task WholeTree()
    {
        TestContext.Current.TestOutputHelper!.WriteLine($"seed {_seed}");
        await RunAsync("mkdir here \"$SCRATCH/there\"");
        for (var round = 0; round < (Fast ? 2 : 4); round++)
        {
            await RunAsync($"python3 \"$PROGRAMS/random_tree.py\" here \"$SCRATCH/there\" {_seed + round} {(Fast ? 150 : 400)}");
            await Mount.RemountAsync();
            await RunAsync("python3 \"$PROGRAMS/random_tree.py\" here \"$SCRATCH/there\" 0 0");
        }
    }
}
