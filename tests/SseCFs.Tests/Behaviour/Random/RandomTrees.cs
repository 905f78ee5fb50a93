using CsCheck;

namespace SseCFs.Tests.Behaviour.Random;

/// <summary>
/// Random operations against a model. A failure prints the shortest sequence found and its seed, which CsCheck_Seed in the environment repeats.
/// </summary>
public sealed class RandomTrees
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public Task A_tree_is_what_the_operations_made_of_it(bool isKilled) =>
        Operation.Sequences.SampleAsync(
            operations => Run(operations, isKilled),
            iter: 100,
            threads: 2,
            print: operations => string.Join(Environment.NewLine, operations.Select(o => o.ToString())));

    private static async Task Run(Operation[] operations, bool isKilled)
    {
        await using var run = new TreeRun(isKilled);
        foreach (var operation in operations)
        {
            await run.DoAsync(operation);
        }
        await run.FinishAsync();
    }
}
