using CsCheck;

namespace SseCFs.Tests.Behaviour.Random;

/// <summary>
/// Random work on a few files while another client stores and deletes objects under the same names. Whatever happens, an operation that succeeded is in the bucket byte
/// by byte, one that failed has changed nothing, and what lost against another writer is kept under a conflict name.
/// </summary>
public sealed class ForeignWriters
{
    private static readonly string[] Paths = ["a", "b", "d/a"];

    private static readonly Gen<Step> One = Gen.Select(
        Gen.Frequency((3, Gen.Enum<Deed>()), (2, Any(Deed.WriteOpen, Deed.ForeignPut, Deed.Read, Deed.Close))),
        Any(Paths),
        Any(Paths),
        Gen.Frequency((3, Gen.Int[0, 3000]), (1, Gen.Int[0, 300_000])),
        Gen.Frequency((3, Gen.Int[1, 3000]), (1, Gen.Int[1, 200_000])),
        (deed, path, other, offset, length) => new Step(deed, path, other, offset, length));

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public Task Nothing_is_lost_and_nothing_mixed(bool isForgetful) => One.Array[1, 50].SampleAsync(
        steps => Run(steps, isForgetful),
        iter: 300,
        threads: 2,
        print: steps => string.Join(Environment.NewLine, steps.Select(step => step.ToString())));

    private static async Task Run(Step[] steps, bool isForgetful)
    {
        await using var run = new ForeignRun(isForgetful);
        foreach (var step in steps)
        {
            await run.DoAsync(step);
        }
        await run.FinishAsync();
    }

    private static Gen<T> Any<T>(params T[] values) => Gen.Int[0, values.Length - 1].Select(i => values[i]);
}

internal enum Deed
{
    Overwrite,
    Append,
    Read,
    Rename,
    Unlink,
    Open,
    WriteOpen,
    ReadOpen,
    Sync,
    Close,
    Pass,
    ForeignPut,
    ForeignDelete,
}

internal sealed record Step(Deed Deed, string Path, string Other, int Offset, int Length);
