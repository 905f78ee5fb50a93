using SseCFs.Store;
using SseCFs.Store.S3;

namespace SseCFs.Tests.Support;

/// <summary>What a store was asked for.</summary>
public enum RequestKind
{
    Head,
    Get,
    Put,
    Copy,
    Delete,
    List,
    StartUpload,
    UploadPart,
    CopyPart,
    Complete,
    Abort,
}

/// <summary>
/// A bucket in memory that keeps the contract of <see cref="IObjectStore"/> to the letter: conditions, versions, pages, parts, and keys that
/// do not open what another key wrote. Counts what it is asked. ETags are opaque numbers, never the content's hash. Thread-safe.
/// </summary>
internal sealed class MemoryStore : IObjectStore
{
    private readonly MemoryBucket _bucket;

    public MemoryStore(TimeProvider clock, string key = "key-1")
        : this(new MemoryBucket(clock), key)
    {
    }

    private MemoryStore(MemoryBucket bucket, string key)
    {
        _bucket = bucket;
        KeyFingerprint = key;
    }

    public string KeyFingerprint { get; }

    /// <summary>False: part copies answer NotSupported.</summary>
    public bool CanCopyParts { get; set; } = true;

    public RequestLog Requests { get; } = new();

    /// <summary>Bytes of content that GETs asked for.</summary>
    public long BytesAsked { get; private set; }

    /// <summary>The same bucket seen by another client, with a key and a count of its own.</summary>
    public MemoryStore SeenBy(string key) => new(_bucket, key);

    /// <summary>All keys, in order.</summary>
    public IReadOnlyList<string> Keys
    {
        get
        {
            lock (_bucket)
            {
                return [.. _bucket.Objects.Keys];
            }
        }
    }

    /// <summary>Multipart uploads that were neither completed nor aborted.</summary>
    public int OpenUploads
    {
        get
        {
            lock (_bucket)
            {
                return _bucket.Uploads.Count;
            }
        }
    }

    public IReadOnlyList<string> UploadIds
    {
        get
        {
            lock (_bucket)
            {
                return [.. _bucket.Uploads.Keys];
            }
        }
    }

    public MemoryObject this[string key]
    {
        get
        {
            lock (_bucket)
            {
                return _bucket.Objects[key];
            }
        }
    }

    /// <summary>Puts an object as some other client would: not counted, without our metadata.</summary>
    public void PutForeign(string key, byte[] data, IReadOnlyDictionary<string, string>? user = null, string? underKey = null, bool plain = false)
    {
        lock (_bucket)
        {
            _bucket.Store(key, data, new ObjectMetadata(user ?? new Dictionary<string, string>(), null), plain ? null : underKey ?? KeyFingerprint);
        }
    }

    /// <summary>Replaces the content of an object as other clients do that carry all of its metadata along.</summary>
    public void ReplaceForeign(string key, byte[] data)
    {
        lock (_bucket)
        {
            _bucket.Store(key, data, _bucket.Objects[key].Metadata, KeyFingerprint);
        }
    }

    /// <summary>Stores what was there at some time as a new version.</summary>
    public void PutBack(string key, MemoryObject former)
    {
        lock (_bucket)
        {
            _bucket.Store(key, former.Data, former.Metadata, former.UnderKey);
        }
    }

    /// <summary>Encrypts an object anew, as ssecfs rekey does: the same bytes and metadata, another version.</summary>
    public void RekeyForeign(string key)
    {
        lock (_bucket)
        {
            var before = _bucket.Objects[key];
            _bucket.Store(key, before.Data, before.Metadata with { FormerETag = before.ETag }, before.UnderKey);
        }
    }

    public void DeleteForeign(string key)
    {
        lock (_bucket)
        {
            _bucket.Objects.Remove(key);
        }
    }

    public async ValueTask<ObjectInfo> HeadAsync(string key, CancellationToken cancellation)
    {
        await ReceiveAsync(RequestKind.Head, key, cancellation);
        lock (_bucket)
        {
            return InfoOf(key, Readable(key));
        }
    }

    public async ValueTask<ObjectBody?> GetAsync(string key, long offset, long length, string? ifMatch, string? ifNoneMatch, CancellationToken cancellation)
    {
        Assert.True(offset >= 0 && length >= 1, $"GET of {length} bytes from {offset}");
        await ReceiveAsync(RequestKind.Get, key, cancellation);
        lock (_bucket)
        {
            var found = Readable(key);
            if (ifMatch is not null && found.ETag != ifMatch)
            {
                throw new FsException(FsError.Stale, $"{key} is another version");
            }
            if (ifNoneMatch is not null && found.ETag == ifNoneMatch)
            {
                return null;
            }
            var from = (int)Math.Min(offset, found.Data.Length);
            var count = (int)Math.Min(length, found.Data.Length - from);
            BytesAsked += count;
            return new MemoryBody(InfoOf(key, found), from, found.Data.AsMemory(from, count));
        }
    }

    public async ValueTask<WrittenObject> PutAsync(string key, ObjectContent content, ObjectMetadata metadata, WriteCondition condition, CancellationToken cancellation)
    {
        metadata.Attempt?.Send(new SentContent(content.Length, ETag: null));
        await ReceiveAsync(RequestKind.Put, key, cancellation);
        var data = Join(content);
        if (content.Md5 is not null)
        {
#pragma warning disable CA5351 // Content-MD5 is the protocol's
            Assert.Equal(System.Security.Cryptography.MD5.HashData(data), content.Md5);
#pragma warning restore CA5351
        }
        lock (_bucket)
        {
            Check(key, condition);
            return _bucket.Store(key, data, metadata, KeyFingerprint);
        }
    }

    public ValueTask<bool> IsOwnAsync(ObjectInfo there, WriteAttempt attempt, CancellationToken cancellation) =>
        ValueTask.FromResult(there.Attempt == attempt.Id && attempt.Sent?.Size == there.Size);

    public async ValueTask<IMultipartUpload> StartUploadAsync(string key, ObjectMetadata metadata, CancellationToken cancellation)
    {
        await ReceiveAsync(RequestKind.StartUpload, key, cancellation);
        var id = Guid.NewGuid().ToString("N");
        var parts = new SortedDictionary<int, byte[]>();
        lock (_bucket)
        {
            _bucket.Uploads[id] = parts;
        }
        return new MemoryUpload(this, key, id, metadata, parts);
    }

    public IMultipartUpload ResumeUpload(string key, string uploadId, ObjectMetadata metadata, IReadOnlyDictionary<int, string> parts)
    {
        SortedDictionary<int, byte[]>? there;
        lock (_bucket)
        {
            // One that is gone is found out by the first request.
            if (!_bucket.Uploads.TryGetValue(uploadId, out there))
            {
                return new MemoryUpload(this, key, uploadId, metadata, []);
            }
        }
        Assert.Equal(ETagsOf(there), parts);
        return new MemoryUpload(this, key, uploadId, metadata, there);
    }

    public async ValueTask<WrittenObject> CopyAsync(ObjectInfo source, string destination, ObjectMetadata metadata, WriteCondition condition, CancellationToken cancellation)
    {
        metadata.Attempt?.Send(new SentContent(source.Size, ETag: null));
        await ReceiveAsync(RequestKind.Copy, destination, cancellation);
        lock (_bucket)
        {
            var found = Readable(source.Key);
            if (found.ETag != source.ETag)
            {
                throw new FsException(FsError.Stale, $"{source.Key} is another version");
            }
            Check(destination, condition);
            return _bucket.Store(destination, found.Data, metadata, KeyFingerprint);
        }
    }

    public ValueTask<IReadOnlyDictionary<string, string>> GetTagsAsync(string key, CancellationToken cancellation) =>
        ValueTask.FromResult<IReadOnlyDictionary<string, string>>(new Dictionary<string, string>());

    public async ValueTask DeleteAsync(string key, string? ifMatch, CancellationToken cancellation)
    {
        await ReceiveAsync(RequestKind.Delete, key, cancellation);
        lock (_bucket)
        {
            if (ifMatch is not null && _bucket.Objects.TryGetValue(key, out var there) && there.ETag != ifMatch)
            {
                throw new FsException(FsError.Conflict, $"{key} is another version");
            }
            _bucket.Objects.Remove(key);
        }
    }

    public async ValueTask RemoveAsync(string key, string? seen, CancellationToken cancellation)
    {
        await ReceiveAsync(RequestKind.Delete, key, cancellation);
        lock (_bucket)
        {
            _bucket.Objects.Remove(key);
        }
    }

    public async ValueTask<ListPage> ListAsync(string prefix, string? delimiter, string? continuation, int limit, CancellationToken cancellation)
    {
        Assert.InRange(limit, 1, 1000);
        Assert.True(delimiter is null or "/");
        await ReceiveAsync(RequestKind.List, prefix, cancellation);
        lock (_bucket)
        {
            return ListPages.Cut(
                _bucket.Objects.Select(pair => new ListedObject(pair.Key, pair.Value.Data.Length, pair.Value.ETag, pair.Value.LastModified)), prefix, delimiter, continuation, limit);
        }
    }

    internal async ValueTask ReceiveAsync(RequestKind kind, string key, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        Requests.Add(kind, key);
        await Task.Yield();
    }

    internal void Upload(MemoryUpload upload, int number, SortedDictionary<int, byte[]> parts, byte[] data)
    {
        Assert.InRange(number, 1, IObjectStore.MaximumParts);
        lock (_bucket)
        {
            if (!_bucket.Uploads.ContainsKey(upload.UploadId))
            {
                throw Gone(upload.Key);
            }
            parts[number] = data;
        }
    }

    internal IReadOnlyDictionary<int, string> ETagsOf(SortedDictionary<int, byte[]> parts)
    {
        lock (_bucket)
        {
            return parts.ToDictionary(part => part.Key, part => $"part-{part.Value.Length}");
        }
    }

    internal byte[] RangeOf(ObjectInfo source, long offset, long length)
    {
        lock (_bucket)
        {
            var found = Readable(source.Key);
            return found.ETag == source.ETag
                ? found.Data.AsSpan((int)offset, (int)length).ToArray()
                : throw new FsException(FsError.Stale, $"{source.Key} is another version");
        }
    }

    internal WrittenObject Complete(MemoryUpload upload, SortedDictionary<int, byte[]> parts, long expectedSize, ObjectMetadata metadata, WriteCondition condition)
    {
        var key = upload.Key;
        metadata.Attempt?.Send(new SentContent(expectedSize, ETag: null));
        lock (_bucket)
        {
            if (!_bucket.Uploads.ContainsKey(upload.UploadId))
            {
                return _bucket.Objects.TryGetValue(key, out var there) && metadata.Attempt is { } attempt && there.Metadata.Attempt?.Id == attempt.Id
                    && there.Data.Length == expectedSize ? new WrittenObject(there.ETag, there.LastModified) : throw Gone(key);
            }
            Assert.All(parts.Values.SkipLast(1), part => Assert.True(part.Length >= IObjectStore.MinimumPartSize, "a part but the last is too small"));
            Check(key, condition);
            var data = Join(new ObjectContent([.. parts.Values.Select(part => (ReadOnlyMemory<byte>)part)], parts.Values.Sum(part => (long)part.Length)));
            Assert.Equal(expectedSize, data.Length);
            _bucket.Uploads.Remove(upload.UploadId);
            return _bucket.Store(key, data, metadata, KeyFingerprint);
        }
    }

    public async ValueTask AbortUploadAsync(string key, string uploadId, CancellationToken cancellation)
    {
        await ReceiveAsync(RequestKind.Abort, key, cancellation);
        Abort(uploadId);
    }

    internal void Abort(string uploadId)
    {
        lock (_bucket)
        {
            _bucket.Uploads.Remove(uploadId);
        }
    }

    private static FsException Gone(string key) => new(FsError.NotFound, $"no such upload of {key}");

    internal static byte[] Join(ObjectContent content)
    {
        var data = new byte[content.Length];
        var at = 0;
        foreach (var slice in content.Slices)
        {
            slice.CopyTo(data.AsMemory(at));
            at += slice.Length;
        }
        Assert.Equal(content.Length, at);
        return data;
    }

    private MemoryObject Readable(string key) =>
        !_bucket.Objects.TryGetValue(key, out var found) ? throw new FsException(FsError.NotFound, $"no object {key}")
        : found.UnderKey is not null && found.UnderKey != KeyFingerprint ? throw new FsException(FsError.KeyUnknown, $"{key} is under another key")
        : found;

    private void Check(string key, WriteCondition condition)
    {
        var there = _bucket.Objects.GetValueOrDefault(key);
        if (condition.IfAbsent && there is not null)
        {
            throw new FsException(FsError.Exists, $"{key} exists");
        }
        if (condition.IfMatch is { } etag && there?.ETag != etag)
        {
            throw new FsException(FsError.Conflict, $"{key} is another version");
        }
    }

    private static ObjectInfo InfoOf(string key, MemoryObject found) => new(
        key, found.Data.Length, found.ETag, found.LastModified, found.UnderKey is null ? Encryption.Plain : Encryption.CustomerKey, found.Metadata with { FormerETag = null, Attempt = null })
    {
        FormerETag = found.Metadata.FormerETag,
        Attempt = found.Metadata.Attempt?.Id,
    };
}

/// <summary>One version of one object. UnderKey: null if it is not encrypted.</summary>
internal sealed record MemoryObject(byte[] Data, string ETag, DateTimeOffset LastModified, ObjectMetadata Metadata, string? UnderKey);

/// <summary>What the clients of one bucket share; guarded by itself.</summary>
internal sealed class MemoryBucket(TimeProvider clock)
{
    private long _version;

    public SortedDictionary<string, MemoryObject> Objects { get; } = new(StringComparer.Ordinal);

    /// <summary>The parts of every upload under way, by its id.</summary>
    public Dictionary<string, SortedDictionary<int, byte[]>> Uploads { get; } = [];

    public WrittenObject Store(string key, byte[] data, ObjectMetadata metadata, string? underKey)
    {
        var stored = new MemoryObject(data, $"version-{++_version}", clock.GetUtcNow(), metadata, underKey);
        Objects[key] = stored;
        return new WrittenObject(stored.ETag, stored.LastModified);
    }
}
