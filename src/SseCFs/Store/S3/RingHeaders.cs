using System.Collections.Concurrent;
using SseCFs.Keys;

namespace SseCFs.Store.S3;

/// <summary>
/// The headers of every key of a ring, and what was learned of which object is under which, so that few requests are made with a wrong one. Thread-safe.
/// </summary>
internal sealed class RingHeaders : IDisposable
{
    /// <summary>What is remembered of single objects and of directories; beyond that it is forgotten, and found again.</summary>
    private const int MostRemembered = 100_000;

    private readonly ConcurrentDictionary<string, CustomerKeyHeaders> _objects = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, CustomerKeyHeaders> _directories = new(StringComparer.Ordinal);
    private readonly List<CustomerKeyHeaders> _all = [];
    private volatile Loaded _keys;

    public RingHeaders(KeyRing ring) => _keys = Read(ring);

    /// <summary>For messages.</summary>
    public string Description => _keys.Ring.Description;

    /// <summary>
    /// The keys of another ring take the place of these. Those that go are kept until the end all the same, since requests and uploads under way have them.
    /// </summary>
    public void Replace(KeyRing ring)
    {
        lock (_all)
        {
            _keys = Read(ring);
        }
        _objects.Clear();
        _directories.Clear();
    }

    /// <summary>What an object of that key is written with.</summary>
    public CustomerKeyHeaders WriterOf(string key) => _keys.WriterOf(key);

    /// <summary>What an object is written with that may say so itself.</summary>
    public CustomerKeyHeaders WriterOf(string key, ObjectMetadata metadata) => Find(metadata.KeyFingerprint) ?? WriterOf(key);

    /// <summary>What opens an object that was seen before.</summary>
    public CustomerKeyHeaders OpenerOf(ObjectInfo info) => Find(info.KeyFingerprint) ?? OpenerOf(info.Key);

    /// <summary>The most probable of those that may open an object.</summary>
    public CustomerKeyHeaders OpenerOf(string key) => CandidatesFor(key).First();

    /// <summary>All of them: first what opened the object before, then what did in its directory, then what writes there.</summary>
    public IEnumerable<CustomerKeyHeaders> CandidatesFor(string key)
    {
        var keys = _keys;
        var writer = keys.WriterOf(key);
        if (keys.ByFingerprint.Count == 1)
        {
            return [writer];
        }
        var known = _objects.GetValueOrDefault(key);
        var near = _directories.GetValueOrDefault(DirectoryOf(key));
        return new[] { known, near, writer }.OfType<CustomerKeyHeaders>().Concat(keys.ByFingerprint.Values).Distinct();
    }

    /// <summary>An object was opened, or has just been written.</summary>
    public void Opened(string key, CustomerKeyHeaders headers)
    {
        if (_keys.ByFingerprint.Count == 1)
        {
            return;
        }
        Remember(_objects, key, headers);
        Remember(_directories, DirectoryOf(key), headers);
    }

    public void Dispose() => _all.ForEach(headers => headers.Dispose());

    private static void Remember(ConcurrentDictionary<string, CustomerKeyHeaders> what, string key, CustomerKeyHeaders headers)
    {
        if (what.Count >= MostRemembered)
        {
            what.Clear();
        }
        what[key] = headers;
    }

    private static string DirectoryOf(string key) => key[..(key.TrimEnd('/').LastIndexOf('/') + 1)];

    private CustomerKeyHeaders? Find(string? fingerprint) => fingerprint is null ? null : _keys.ByFingerprint.GetValueOrDefault(fingerprint);

    private Loaded Read(KeyRing ring) => new(ring, ring.All.ToDictionary(key => key.Fingerprint, HeadersOf));

    private CustomerKeyHeaders HeadersOf(CustomerKey key)
    {
        if (_all.Find(made => made.Fingerprint == key.Fingerprint) is { } known)
        {
            return known;
        }
        var headers = new CustomerKeyHeaders(key);
        _all.Add(headers);
        return headers;
    }

    private sealed record Loaded(KeyRing Ring, IReadOnlyDictionary<string, CustomerKeyHeaders> ByFingerprint)
    {
        public CustomerKeyHeaders WriterOf(string key) => ByFingerprint[Ring.WriterOf(key).Fingerprint];
    }
}
