namespace SseCFs.LocalStore;

/// <summary>How many requests of each kind have come in, whatever became of them. Thread-safe.</summary>
public sealed class RequestCounts
{
    private readonly long[] _counts = new long[Enum.GetValues<Operation>().Length];

    public long this[Operation operation] => Interlocked.Read(ref _counts[(int)operation]);

    public long Total => Enum.GetValues<Operation>().Sum(o => this[o]);

    /// <summary>Those that are not zero.</summary>
    public IReadOnlyDictionary<Operation, long> ToDictionary() =>
        Enum.GetValues<Operation>().Where(o => this[o] != 0).ToDictionary(o => o, o => this[o]);

    public void Reset() => Array.Clear(_counts);

    internal void Add(Operation operation) => Interlocked.Increment(ref _counts[(int)operation]);
}
