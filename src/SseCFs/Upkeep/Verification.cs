using SseCFs.Store;
using SseCFs.Store.S3;

namespace SseCFs.Upkeep;

/// <summary>An object that is not what it should be.</summary>
public sealed record Damage(string Key, string What);

/// <summary>What a <see cref="Verification"/> found.</summary>
/// <param name="Right">Objects whose content has the hash that is kept with it.</param>
/// <param name="WithoutHash">Objects that could be read to their end, and with which no hash is kept.</param>
/// <param name="Unreadable">Objects under a key that is not ours: not read.</param>
/// <param name="Damaged">By key.</param>
public sealed record VerificationResult(long Right, long WithoutHash, long Unreadable, IReadOnlyList<Damage> Damaged);

/// <summary>
/// Reads all objects of a bucket and compares them with the MD5 in their metadata (md5chksum, in base64, as rclone keeps it too). Used once; not thread-safe.
/// </summary>
/// <param name="atOnce">Objects that are read together.</param>
public sealed class Verification(IObjectStore store, int atOnce = 8)
{
    private readonly Lock _lock = new();
    private readonly List<Damage> _damaged = [];
    private long _right, _withoutHash, _unreadable, _bytes, _seen;

    /// <summary>Objects, and bytes of them, that were read so far.</summary>
    public (long Objects, long Bytes) Done => (Interlocked.Read(ref _seen), Interlocked.Read(ref _bytes));

    /// <exception cref="FsException">The service could not be asked any more.</exception>
    public async Task<VerificationResult> RunAsync(string prefix, CancellationToken cancellation)
    {
        await BucketWalk.RunAsync(store, prefix, atOnce, VerifyAsync, cancellation).ConfigureAwait(false);
        return new VerificationResult(_right, _withoutHash, _unreadable, [.. _damaged.OrderBy(damage => damage.Key, StringComparer.Ordinal)]);
    }

    private async ValueTask VerifyAsync(ListedObject listed, CancellationToken cancellation)
    {
        try
        {
            var body = (await store.GetAsync(listed.Key, 0, Math.Max(1, listed.Size), null, null, cancellation).ConfigureAwait(false))!;
            await using (body.ConfigureAwait(false))
            {
                if (body.Length < body.Info.Size)
                {
                    // It grew since it was listed: what stands there now is somebody's fresh work.
                    return;
                }
                var hash = await ContentMd5.OfAsync(body, cancellation).ConfigureAwait(false);
                Interlocked.Add(ref _bytes, body.Length);
                Judge(listed.Key, body.Info.Metadata.User.GetValueOrDefault(ContentMd5.MetadataName), hash);
            }
        }
        catch (FsException e) when (e.Reason == FsError.KeyUnknown)
        {
            Interlocked.Increment(ref _unreadable);
        }
        catch (FsException e) when (e.Reason is FsError.NotFound or FsError.Stale)
        {
            // Removed or replaced meanwhile.
        }
        catch (FsException e) when (e.Reason == FsError.BadReply)
        {
            Add(new Damage(listed.Key, $"it cannot be read to its end: {e.Message}"));
        }
        Interlocked.Increment(ref _seen);
    }

    private void Judge(string key, string? kept, string hash)
    {
        if (kept is null)
        {
            Interlocked.Increment(ref _withoutHash);
        }
        else if (kept == hash)
        {
            Interlocked.Increment(ref _right);
        }
        else
        {
            Add(new Damage(key, $"its content has the MD5 {hash}, and {kept} is kept with it"));
        }
    }

    private void Add(Damage damage)
    {
        lock (_lock)
        {
            _damaged.Add(damage);
        }
    }
}
