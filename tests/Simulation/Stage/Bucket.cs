using System.Security.Cryptography;
using SseCFs.Store;
using SseCFs.Tests.Support;

namespace SseCFs.Simulation.Stage;

/// <summary>What kind of service stands behind the bucket.</summary>
internal enum Service
{
    /// <summary>Every condition is honoured; ETags are opaque.</summary>
    Aws,

    /// <summary>Conditions of PUT alone are honoured: a conditional removal is a HEAD, then a DELETE. ETags are MD5.</summary>
    Ceph16,
}

/// <summary>One version of one object, and what became of it. Times are those of <see cref="World.Moment"/>.</summary>
internal sealed class Version(string key, byte[] data, string etag, DateTimeOffset modified, ObjectMetadata metadata)
{
    public string Key { get; } = key;
    public byte[] Data { get; } = data;
    public string ETag { get; } = etag;
    public DateTimeOffset Modified { get; } = modified;
    public ObjectMetadata Metadata { get; } = metadata;
    public IReadOnlyList<long> Tags { get; } = Tagged.TagsIn(data);

    /// <summary>The machine that stored it; <see cref="World.Foreign"/>: another program.</summary>
    public int By { get; init; }
    public long Stored { get; init; }

    /// <summary>Carried out after its caller was told that it had failed.</summary>
    public bool IsLate { get; init; }

    /// <summary>The version under the same key before it.</summary>
    public Version? Before { get; init; }

    public long Removed { get; set; } = long.MaxValue;
    public int RemovedBy { get; set; }

    /// <summary>What removed it: a DELETE, or the version that replaced it.</summary>
    public Version? ReplacedBy { get; set; }

    /// <summary>By a request whose sender had been told that it had failed.</summary>
    public bool IsRemovedLate { get; set; }

    /// <summary>It was removed in the window that a service without conditions leaves open, and which is documented.</summary>
    public bool IsRemovedInWindow { get; set; }

    public bool IsCurrent => Removed == long.MaxValue;

    public bool IsConflictCopy => Key.Contains(".conflict-", StringComparison.Ordinal);

    public bool Has(long tag) => Tags.Contains(tag);
}

/// <summary>The objects of one bucket as S3 keeps them, and every version that there ever was. Each call is atomic.</summary>
internal sealed class Bucket(World world, Service service)
{
    private readonly Dictionary<string, (string Key, SortedDictionary<int, byte[]> Parts)> _uploads = [];
    private long _number;

    public Service Service => service;

    public SortedDictionary<string, Version> Objects { get; } = new(StringComparer.Ordinal);

    /// <summary>In the order in which they were stored.</summary>
    public List<Version> Versions { get; } = [];

    public int OpenUploads => _uploads.Count;

    public Version Get(string key) => Objects.GetValueOrDefault(key) ?? throw new FsException(FsError.NotFound, $"no object {key}");

    public Version Store(Sender sender, string key, byte[] data, ObjectMetadata metadata, WriteCondition condition)
    {
        Check(key, condition);
        return Replace(sender, key, data, metadata);
    }

    /// <summary>Stores without a condition what a check a moment ago allowed.</summary>
    public Version StoreUnchecked(Sender sender, string key, byte[] data, ObjectMetadata metadata, WriteCondition checkedFor)
    {
        var there = Objects.GetValueOrDefault(key);
        var isWindow = checkedFor.IfAbsent && there is not null || checkedFor.IfMatch is { } etag && there is not null && there.ETag != etag;
        var stored = Replace(sender, key, data, metadata);
        if (isWindow)
        {
            there!.IsRemovedInWindow = true;
        }
        return stored;
    }

    public void Remove(Sender sender, string key, string? ifMatch)
    {
        if (ifMatch is not null && Objects.TryGetValue(key, out var there) && there.ETag != ifMatch)
        {
            throw new FsException(FsError.Conflict, $"{key} is another version");
        }
        RemoveUnchecked(sender, key, null);
    }

    /// <summary>Removes without a condition what a check a moment ago allowed.</summary>
    /// <param name="checkedFor">The version that was there then; null: there was no check.</param>
    public void RemoveUnchecked(Sender sender, string key, string? checkedFor)
    {
        if (Objects.Remove(key, out var there))
        {
            there.Removed = world.Moment();
            there.RemovedBy = sender.Machine;
            there.IsRemovedLate = sender.IsLate;
            there.IsRemovedInWindow = checkedFor is not null && there.ETag != checkedFor;
        }
    }

    public void Check(string key, WriteCondition condition)
    {
        var there = Objects.GetValueOrDefault(key);
        if (condition.IfAbsent && there is not null && !world.Sabotage.HasFlag(Sabotage.IgnoreIfAbsent))
        {
            throw new FsException(FsError.Exists, $"{key} exists");
        }
        if (condition.IfMatch is { } etag && there?.ETag != etag && !world.Sabotage.HasFlag(Sabotage.IgnoreIfMatch))
        {
            throw new FsException(FsError.Conflict, $"{key} is another version");
        }
    }

    public ListPage List(string prefix, string? delimiter, string? continuation, int limit) => ListPages.Cut(
        Objects.Select(pair => new ListedObject(pair.Key, pair.Value.Data.Length, pair.Value.ETag, pair.Value.Modified)), prefix, delimiter, continuation, limit);

    public string StartUpload(string key)
    {
        var id = $"upload-{++_number}";
        _uploads[id] = (key, []);
        return id;
    }

    public string PutPart(string id, int number, byte[] data)
    {
        PartsOf(id)[number] = data;
        return Md5(data);
    }

    /// <summary>The parts named, as one object.</summary>
    public byte[] Join(string id, IReadOnlyCollection<int> numbers)
    {
        var parts = PartsOf(id);
        return [.. numbers.Order().SelectMany(number => parts[number])];
    }

    public void EndUpload(string id) => _uploads.Remove(id);

    private SortedDictionary<int, byte[]> PartsOf(string id) =>
        _uploads.TryGetValue(id, out var upload) ? upload.Parts : throw new FsException(FsError.NotFound, $"no upload {id}");

    private Version Replace(Sender sender, string key, byte[] data, ObjectMetadata metadata)
    {
        var before = Objects.GetValueOrDefault(key);
        var modified = DateTimeOffset.FromUnixTimeSeconds(world.Time.Now.ToUnixTimeSeconds());
        var stored = new Version(key, data, service == Service.Ceph16 ? Md5(data) : $"version-{++_number}", modified, metadata)
        {
            By = sender.Machine,
            IsLate = sender.IsLate,
            Stored = world.Moment(),
            Before = before,
        };
        if (before is not null)
        {
            before.Removed = stored.Stored;
            before.RemovedBy = sender.Machine;
            before.IsRemovedLate = sender.IsLate;
            before.ReplacedBy = stored;
        }
        Objects[key] = stored;
        Versions.Add(stored);
        return stored;
    }

    public static string Md5(byte[] data) => Convert.ToHexStringLower(MD5.HashData(data));
}

/// <summary>Whose request it is. IsLate: the sender was told that it had failed before it was carried out.</summary>
internal readonly record struct Sender(int Machine, bool IsLate);
