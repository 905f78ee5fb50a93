using SseCFs.Store;

namespace SseCFs.Upkeep;

/// <summary>Objects of one kind, as an <see cref="Audit"/> found them.</summary>
public sealed record AuditGroup
{
    /// <summary>The key that opens them; null if they are plain or none of ours does.</summary>
    public string? KeyFingerprint { get; init; }

    /// <summary>Not encrypted with a customer's key.</summary>
    public bool IsPlain { get; init; }

    public long Objects { get; init; }

    public long Bytes { get; init; }

    /// <summary>The key of one of them, the first in order.</summary>
    public string Example { get; init; } = "";

    /// <summary>Under a key that is not ours.</summary>
    public bool IsUnreadable => KeyFingerprint is null && !IsPlain;
}

/// <summary>Counts the objects of a bucket by what they are encrypted with: one HEAD for each, more where several keys must be tried. Used once; not thread-safe.</summary>
/// <param name="atOnce">Requests under way together.</param>
public sealed class Audit(IObjectStore store, int atOnce = 8)
{
    private readonly Tally<(string? Fingerprint, bool IsPlain)> _tally = new();
    private long _seen;

    /// <summary>Objects that were looked at so far.</summary>
    public long Seen => Interlocked.Read(ref _seen);

    /// <returns>Groups by key, the largest first, then plain objects, then those that no key opens. An object that goes meanwhile is not counted.</returns>
    /// <exception cref="FsException">The service failed.</exception>
    public async Task<IReadOnlyList<AuditGroup>> RunAsync(string prefix, CancellationToken cancellation)
    {
        await BucketWalk.RunAsync(store, prefix, atOnce, LookAsync, cancellation).ConfigureAwait(false);
        var groups = _tally.Kinds.Select(one => new AuditGroup { KeyFingerprint = one.Kind.Fingerprint, IsPlain = one.Kind.IsPlain, Objects = one.Objects, Bytes = one.Bytes, Example = one.Example });
        return [.. groups.OrderBy(group => group.IsUnreadable ? 2 : group.IsPlain ? 1 : 0).ThenByDescending(group => group.Bytes)];
    }

    private async ValueTask LookAsync(ListedObject listed, CancellationToken cancellation)
    {
        try
        {
            var info = await store.HeadAsync(listed.Key, cancellation).ConfigureAwait(false);
            Count(listed, info.KeyFingerprint, info.Encryption == Encryption.Plain);
        }
        catch (FsException e) when (e.Reason == FsError.KeyUnknown)
        {
            Count(listed, null, isPlain: false);
        }
        catch (FsException e) when (e.Reason == FsError.NotFound)
        {
            // Removed since it was listed.
        }
    }

    private void Count(in ListedObject listed, string? fingerprint, bool isPlain)
    {
        _tally.Add((fingerprint, isPlain), listed);
        Interlocked.Increment(ref _seen);
    }
}
