using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using SseCFs.LocalStore.Protocol;

namespace SseCFs.LocalStore.Storage;

/// <summary>
/// A bucket's multipart uploads: multipart/ID/upload.json while one is under way, and multipart/ID/NUMBER.RANDOM for its parts. Complete
/// leaves the parts where they are and writes an object that names them, so it moves no data. Thread-safe.
/// </summary>
internal sealed class UploadTable(string folder, StoreFolder store)
{
    private const string Document = "upload.json";

    private readonly Lock _gate = new();
    private readonly Dictionary<string, Upload> _uploads = [];

    /// <param name="completed">Ids that objects name: their folders hold content.</param>
    /// <param name="logger">Hears of files that are no parts; they are left alone.</param>
    public void Load(HashSet<string> completed, ILogger logger)
    {
        foreach (string path in Directory.EnumerateDirectories(folder))
        {
            string document = Path.Combine(path, Document);
            string id = Path.GetFileName(path);
            if (completed.Contains(id))
            {
                File.Delete(document);
                continue;
            }
            if (!File.Exists(document))
            {
                Directory.Delete(path, recursive: true);
                continue;
            }
            var upload = new Upload(JsonSerializer.Deserialize(File.ReadAllBytes(document), RecordJson.Default.StoredUpload)!, new PartFolder(path));
            foreach (string file in Directory.EnumerateFiles(path).Where(f => Path.GetFileName(f) != Document))
            {
                try
                {
                    var part = RecordFile.Read(file, RecordJson.Default.StoredPart);
                    if (!upload.Parts.TryGetValue(part.Number, out var other) || other.LastModified <= part.LastModified)
                        upload.Parts[part.Number] = part;
                }
                catch (Exception e) when (e is InvalidDataException or JsonException)
                {
                    Log.NotAnObject(logger, file, e.Message);
                }
            }
            _uploads[id] = upload;
        }
    }

    public PartFolder FolderOf(string id)
    {
        lock (_gate)
            return _uploads.TryGetValue(id, out var upload) ? upload.Folder : new PartFolder(Path.Combine(folder, id));
    }

    public void Start(StoredUpload upload)
    {
        var parts = new PartFolder(Path.Combine(folder, upload.Id));
        Directory.CreateDirectory(parts.Path);
        store.WriteDocument(Path.Combine(parts.Path, Document), upload, RecordJson.Default.StoredUpload);
        store.Sync(folder);
        lock (_gate)
            _uploads[upload.Id] = new Upload(upload, parts);
    }

    public static string NewId() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(20));

    public StoredUpload? Find(string id, string key)
    {
        lock (_gate)
            return _uploads.TryGetValue(id, out var upload) && upload.Stored.Key == key ? upload.Stored : null;
    }

    public IReadOnlyList<StoredUpload> All()
    {
        lock (_gate)
            return [.. _uploads.Values.Select(u => u.Stored).OrderBy(u => u.Key, KeyOrder.Instance).ThenBy(u => u.Started).ThenBy(u => u.Id, StringComparer.Ordinal)];
    }

    /// <summary>Parts by number; null where the upload is gone.</summary>
    public IReadOnlyList<StoredPart>? PartsOf(string id)
    {
        lock (_gate)
            return _uploads.TryGetValue(id, out var upload) ? [.. upload.Parts.Values] : null;
    }

    /// <summary>Adds a finished file as a part, over one of the same number.</summary>
    public void AddPart(string id, StoredPart part, PayloadWriter file)
    {
        string path;
        StoredPart? before;
        lock (_gate)
        {
            if (!_uploads.TryGetValue(id, out var upload))
                throw S3Exception.NoSuchUpload(id);
            path = upload.Folder.Path;
            file.MoveTo(Path.Combine(path, part.File));
            upload.Parts.TryGetValue(part.Number, out before);
            upload.Parts[part.Number] = part;
        }
        store.Sync(path);
        if (before is not null)
            File.Delete(Path.Combine(path, before.File));
    }

    /// <summary>Ends an upload once its object is in place: parts that the object does not name go.</summary>
    public void Close(string id, IReadOnlyList<StoredPart> used)
    {
        Upload? upload;
        lock (_gate)
        {
            if (!_uploads.Remove(id, out upload))
                return;
        }
        File.Delete(Path.Combine(upload.Folder.Path, Document));
        var names = used.Select(p => p.File).ToHashSet();
        foreach (var part in upload.Parts.Values.Where(p => !names.Contains(p.File)))
            File.Delete(Path.Combine(upload.Folder.Path, part.File));
    }

    /// <summary>Drops an upload with its parts; false where there is none.</summary>
    public bool Abort(string id, string key)
    {
        Upload? upload;
        lock (_gate)
        {
            if (!_uploads.TryGetValue(id, out upload) || upload.Stored.Key != key)
                return false;
            _uploads.Remove(id);
        }
        // Without its document a folder is nothing: a crash from here on is tidied at the next start.
        File.Delete(Path.Combine(upload.Folder.Path, Document));
        upload.Folder.Delete();
        store.Sync(folder);
        return true;
    }

    private sealed record Upload(StoredUpload Stored, PartFolder Folder)
    {
        public SortedDictionary<int, StoredPart> Parts { get; } = [];
    }
}
