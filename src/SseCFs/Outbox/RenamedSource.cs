using SseCFs.Tree;

namespace SseCFs.Outbox;

/// <summary>What a rename leaves under the old name once its copy stands under the new one. Stateless.</summary>
internal static class RenamedSource
{
    /// <summary>Removes the version that was copied. What another writer has stored there meanwhile stays, and the log says so.</summary>
    public static async ValueTask RemoveAsync(Mounted mounted, string key, string etag, CancellationToken cancellation)
    {
        if (!await TryRemoveAsync(mounted, key, etag, cancellation).ConfigureAwait(false))
        {
            TreeLog.ChangedMeanwhile(mounted.Log, key);
        }
    }

    /// <returns>False: another version is there.</returns>
    public static async ValueTask<bool> TryRemoveAsync(Mounted mounted, string key, string etag, CancellationToken cancellation)
    {
        try
        {
            await mounted.Store.DeleteAsync(key, etag, cancellation).ConfigureAwait(false);
            return true;
        }
        catch (FsException e) when (e.Reason == FsError.Conflict)
        {
            return await TryRemoveFollowerAsync(mounted, key, etag, cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>The version that was copied, encrypted anew since: the copy has all of it.</summary>
    private static async ValueTask<bool> TryRemoveFollowerAsync(Mounted mounted, string key, string etag, CancellationToken cancellation)
    {
        try
        {
            var info = await mounted.Store.HeadAsync(key, cancellation).ConfigureAwait(false);
            if (info.FormerETag != etag)
            {
                return false;
            }
            await mounted.Store.DeleteAsync(key, info.ETag, cancellation).ConfigureAwait(false);
            return true;
        }
        catch (FsException e) when (e.Reason is FsError.Conflict or FsError.NotFound || e.IsUnreadable)
        {
            return e.Reason == FsError.NotFound;
        }
    }
}
