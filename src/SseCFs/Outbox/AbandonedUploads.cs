using SseCFs.Journal;
using SseCFs.Tree;

namespace SseCFs.Outbox;

/// <summary>Takes back multipart uploads that an earlier process began and could not end. To be used before programs come.</summary>
internal sealed class AbandonedUploads(Mounted mounted)
{
    public async ValueTask AbortAsync(CancellationToken cancellation)
    {
        foreach (var folder in mounted.Journal?.Left ?? [])
        {
            foreach (var path in folder.Uploads)
            {
                try
                {
                    using (var reader = folder.Read(path))
                    {
                        if (reader?.LastHead(JournalJson.Default.UploadRecord) is { } upload)
                        {
                            await mounted.Store.AbortUploadAsync(upload.Key, upload.UploadId, cancellation).ConfigureAwait(false);
                            JournalLog.UploadAborted(mounted.Log, upload.Key);
                        }
                    }
                    File.Delete(path);
                }
                catch (Exception e) when (e is FsException or IOException or UnauthorizedAccessException or System.Text.Json.JsonException)
                {
                    JournalLog.UploadLeft(mounted.Log, path, e.Message);
                }
            }
        }
    }
}
