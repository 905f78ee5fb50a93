using System.Collections.Concurrent;
using SseCFs.Keys;

namespace SseCFs.Store;

/// <summary>
/// The headers of every key of a ring, and what was learned of which object is under which, so that few requests are made with a wrong one. Thread-safe.
/// </summary>
internal sealed class RingHeaders : IDisposable
{
    /// <summary>What is remembered of single objects and of directories; beyond that it is forgotten, and found again.</summary>
    private const int MostRemembered = 100_000;

    private readonly KeyRing _ring;
    private readonly Dictionary<string, CustomerKeyHeaders> _headers;
    private readonly ConcurrentDictionary<string, CustomerKeyHeaders> _objects = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, CustomerKeyHeaders> _directories = new(StringComparer.Ordinal);

    public RingHeaders(KeyRing ring)
    {
        _ring = ring;
        _headers = ring.All.ToDictionary(key => key.Fingerprint, key => new CustomerKeyHeaders(key));
    }

    /// <summary>For messages.</summary>
    public string Description => _ring.Description;

    /// <summary>What an object of that key is written with.</summary>
    public CustomerKeyHeaders WriterOf(string key) => _headers[_ring.WriterOf(key).Fingerprint];

    /// <summary>The most probable of those that may open an object.</summary>
    public CustomerKeyHeaders OpenerOf(string key) => CandidatesFor(key).First();

    /// <summary>All of them: first what opened the object before, then what did in its directory, then what writes there.</summary>
    public IEnumerable<CustomerKeyHeaders> CandidatesFor(string key)
    {
        var writer = WriterOf(key);
        if (_headers.Count == 1)
        {
            return [writer];
        }
        var known = _objects.GetValueOrDefault(key);
        var near = _directories.GetValueOrDefault(DirectoryOf(key));
        return new[] { known, near, writer }.OfType<CustomerKeyHeaders>().Concat(_headers.Values).Distinct();
    }

    /// <summary>An object was opened, or has just been written.</summary>
    public void Opened(string key, CustomerKeyHeaders headers)
    {
        if (_headers.Count == 1)
        {
            return;
        }
        Remember(_objects, key, headers);
        Remember(_directories, DirectoryOf(key), headers);
    }

    public void Dispose()
    {
        foreach (var headers in _headers.Values)
        {
            headers.Dispose();
        }
    }

    private static void Remember(ConcurrentDictionary<string, CustomerKeyHeaders> what, string key, CustomerKeyHeaders headers)
    {
        if (what.Count >= MostRemembered)
        {
            what.Clear();
        }
        what[key] = headers;
    }

    private static string DirectoryOf(string key) => key[..(key.TrimEnd('/').LastIndexOf('/') + 1)];
}
