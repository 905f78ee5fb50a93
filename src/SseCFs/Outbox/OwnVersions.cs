using SseCFs.Content;
using SseCFs.Store;
using SseCFs.Tree;

namespace SseCFs.Outbox;

/// <summary>Tells whether what stands under a file's name came to be by requests of this mount whose replies were lost. Thread-safe.</summary>
internal sealed class OwnVersions(Mounted mounted)
{
    /// <summary>The version in the store, if one of our attempts created it, or it is the known version encrypted anew.</summary>
    public async ValueTask<ObjectInfo?> FindAsync(FileInode file, string key, CancellationToken cancellation)
    {
        try
        {
            var info = await mounted.Store.HeadAsync(key, cancellation).ConfigureAwait(false);
            IReadOnlyList<WriteAttempt> attempts;
            lock (file.Sync)
            {
                if (info.FormerETag is not null && info.FormerETag == file.Stored?.ETag)
                {
                    return info;
                }
                attempts = file.Attempts.All;
            }
            foreach (var attempt in attempts)
            {
                if (await mounted.Store.IsOwnAsync(info, attempt, cancellation).ConfigureAwait(false))
                {
                    return info;
                }
            }
            return null;
        }
        catch (FsException e) when (e.Reason == FsError.NotFound || e.IsUnreadable)
        {
            return null;
        }
    }

    /// <summary>
    /// What the content may replace, if its base went by another request of this mount whose reply was lost: a removal that failed as far as its program knows, or the copy
    /// of a rename.
    /// </summary>
    public async ValueTask<WriteCondition?> FindReplaceableAsync(FileInode file, StagedContent staged, string key, CancellationToken cancellation)
    {
        if (staged.NeedsStored(0, staged.Size))
        {
            // Some of it was only there.
            return null;
        }
        try
        {
            var info = await mounted.Store.HeadAsync(key, cancellation).ConfigureAwait(false);
            foreach (var copy in mounted.Unanswered.CopiesTo(key))
            {
                if (await mounted.Store.IsOwnAsync(info, copy, cancellation).ConfigureAwait(false))
                {
                    return WriteCondition.Match(info.ETag);
                }
            }
            return null;
        }
        catch (FsException e) when (e.Reason == FsError.NotFound)
        {
            return file.Stored is { } removed && mounted.Unanswered.MayHaveRemoved(key, removed.ETag) ? WriteCondition.Absent : null;
        }
        catch (FsException e) when (e.IsUnreadable)
        {
            return null;
        }
    }
}
