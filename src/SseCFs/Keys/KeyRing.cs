namespace SseCFs.Keys;

/// <summary>
/// The keys of a mount: one writes, all read. Below prefixes that have a key of their own that one writes. Owns its keys. Immutable and thread-safe.
/// </summary>
public sealed class KeyRing : IDisposable
{
    private readonly IReadOnlyList<PrefixKey> _forPrefixes;

    /// <param name="keys">The first one writes; at least one. The same key given twice is one.</param>
    /// <param name="forPrefixes">Prefixes of objects' keys, and what writes below them.</param>
    public KeyRing(IReadOnlyList<CustomerKey> keys, IReadOnlyList<PrefixKey>? forPrefixes = null)
    {
        ArgumentOutOfRangeException.ThrowIfZero(keys.Count);
        _forPrefixes = [.. (forPrefixes ?? []).OrderByDescending(one => one.Prefix.Length)];
        All = [.. keys.Concat(_forPrefixes.Select(one => one.Key)).DistinctBy(key => key.Fingerprint)];
    }

    /// <summary>Every key once; first the one that writes where no prefix says otherwise.</summary>
    public IReadOnlyList<CustomerKey> All { get; }

    /// <summary>What writes where no prefix says otherwise.</summary>
    public CustomerKey Writer => All[0];

    /// <summary>For messages: "the key 0123…" or "the keys 0123…, 4567…".</summary>
    public string Description => $"{(All.Count == 1 ? "the key" : "the keys")} {string.Join(", ", All.Select(key => key.Fingerprint))}";

    /// <summary>What an object of that key is written with: the longest prefix decides.</summary>
    public CustomerKey WriterOf(string objectKey)
    {
        foreach (var one in _forPrefixes)
        {
            if (objectKey.StartsWith(one.Prefix, StringComparison.Ordinal))
            {
                return one.Key;
            }
        }
        return Writer;
    }

    public void Dispose()
    {
        foreach (var key in All)
        {
            key.Dispose();
        }
    }
}

/// <summary>A key for all objects whose keys begin so.</summary>
public sealed record PrefixKey(string Prefix, CustomerKey Key);
