using SseCFs.Content;
using SseCFs.Store;
using SseCFs.Tree;

namespace SseCFs.Outbox;

/// <summary>Puts the stored content of a file under another key or attributes: sent again where it is small and in memory, else copied by the service. Thread-safe.</summary>
internal sealed class FileCopies(Mounted mounted)
{
    /// <summary>Content up to this, if it is in memory, is sent again rather than copied on the server: one request instead of several.</summary>
    private const long ResendLimit = 4 << 20;

    /// <summary>Whether <see cref="CopyAsync"/> would send what is in memory.</summary>
    public bool IsResent(FileInode file) => Versions.ContentOf(mounted, file) is { } content && content.Size <= ResendLimit && content.IsCached();

    /// <summary>Stores the content under a key with the given attributes. By a caller who holds the file's gate.</summary>
    /// <returns>The version, and the attributes that it has.</returns>
    public async ValueTask<(WrittenObject Written, PosixMetadata Metadata)> CopyAsync(
        FileInode file, string key, PosixMetadata metadata, WriteAttempt attempt, WriteCondition condition, CancellationToken cancellation)
    {
        if (IsResent(file))
        {
            return await ResendAsync(Versions.ContentOf(mounted, file)!, key, metadata, attempt, condition, cancellation).ConfigureAwait(false);
        }
        ObjectInfo source;
        var sourceKey = mounted.Names.KeyOf(file);
        lock (file.Sync)
        {
            source = Versions.InfoOf(file, sourceKey);
        }
        return (await mounted.Store.CopyAsync(source, key, metadata.ToObjectMetadata() with { Attempt = attempt }, condition, cancellation).ConfigureAwait(false), metadata);
    }

    /// <summary>
    /// Copies a stored file over an empty one on the server, unless it is small: then its bytes are as quickly here. The target is stored when this returns.
    /// </summary>
    /// <param name="length">Bytes asked for.</param>
    /// <exception cref="FsException"><see cref="FsError.NotSupported"/>: not in this way.</exception>
    public async ValueTask<long> CopyWholeAsync(FileInode source, FileInode target, long length, CancellationToken cancellation)
    {
        if (ReferenceEquals(source, target))
        {
            throw new FsException(FsError.NotSupported, "a file is not copied over itself");
        }
        using var hold = await Hold.TakeAsync(mounted.Names, source, target, cancellation).ConfigureAwait(false);
        using var held = new WritersHeld(target);
        var sourceKey = mounted.Names.KeyOf(source);
        var key = mounted.Names.KeyOf(target);
        ObjectInfo from;
        string? hash;
        lock (source.Sync)
        {
            if (source.IsDetached || source.Staged is not null || source.IsUploading || source.Stored is not { Size: > ResendLimit } stored || stored.Size > length)
            {
                throw new FsException(FsError.NotSupported, $"{sourceKey} is not copied by the service");
            }
            from = Versions.InfoOf(source, sourceKey);
            hash = source.Metadata?.ContentHash;
        }
        SentAttributes sent;
        WriteCondition condition;
        lock (target.Sync)
        {
            if (target.IsDetached || target.Size > 0)
            {
                throw new FsException(FsError.NotSupported, $"{key} is not empty");
            }
            var now = mounted.Now();
            sent = new SentAttributes(target.Metadata! with { ModifyTime = now, ChangeTime = now, ContentHash = hash }, target.Attributes.Patch);
            condition = target.Stored is { } replaced ? WriteCondition.Match(replaced.ETag) : WriteCondition.Absent;
        }
        try
        {
            var written = await mounted.Store.CopyAsync(from, key, sent.Metadata.ToObjectMetadata(), condition, cancellation).ConfigureAwait(false);
            Versions.Settle(mounted, target, target.Staged, from.Size, key, written, () => target.Attributes.AfterStoring(sent));
            return from.Size;
        }
        catch (FsException e) when (e.Reason is FsError.Stale or FsError.Conflict or FsError.Exists or FsError.NotFound)
        {
            // Either has changed meanwhile: read and written, it becomes what it should be, or the conflict that it is.
            throw new FsException(FsError.NotSupported, e.Message, e);
        }
    }

    private async ValueTask<(WrittenObject Written, PosixMetadata Metadata)> ResendAsync(
        StoredContent content, string key, PosixMetadata metadata, WriteAttempt attempt, WriteCondition condition, CancellationToken cancellation)
    {
        var segments = new ReadSegments();
        var sent = metadata;
        try
        {
            await content.ReadAsync(0, (int)content.Size, 0, segments, cancellation).ConfigureAwait(false);
            var slices = Enumerable.Range(0, segments.Count).Select(i => segments[i]).ToList();
            var written = await mounted.Upload.PutAsync(key, slices, hash =>
            {
                sent = metadata with { ContentHash = hash is null ? null : Convert.ToBase64String(hash) };
                return sent.ToObjectMetadata() with { Attempt = attempt };
            }, condition, cancellation).ConfigureAwait(false);
            return (written, sent);
        }
        finally
        {
            segments.Release();
        }
    }
}
