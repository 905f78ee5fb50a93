using SseCFs.Store;

namespace SseCFs.Upkeep;

/// <summary>Counts objects and their bytes by kind. Thread-safe.</summary>
internal sealed class Tally<TKind>
    where TKind : notnull
{
    private readonly Lock _lock = new();
    private readonly Dictionary<TKind, (long Objects, long Bytes, string Example)> _kinds = [];

    /// <summary>By kind: objects, bytes, and the key of one of them, the first in order.</summary>
    public IReadOnlyList<(TKind Kind, long Objects, long Bytes, string Example)> Kinds
    {
        get
        {
            lock (_lock)
            {
                return [.. _kinds.Select(pair => (pair.Key, pair.Value.Objects, pair.Value.Bytes, pair.Value.Example))];
            }
        }
    }

    public void Add(TKind kind, in ListedObject listed)
    {
        lock (_lock)
        {
            var (objects, bytes, example) = _kinds.GetValueOrDefault(kind, (0, 0, listed.Key));
            _kinds[kind] = (objects + 1, bytes + listed.Size, string.CompareOrdinal(listed.Key, example) < 0 ? listed.Key : example);
        }
    }
}
