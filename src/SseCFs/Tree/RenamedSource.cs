namespace SseCFs.Tree;

/// <summary>What a rename leaves under the old name once its copy stands under the new one. Stateless.</summary>
internal static class RenamedSource
{
    /// <summary>Removes the version that was copied. What another writer has stored there meanwhile stays.</summary>
    /// <returns>Whether the name is free.</returns>
    public static async ValueTask<bool> RemoveAsync(Mounted mounted, string key, string etag, CancellationToken cancellation)
    {
        try
        {
            await mounted.Store.DeleteAsync(key, etag, cancellation).ConfigureAwait(false);
            return true;
        }
        catch (FsException e) when (e.Reason == FsError.Conflict)
        {
            TreeLog.ChangedMeanwhile(mounted.Log, key);
            return false;
        }
    }
}
