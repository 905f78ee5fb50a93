using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using SseCFs.Keys;
using SseCFs.Store;
using SseCFs.Store.S3;

namespace SseCFs.Upkeep;

/// <summary>
/// Encrypts the objects of a bucket anew, each with the key that the ring writes with at its place, while others go on working in it. The new form of an object is made beside it
/// first, read back and compared; then it takes the object's place, if that is still the version that was read. A run that was cut short is simply started again. Used once; not
/// thread-safe.
/// </summary>
/// <param name="ring">Of the store.</param>
public sealed class Rekey(IObjectStore store, KeyRing ring, RekeyOptions options)
{
    /// <summary>Where new forms are until they are compared, below the prefix that is worked on.</summary>
    public const string WorkFolder = ".ssecfs-rekey/";

    /// <summary>An object that others change so often while it is copied is left to the next run.</summary>
    private const int Attempts = 3;

    /// <summary>The content type of new forms that are not compared yet: objects of other content types below the folder are somebody's own.</summary>
    private const string WorkType = "application/x-ssecfs-rekey";

    private const string ModifyName = "mtime";

    private readonly Lock _lock = new();
    private readonly Tally<(string? Fingerprint, RekeyOutcome Outcome)> _tally = new();
    private readonly List<Damage> _failed = [];
    private long _objects, _bytes;

    /// <summary>Objects and bytes that are to be looked at; null until they are counted.</summary>
    public (long Objects, long Bytes)? Total { get; private set; }

    /// <summary>Objects, and bytes of them, that were dealt with so far.</summary>
    public (long Objects, long Bytes) Done => (Interlocked.Read(ref _objects), Interlocked.Read(ref _bytes));

    /// <param name="prefix">Only objects whose keys begin so.</param>
    /// <exception cref="FsException">The service could not be asked any more. What was done so far holds.</exception>
    public async Task<RekeyResult> RunAsync(string prefix, CancellationToken cancellation)
    {
        await CountAsync(prefix, cancellation).ConfigureAwait(false);
        await BucketWalk.RunAsync(store, prefix, options.AtOnce, (listed, token) => LookAsync(prefix, listed, token), cancellation).ConfigureAwait(false);
        var groups = _tally.Kinds.Select(one => new RekeyGroup(one.Kind.Outcome, one.Kind.Fingerprint, one.Objects, one.Bytes, one.Example));
        return new RekeyResult(
            [.. groups.OrderBy(group => group.Outcome).ThenByDescending(group => group.Bytes)],
            [.. _failed.OrderBy(failure => failure.Key, StringComparer.Ordinal)]);
    }

    /// <summary>A listing is cheap, and lets the progress be told. What a run that was cut short left beside the objects goes.</summary>
    private async Task CountAsync(string prefix, CancellationToken cancellation)
    {
        var (objects, bytes) = (0L, 0L);
        await foreach (var page in store.ListAllAsync(prefix, null, cancellation).ConfigureAwait(false))
        {
            foreach (var listed in page.Objects)
            {
                if (await FindWorkAsync(prefix, listed.Key, cancellation).ConfigureAwait(false) is not { } left)
                {
                    (objects, bytes) = (objects + 1, bytes + listed.Size);
                }
                else if (!options.IsDryRun)
                {
                    await store.DeleteAsync(left.Key, left.ETag, cancellation).ConfigureAwait(false);
                }
            }
        }
        Total = (objects, bytes);
    }

    private async ValueTask LookAsync(string prefix, ListedObject listed, CancellationToken cancellation)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                var info = await store.HeadAsync(listed.Key, cancellation).ConfigureAwait(false);
                if (IsWork(prefix, info))
                {
                    return;
                }
                Count(listed, info.KeyFingerprint, await RekeyAsync(prefix, info, cancellation).ConfigureAwait(false));
                return;
            }
            catch (FsException e) when (e.Reason is FsError.Stale or FsError.Conflict or FsError.NotFound && attempt < Attempts)
            {
                // Changed or removed meanwhile: looked at again.
            }
            catch (FsException e) when (e.Reason == FsError.NotFound)
            {
                Count(listed, null, RekeyOutcome.Gone);
                return;
            }
            catch (FsException e) when (e.Reason == FsError.KeyUnknown)
            {
                Count(listed, null, RekeyOutcome.Unreadable);
                return;
            }
            catch (FsException e) when (e.Reason is FsError.Stale or FsError.Conflict)
            {
                Count(listed, null, RekeyOutcome.Busy);
                return;
            }
            catch (FsException e) when (e.Reason != FsError.Unavailable)
            {
                Count(listed, null, RekeyOutcome.Failed);
                lock (_lock)
                {
                    _failed.Add(new Damage(listed.Key, e.Message));
                }
                return;
            }
        }
    }

    private async ValueTask<RekeyOutcome> RekeyAsync(string prefix, ObjectInfo info, CancellationToken cancellation)
    {
        var writer = ring.WriterOf(info.Key).Fingerprint;
        if (info.KeyFingerprint == writer)
        {
            return RekeyOutcome.Unchanged;
        }
        if (info.Encryption == Encryption.Plain && !options.EncryptPlain)
        {
            return RekeyOutcome.Plain;
        }
        if (!options.IsDryRun)
        {
            await ReplaceAsync(info, prefix + WorkFolder + NameOf(info.Key), writer, cancellation).ConfigureAwait(false);
        }
        return RekeyOutcome.Changed;
    }

    private async ValueTask ReplaceAsync(ObjectInfo info, string beside, string writer, CancellationToken cancellation)
    {
        var metadata = WithTime(info) with
        {
            Tags = await store.GetTagsAsync(info.Key, cancellation).ConfigureAwait(false),
            KeyFingerprint = writer,
            FormerETag = info.ETag,
        };
        try
        {
            await store.CopyAsync(info, beside, metadata with { ContentType = WorkType }, WriteCondition.None, cancellation).ConfigureAwait(false);
            var copy = await CompareAsync(info, beside, writer, cancellation).ConfigureAwait(false);
            await store.CopyAsync(copy, info.Key, metadata, WriteCondition.Match(info.ETag), cancellation).ConfigureAwait(false);
        }
        finally
        {
            await store.DeleteAsync(beside, null, CancellationToken.None).ConfigureAwait(false);
        }
    }

    /// <summary>Reads the copy as it is stored now, and compares it with the hash that is kept with the object, else with the object itself.</summary>
    private async ValueTask<ObjectInfo> CompareAsync(ObjectInfo info, string beside, string writer, CancellationToken cancellation)
    {
        var (copy, hash) = await HashAsync(beside, info.Size, null, cancellation).ConfigureAwait(false);
        var isRight = copy.Size == info.Size && copy.KeyFingerprint == writer
            && (hash == info.Metadata.User.GetValueOrDefault(ContentMd5.MetadataName) || hash == (await HashAsync(info.Key, info.Size, info.ETag, cancellation).ConfigureAwait(false)).Hash);
        return isRight ? copy : throw new FsException(FsError.BadReply, $"what the service gives back of {info.Key} under the new key is not what was stored, so the object stays as it is");
    }

    private async ValueTask<(ObjectInfo Info, string Hash)> HashAsync(string key, long size, string? ifMatch, CancellationToken cancellation)
    {
        var body = (await store.GetAsync(key, 0, Math.Max(1, size), ifMatch, null, cancellation).ConfigureAwait(false))!;
        await using (body.ConfigureAwait(false))
        {
            return (body.Info, await ContentMd5.OfAsync(body, cancellation).ConfigureAwait(false));
        }
    }

    /// <summary>Of an object that carries no time of its own, the time at which it was stored is what everyone sees as that of its last change: it would become that of this run.</summary>
    private static ObjectMetadata WithTime(ObjectInfo info)
    {
        if (info.Metadata.User.ContainsKey(ModifyName))
        {
            return info.Metadata;
        }
        var user = new Dictionary<string, string>(info.Metadata.User)
        {
            [ModifyName] = info.LastModified.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture),
        };
        return ObjectMetadata.SizeOf(user) <= ObjectMetadata.LargestUser ? info.Metadata with { User = user } : info.Metadata;
    }

    private static bool IsInWorkFolder(string prefix, string key) => key.AsSpan(prefix.Length).StartsWith(WorkFolder, StringComparison.Ordinal);

    private static bool IsWork(string prefix, ObjectInfo info) => IsInWorkFolder(prefix, info.Key) && info.Metadata.ContentType == WorkType;

    /// <summary>What an earlier run left; null: something else.</summary>
    private async ValueTask<ObjectInfo?> FindWorkAsync(string prefix, string key, CancellationToken cancellation)
    {
        if (!IsInWorkFolder(prefix, key))
        {
            return null;
        }
        try
        {
            var info = await store.HeadAsync(key, cancellation).ConfigureAwait(false);
            return IsWork(prefix, info) ? info : null;
        }
        catch (FsException e) when (e.Reason == FsError.NotFound || e.IsUnreadable)
        {
            return null;
        }
    }

    /// <summary>The same for every run, so that the next one replaces what this one may leave.</summary>
    private static string NameOf(string key) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key)).AsSpan(0, 16));

    private void Count(in ListedObject listed, string? fingerprint, RekeyOutcome outcome)
    {
        _tally.Add((fingerprint, outcome), listed);
        Interlocked.Increment(ref _objects);
        Interlocked.Add(ref _bytes, listed.Size);
    }
}

/// <summary>How a <see cref="Rekey"/> goes about it.</summary>
public sealed record RekeyOptions
{
    /// <summary>Encrypt objects that are not encrypted, too.</summary>
    public bool EncryptPlain { get; init; }

    /// <summary>Look at everything, and change nothing.</summary>
    public bool IsDryRun { get; init; }

    /// <summary>Objects under way together; each that passes through here holds up to 32 MiB.</summary>
    public int AtOnce { get; init; } = 8;
}

/// <summary>What became of an object; in the order in which it is reported.</summary>
public enum RekeyOutcome
{
    /// <summary>It is under the new key now; in a dry run: it would be.</summary>
    Changed,

    /// <summary>It was under the new key already.</summary>
    Unchanged,

    /// <summary>Not encrypted, and not asked to be.</summary>
    Plain,

    /// <summary>Removed meanwhile.</summary>
    Gone,

    /// <summary>Others changed it again and again: left as it is.</summary>
    Busy,

    /// <summary>Under a key that is not ours: left as it is.</summary>
    Unreadable,

    /// <summary>Left as it is; why is told with its key.</summary>
    Failed,
}

/// <summary>Objects with the same fate.</summary>
/// <param name="FromFingerprint">The key that they were found under; null: none, or none that is ours.</param>
/// <param name="Example">The key of one of them, the first in order.</param>
public sealed record RekeyGroup(RekeyOutcome Outcome, string? FromFingerprint, long Objects, long Bytes, string Example);

/// <param name="Failed">What went wrong, by key.</param>
public sealed record RekeyResult(IReadOnlyList<RekeyGroup> Groups, IReadOnlyList<Damage> Failed)
{
    /// <summary>Something is left to do.</summary>
    public bool IsIncomplete => Groups.Any(group => group.Outcome is RekeyOutcome.Busy or RekeyOutcome.Unreadable or RekeyOutcome.Failed);
}
