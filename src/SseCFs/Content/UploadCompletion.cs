using SseCFs.Store;

namespace SseCFs.Content;

/// <summary>
/// Completes the upload of a file, and knows whether that may have been carried out without a reply. Used by one caller at a time, with writers held.
/// </summary>
internal sealed class UploadCompletion(IObjectStore store, string key, StagedContent staged, SentParts parts, ObjectMetadata metadata, int partsAtOnce)
{
    /// <summary>The change as of which a completion may have been carried out; null: none.</summary>
    private long? _triedAt;

    /// <summary>A completion may have been carried out, and of other content than the file has now.</summary>
    public bool MayBeOfOtherContent => _triedAt is { } at && at != staged.Stamp;

    /// <summary>Takes over what another process tried; the staged content is what it had then.</summary>
    public void Resume(bool mayBeOfOtherContent) => _triedAt = mayBeOfOtherContent ? null : staged.Stamp;

    /// <summary>Sends again what was written to again, then the rest, and completes.</summary>
    /// <param name="copiedFrom">The version whose unchanged parts are copied; null: they are sent.</param>
    public async ValueTask<WrittenObject> CompleteAsync(IMultipartUpload upload, ObjectInfo? copiedFrom, WriteCondition condition, CancellationToken cancellation)
    {
        var options = new ParallelOptions { MaxDegreeOfParallelism = partsAtOnce, CancellationToken = cancellation };
        await Parallel.ForEachAsync(parts.Outdated(staged), options, (part, token) => part.SendAsync(upload, staged, copiedFrom, token)).ConfigureAwait(false);
        var rest = PartPlan.Make(staged, copiedFrom, parts.NextNumber, parts.End);
        await Parallel.ForEachAsync(rest, options, (part, token) => part.SendAsync(upload, staged, copiedFrom, token)).ConfigureAwait(false);
        upload.LeaveOut(above: parts.NextNumber - 1 + rest.Count);
        _triedAt = staged.Stamp;
        return await upload.CompleteAsync(staged.Size, condition, cancellation).ConfigureAwait(false);
    }

    /// <summary>The upload is gone: the version that an earlier completion made of just this content, its reply lost; null if there is none.</summary>
    public async ValueTask<WrittenObject?> FindAsync(CancellationToken cancellation)
    {
        return _triedAt == staged.Stamp && await store.FindOwnAsync(key, metadata.Attempt!, cancellation).ConfigureAwait(false) is { } own
            ? new WrittenObject(own.ETag, own.LastModified)
            : null;
    }
}
