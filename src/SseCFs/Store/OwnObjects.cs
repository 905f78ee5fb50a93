namespace SseCFs.Store;

/// <summary>Asks a store for what a write of ours made.</summary>
internal static class OwnObjects
{
    /// <summary>The version under a key if this attempt made it, as after a reply that was lost; null: another one, none, or one that no key here opens.</summary>
    public static async ValueTask<ObjectInfo?> FindOwnAsync(this IObjectStore store, string key, WriteAttempt attempt, CancellationToken cancellation)
    {
        try
        {
            var there = await store.HeadAsync(key, cancellation).ConfigureAwait(false);
            return await store.IsOwnAsync(there, attempt, cancellation).ConfigureAwait(false) ? there : null;
        }
        catch (FsException e) when (e.Reason == FsError.NotFound || e.IsUnreadable)
        {
            return null;
        }
    }
}
