using System.Text.Json;
using SseCFs.Journal;
using SseCFs.Tree;

namespace SseCFs.Outbox;

/// <summary>
/// Takes back multipart uploads that an earlier process began and could not end. One that a save names is that save's, whatever else was recorded of
/// it: some of the file may be nowhere else. To be used before programs come.
/// </summary>
internal sealed class AbandonedUploads(Mounted mounted)
{
    public async ValueTask AbortAsync(CancellationToken cancellation)
    {
        var left = mounted.Journal?.Left ?? [];
        if (left.All(folder => folder.Uploads.Count == 0))
        {
            return;
        }
        HashSet<string> kept;
        try
        {
            kept = KeptIn(left);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            // A save that cannot be read may name any of them.
            JournalLog.UploadsLeft(mounted.Log, e.Message);
            return;
        }
        foreach (var folder in left)
        {
            foreach (var path in folder.Uploads)
            {
                try
                {
                    using (var reader = folder.Read(path))
                    {
                        if (reader?.LastHead(JournalJson.Default.UploadRecord) is { } upload && !kept.Contains(upload.UploadId))
                        {
                            await mounted.Store.AbortUploadAsync(upload.Key, upload.UploadId, cancellation).ConfigureAwait(false);
                            JournalLog.UploadAborted(mounted.Log, upload.Key);
                        }
                    }
                    File.Delete(path);
                }
                catch (Exception e) when (e is FsException or IOException or UnauthorizedAccessException or JsonException)
                {
                    JournalLog.UploadLeft(mounted.Log, path, e.Message);
                }
            }
        }
    }

    /// <summary>Removes a save that is not wanted any more, and then the upload that it names.</summary>
    /// <param name="successor">What is kept in its place; null: nothing.</param>
    public async ValueTask RemoveSaveAsync(string path, SavedHead head, SavedHead? successor, CancellationToken cancellation)
    {
        if (head.Upload is not { } upload || upload.UploadId == successor?.Upload?.UploadId)
        {
            JournalEntry.Left(path).Remove();
            return;
        }
        // A record of its own first: a crash between the two leaves no upload that nobody names.
        var record = mounted.Journal!.Begin(head.Key, upload.UploadId);
        JournalEntry.Left(path).Remove();
        try
        {
            await mounted.Store.AbortUploadAsync(head.Key, upload.UploadId, cancellation).ConfigureAwait(false);
            record.Dispose();
        }
        catch (FsException e)
        {
            JournalLog.UploadLeft(mounted.Log, head.Key, e.Message);
        }
    }

    /// <summary>Ids of the uploads that saves name. What is not committed counts for nothing, as when it is restored.</summary>
    private static HashSet<string> KeptIn(IEnumerable<JournalFolder> folders)
    {
        var kept = new HashSet<string>(StringComparer.Ordinal);
        foreach (var folder in folders)
        {
            foreach (var path in folder.Saves)
            {
                using var reader = folder.Read(path);
                if (reader?.LastHead(JournalJson.Default.SavedHead) is { Upload.UploadId: { } id })
                {
                    kept.Add(id);
                }
            }
        }
        return kept;
    }
}
