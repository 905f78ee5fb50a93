using SseCFs.Keys;
using SseCFs.Store;

namespace SseCFs.Upkeep;

/// <summary>
/// What a look at a few stored objects says about a key: before a mount is used, a wrong key should be told by one message
/// rather than by thousands of files that do not open.
/// </summary>
/// <param name="Readable">Encrypted objects that the key opens.</param>
/// <param name="Unreadable">Encrypted objects that it does not open.</param>
/// <param name="Example">The key of an object that it does not open.</param>
public sealed record KeySample(int Readable, int Unreadable, string? Example)
{
    private const int Listed = 200;
    private const int Most = 5;

    /// <summary>One LIST, and up to five HEADs in parallel of objects spread over what it shows. A failure is an <see cref="FsException"/>.</summary>
    /// <param name="prefix">Only objects whose keys begin so.</param>
    public static async ValueTask<KeySample> TakeAsync(IObjectStore store, string prefix, CancellationToken cancellation)
    {
        var page = await store.ListAsync(prefix, delimiter: null, continuation: null, Listed, cancellation).ConfigureAwait(false);
        // Markers of directories are often stored plain by other tools, and say nothing then.
        var files = page.Objects.Where(listed => listed.Size > 0).ToList();
        var chosen = files.Count <= Most ? files : [.. Enumerable.Range(0, Most).Select(i => files[i * (files.Count - 1) / (Most - 1)])];
        var looks = await Task.WhenAll(chosen.Select(listed => LookAsync(store, listed.Key, cancellation))).ConfigureAwait(false);
        return new KeySample(
            looks.Count(opens => opens is true),
            looks.Count(opens => opens is false),
            chosen.Where((_, i) => looks[i] is false).Select(listed => listed.Key).FirstOrDefault());
    }

    /// <summary>Whether the key opens the object; null if it is plain, or gone meanwhile.</summary>
    private static async Task<bool?> LookAsync(IObjectStore store, string key, CancellationToken cancellation)
    {
        try
        {
            var info = await store.HeadAsync(key, cancellation).ConfigureAwait(false);
            return info.Encryption == Encryption.CustomerKey ? true : null;
        }
        catch (FsException e) when (e.Reason == FsError.KeyUnknown)
        {
            return false;
        }
        catch (FsException e) when (e.Reason == FsError.NotFound)
        {
            return null;
        }
    }
}
