using System.Collections.Concurrent;

namespace SseCFs.Tests.Support;

/// <summary>Counts requests, by kind and in the order of their coming. Thread-safe.</summary>
internal sealed class RequestLog
{
    private readonly ConcurrentQueue<(RequestKind Kind, string Key)> _seen = new();

    public void Add(RequestKind kind, string key) => _seen.Enqueue((kind, key));

    public int Count(RequestKind kind) => _seen.Count(r => r.Kind == kind);

    /// <summary>What was asked for, in the order of its coming.</summary>
    public IEnumerable<string> Keys(RequestKind kind) => _seen.Where(r => r.Kind == kind).Select(r => r.Key);

    public int Total => _seen.Count;

    public void Clear() => _seen.Clear();

    /// <summary>"Put a, List d/": to be compared as a whole, so that a request too many is named.</summary>
    public override string ToString() => string.Join(", ", _seen.Select(r => $"{r.Kind} {r.Key}"));
}
