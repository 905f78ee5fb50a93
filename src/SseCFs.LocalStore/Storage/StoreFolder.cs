using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.Extensions.Logging;

namespace SseCFs.LocalStore.Storage;

/// <summary>
/// The folder that holds everything: buckets/, tmp/ (files being written; emptied at start), service.key (made when first
/// needed) and lock (held while open, so that two servers never share a folder). Thread-safe.
/// </summary>
internal sealed class StoreFolder : IDisposable
{
    private readonly ConcurrentDictionary<string, Bucket> _buckets = new(StringComparer.Ordinal);
    private readonly FileStream _lock;
    private readonly Lock _gate = new();
    private readonly string _root;
    private readonly string _temporary;
    private byte[]? _serviceKey;

    public StoreFolder(string root, bool durable, ILogger logger)
    {
        _root = Path.GetFullPath(root);
        Durable = durable;
        _temporary = Path.Combine(_root, "tmp");
        Directory.CreateDirectory(BucketsFolder);
        _lock = new FileStream(Path.Combine(_root, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        if (Directory.Exists(_temporary))
            Directory.Delete(_temporary, recursive: true);
        Directory.CreateDirectory(_temporary);
        foreach (string folder in Directory.EnumerateDirectories(BucketsFolder))
        {
            if (Bucket.Load(folder, this, logger) is { } bucket)
                _buckets[bucket.Name] = bucket;
        }
    }

    public bool Durable { get; }

    public IEnumerable<Bucket> Buckets => _buckets.Values.OrderBy(b => b.Name, StringComparer.Ordinal);

    private string BucketsFolder => Path.Combine(_root, "buckets");

    public Bucket? Find(string name) => _buckets.GetValueOrDefault(name);

    /// <summary>The new bucket; null where there is one of that name.</summary>
    public Bucket? Create(string name, StoredBucket settings)
    {
        lock (_gate)
        {
            if (_buckets.ContainsKey(name))
                return null;
            var bucket = Bucket.Create(Path.Combine(BucketsFolder, name), settings, this);
            Sync(BucketsFolder);
            return _buckets[name] = bucket;
        }
    }

    /// <summary>False where the bucket still has objects.</summary>
    public bool Delete(Bucket bucket)
    {
        lock (_gate)
        {
            if (!bucket.TryClose())
                return false;
            _buckets.TryRemove(bucket.Name, out _);
            // Renamed first, so that a crash in the middle leaves only what the next start removes.
            string trash = TemporaryPath();
            Directory.Move(bucket.Folder, trash);
            Sync(BucketsFolder);
            Directory.Delete(trash, recursive: true);
            return true;
        }
    }

    public string TemporaryPath() => Path.Combine(_temporary, Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16)));

    public PayloadWriter NewFile(byte[]? dataKey) => new(TemporaryPath(), dataKey);

    public void Sync(string folder)
    {
        if (Durable)
            FolderSync.Sync(folder);
    }

    /// <summary>Writes a small document whole: temporary file, fsync, rename, fsync of the folder.</summary>
    public void WriteDocument<T>(string path, T value, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type) =>
        WriteBytes(path, JsonSerializer.SerializeToUtf8Bytes(value, type));

    /// <summary>The service's own key, for SSE-S3; made and stored on first use.</summary>
    public EncryptionKey ServiceKey()
    {
        lock (_gate)
        {
            if (_serviceKey is null)
            {
                string path = Path.Combine(_root, "service.key");
                if (!File.Exists(path))
                    WriteBytes(path, RandomNumberGenerator.GetBytes(EncryptionKey.Length));
                _serviceKey = File.ReadAllBytes(path);
                if (_serviceKey.Length != EncryptionKey.Length)
                    throw new InvalidDataException($"{path} is not a key of {EncryptionKey.Length} bytes");
            }
            return new EncryptionKey(SealKind.Service, [.. _serviceKey], null);
        }
    }

    public void Dispose()
    {
        _lock.Dispose();
        if (_serviceKey is not null)
            CryptographicOperations.ZeroMemory(_serviceKey);
    }

    private void WriteBytes(string path, byte[] bytes)
    {
        string temporary = TemporaryPath();
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using (var file = new FileStream(temporary, options))
        {
            file.Write(bytes);
            file.Flush(flushToDisk: Durable);
        }
        File.Move(temporary, path, overwrite: true);
        Sync(Path.GetDirectoryName(path)!);
    }
}
