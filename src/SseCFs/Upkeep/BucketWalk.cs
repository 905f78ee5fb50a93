using SseCFs.Store;

namespace SseCFs.Upkeep;

/// <summary>Goes through all objects of a bucket or a folder in it, several at once. Stateless.</summary>
internal static class BucketWalk
{
    /// <param name="prefix">Only objects whose keys begin so.</param>
    /// <param name="atOnce">Objects under way together.</param>
    /// <param name="act">What it throws ends the walk.</param>
    public static async Task RunAsync(IObjectStore store, string prefix, int atOnce, Func<ListedObject, CancellationToken, ValueTask> act, CancellationToken cancellation)
    {
        await foreach (var page in store.ListAllAsync(prefix, null, cancellation).ConfigureAwait(false))
        {
            await Parallel.ForEachAsync(page.Objects, new ParallelOptions { MaxDegreeOfParallelism = atOnce, CancellationToken = cancellation }, act).ConfigureAwait(false);
        }
    }
}
