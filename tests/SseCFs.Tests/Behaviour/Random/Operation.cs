using CsCheck;

namespace SseCFs.Tests.Behaviour.Random;

internal enum Act
{
    Overwrite,
    WriteInside,
    Append,
    Truncate,
    Read,
    Rename,
    Unlink,
    MakeDirectory,
    RemoveDirectory,
    ChangeMode,
    Open,
    WriteOpen,
    ReadOpen,
    PunchOpen,
    SyncOpen,
    Close,
    List,
    Pass,
    Remount,
}

/// <summary>One step: what, where, where to, and two numbers whose meaning depends on it.</summary>
internal sealed record Operation(Act Act, string Path, string Other, int Offset, int Length)
{
    private static readonly string[] Paths =
        [.. from a in new[] { "a", "b", "c" } from rest in new[] { "", "", "/a", "/b", "/a/a", "/b/a" } select a + rest];

    // Remounts are rare, or nothing would ever be open for long.
    private static readonly Gen<Act> Acts = Gen.Frequency(
        (3, Gen.Enum<Act>().Where(act => act != Act.Remount)),
        (3, Any(Act.Overwrite, Act.MakeDirectory, Act.Rename, Act.WriteOpen)),
        (1, Any(Act.Remount, Act.Open, Act.Pass, Act.Unlink)));

    private static readonly Gen<Operation> One = Gen.Select(
        Acts,
        Any(Paths),
        Any(Paths),
        Gen.Frequency((4, Gen.Int[0, 5000]), (1, Gen.Int[0, 300_000])),
        Gen.Frequency((4, Gen.Int[0, 5000]), (1, Gen.Int[0, 200_000])),
        (act, path, other, offset, length) => new Operation(act, path, other, offset, length));

    public static Gen<Operation[]> Sequences { get; } = One.Array[1, 60];

    private static Gen<T> Any<T>(params T[] values) => Gen.Int[0, values.Length - 1].Select(i => values[i]);
}
