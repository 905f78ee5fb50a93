using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using SseCFs.LocalStore.Protocol;

namespace SseCFs.LocalStore.Storage;

/// <summary>
/// One bucket: bucket.json, objects/HASH (named by the hash of the key, as keys are no file names) and multipart/ID/ with the
/// parts of uploads. The index of all objects is in memory. Thread-safe: _gate guards the index and is held over
/// the rename that makes a change visible, so that conditions are atomic; never over an await.
/// </summary>
internal sealed class Bucket
{
    private readonly Lock _gate = new();
    private readonly KeyIndex<Entry> _index = new();
    private readonly StoreFolder _store;
    private bool _closed;

    private sealed record Entry(StoredObject Object, PartFolder? Parts);

    private Bucket(string folder, StoredBucket settings, StoreFolder store)
    {
        Folder = folder;
        Name = Path.GetFileName(folder);
        Settings = settings;
        _store = store;
        Uploads = new UploadTable(Path.Combine(folder, "multipart"), store);
    }

    public string Name { get; }

    public string Folder { get; }

    public StoredBucket Settings { get; private set; }

    public UploadTable Uploads { get; }

    public static Bucket Create(string folder, StoredBucket settings, StoreFolder store)
    {
        string temporary = store.TemporaryPath();
        Directory.CreateDirectory(Path.Combine(temporary, "multipart"));
        Directory.CreateDirectory(Path.Combine(temporary, "objects"));
        store.WriteDocument(Path.Combine(temporary, "bucket.json"), settings, RecordJson.Default.StoredBucket);
        Directory.Move(temporary, folder);
        return new Bucket(folder, settings, store);
    }

    /// <summary>Reads every record of a bucket; a file that is none is logged and left alone. Null for a folder that is no bucket.</summary>
    public static Bucket? Load(string folder, StoreFolder store, ILogger logger)
    {
        string document = Path.Combine(folder, "bucket.json");
        if (!File.Exists(document))
            return null;
        var settings = JsonSerializer.Deserialize(File.ReadAllBytes(document), RecordJson.Default.StoredBucket)!;
        var bucket = new Bucket(folder, settings, store);
        var completed = new HashSet<string>();
        foreach (string file in Directory.EnumerateFiles(Path.Combine(folder, "objects")))
        {
            try
            {
                var stored = RecordFile.Read(file, RecordJson.Default.StoredObject);
                if (stored.UploadId is not null)
                    completed.Add(stored.UploadId);
                bucket._index.Set(stored.Key, bucket.EntryOf(stored));
            }
            catch (Exception e) when (e is InvalidDataException or JsonException)
            {
                Log.NotAnObject(logger, file, e.Message);
            }
        }
        bucket.Uploads.Load(completed, logger);
        return bucket;
    }

    public void Change(StoredBucket settings)
    {
        lock (_gate)
        {
            _store.WriteDocument(Path.Combine(Folder, "bucket.json"), settings, RecordJson.Default.StoredBucket);
            Settings = settings;
        }
    }

    /// <summary>Closes an empty bucket to all changes; false where it has objects.</summary>
    public bool TryClose()
    {
        lock (_gate)
            return _index.Count == 0 && (_closed = true);
    }

    public StoredObject? Find(string key)
    {
        lock (_gate)
            return _index.Find(key)?.Object;
    }

    /// <summary>Opens a version for reading: it stays readable when replaced or deleted. Null where there is none.</summary>
    public OpenObject? Open(string key)
    {
        lock (_gate)
        {
            if (_index.Find(key) is not { } entry)
                return null;
            if (entry.Parts is null)
                return new OpenObject(entry.Object, File.OpenHandle(PathOf(key), FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete), null);
            entry.Parts.Acquire();
            return new OpenObject(entry.Object, null, entry.Parts);
        }
    }

    /// <summary>Makes a finished file the object, if the check (called with what is there now) does not throw.</summary>
    public void Commit(PayloadWriter file, StoredObject stored, Action<StoredObject?> check)
    {
        string path = PathOf(stored.Key);
        Entry? before;
        lock (_gate)
        {
            ThrowIfClosed();
            before = _index.Find(stored.Key);
            check(before?.Object);
            file.MoveTo(path);
            _index.Set(stored.Key, EntryOf(stored));
        }
        _store.Sync(Path.GetDirectoryName(path)!);
        if (before?.Parts is { } parts && parts.Id != stored.UploadId)
            parts.Delete();
    }

    /// <summary>Deletes an object, if the check does not throw; false where there was none.</summary>
    public bool Delete(string key, Action<StoredObject?> check)
    {
        string path = PathOf(key);
        Entry? before;
        lock (_gate)
        {
            ThrowIfClosed();
            before = _index.Find(key);
            check(before?.Object);
            if (before is null)
                return false;
            File.Delete(path);
            _index.Remove(key);
        }
        _store.Sync(Path.GetDirectoryName(path)!);
        before.Parts?.Delete();
        return true;
    }

    /// <summary>One page of a listing.</summary>
    /// <param name="prefix">Only keys that begin so.</param>
    /// <param name="delimiter">Groups what has it behind the prefix; "" for none.</param>
    /// <param name="after">Only keys and groups behind this one; null for all.</param>
    /// <param name="limit">Keys and groups together.</param>
    public Listing List(string prefix, string delimiter, string? after, int limit)
    {
        var objects = new List<StoredObject>();
        var groups = new List<string>();
        string? last = null;
        lock (_gate)
        {
            string from = after is not null && KeyOrder.Compare(after, prefix) >= 0 ? after : prefix;
            bool inclusive = after is null || from != after;
            // A marker that is a group, as the page before may have ended with, means all of the group.
            if (delimiter.Length > 0 && after is not null && GroupOf(after, prefix, delimiter) == after)
                (from, inclusive) = (after + Behind, true);
            while (_index.FirstFrom(from, inclusive) is { } entry && entry.Key.StartsWith(prefix, StringComparison.Ordinal))
            {
                if (objects.Count + groups.Count == limit)
                    return new Listing(objects, groups, last);
                if (delimiter.Length > 0 && GroupOf(entry.Key, prefix, delimiter) is { } group)
                {
                    groups.Add(last = group);
                    (from, inclusive) = (group + Behind, true);
                }
                else
                {
                    objects.Add(entry.Value.Object);
                    (from, inclusive) = (last = entry.Key, false);
                }
            }
        }
        return new Listing(objects, groups, null);
    }

    /// <summary>U+10FFFF, the last code point there is: put behind a beginning, it sorts behind all keys that begin so.</summary>
    private const string Behind = "\udbff\udfff";

    private static string? GroupOf(string key, string prefix, string delimiter)
    {
        if (!key.StartsWith(prefix, StringComparison.Ordinal))
            return null;
        int at = key.IndexOf(delimiter, prefix.Length, StringComparison.Ordinal);
        return at < 0 ? null : key[..(at + delimiter.Length)];
    }

    private Entry EntryOf(StoredObject stored) =>
        new(stored, stored.UploadId is null ? null : Uploads.FolderOf(stored.UploadId));

    private string PathOf(string key)
    {
        string hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key)));
        return Path.Combine(Folder, "objects", hash);
    }

    private void ThrowIfClosed()
    {
        if (_closed)
            throw S3Exception.NoSuchBucket(Name);
    }
}

/// <param name="Last">The last key or group of the page where there is more; null where there is not.</param>
internal sealed record Listing(IReadOnlyList<StoredObject> Objects, IReadOnlyList<string> Groups, string? Last);
