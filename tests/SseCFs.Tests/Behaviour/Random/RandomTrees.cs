using CsCheck;

namespace SseCFs.Tests.Behaviour.Random;

/// <summary>
/// Random operations against a model. A failure prints the shortest sequence found and its seed, which CsCheck_Seed in the environment repeats.
/// </summary>
public sealed class RandomTrees
{
    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(true, true)]
    public Task A_tree_is_what_the_operations_made_of_it(bool isKilled, bool isForgetful) =>
        Operation.Sequences.SampleAsync(
            operations => Run(operations, isKilled, isForgetful),
            iter: 100,
            threads: 2,
            print: operations => string.Join(Environment.NewLine, operations.Select(o => o.ToString())));

    private static async Task Run(Operation[] operations, bool isKilled, bool isForgetful)
    {
        await using var run = new TreeRun(isKilled, isForgetful);
        foreach (var operation in operations)
        {
            await run.DoAsync(operation);
        }
        await run.FinishAsync();
    }
}
