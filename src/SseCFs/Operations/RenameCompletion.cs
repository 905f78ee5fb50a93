using SseCFs.Keys;
using SseCFs.Outbox;
using SseCFs.Store;
using SseCFs.Tree;

namespace SseCFs.Operations;

/// <summary>What is left of a file's rename once its copy stands under the new name: the names change places, and the source goes. Thread-safe.</summary>
internal sealed class RenameCompletion(Mounted mounted, Removal removal, Saving saving)
{
    private readonly Namespace _names = mounted.Names;

    /// <summary>By a caller who holds the gates of both directories and of the files.</summary>
    /// <param name="metadata">The attributes that the copy has.</param>
    public async ValueTask FinishAsync(FileMove move, WrittenObject written, PosixMetadata metadata)
    {
        move.IsCopied = true;
        var source = move.Source;
        lock (_names.Sync)
        {
            if (move.Replaced is not null)
            {
                removal.Forget(move.Replaced);
            }
            _names.Move(source, move.To, move.NewName);
            lock (source.Sync)
            {
                Versions.Moved(source, move.NewKey, written);
                source.Attributes = source.Attributes.AfterStoring(move.Sent with { Metadata = metadata });
                source.AreAttributesInFlight = false;
            }
        }
        try
        {
            // Who waits for the rename may leave, but not in the middle of this.
            await saving.FollowNameAsync(source, CancellationToken.None).ConfigureAwait(false);
            await RemoveSourceAsync(source, move.From, move.OldKey, move.OldVersion.ETag, move.NewKey).ConfigureAwait(false);
        }
        catch (FsException)
        {
            Tell(move);
            throw;
        }
        move.Record.End();
    }

    /// <summary>The kernel changes the names by itself only when a rename succeeds: else it would lead the old name to what has the new one.</summary>
    public void Tell(FileMove move)
    {
        mounted.Invalidation?.InvalidateEntry(move.From.Number, FileName.ToName(move.OldName)!);
        mounted.Invalidation?.InvalidateEntry(move.To.Number, FileName.ToName(move.NewName)!);
    }

    public async ValueTask RemoveSourceAsync(FileInode source, DirectoryInode from, string oldKey, string oldETag, string newKey)
    {
        try
        {
            while (!await RenamedSource.TryRemoveAsync(mounted, oldKey, oldETag, CancellationToken.None).ConfigureAwait(false))
            {
                if (await TakeAlongAsync(source, oldKey, newKey).ConfigureAwait(false) is { } taken)
                {
                    oldETag = taken;
                    continue;
                }
                TreeLog.ChangedMeanwhile(mounted.Log, oldKey);
                lock (_names.Sync)
                {
                    from.ListedAt = null;
                }
                return;
            }
        }
        catch (FsException e)
        {
            // The file is at its new place: that much is done. The old name shows again until the next mount, which finds the record, or someone removes it.
            TreeLog.SourceLeft(mounted.Log, oldKey, newKey, e.Message);
            throw;
        }
    }

    /// <summary>
    /// Another writer has stored a version under the old name since it was last looked at: that is what the new name gets, unless a program here has the file open.
    /// </summary>
    /// <returns>The ETag of that version; null: it stays where it is.</returns>
    private async ValueTask<string?> TakeAlongAsync(FileInode source, string oldKey, string newKey)
    {
        WriteCondition condition;
        lock (source.Sync)
        {
            if (source.Handles > 0 || source.Staged is not null)
            {
                return null;
            }
            condition = WriteCondition.Match(source.Stored!.ETag);
        }
        try
        {
            var theirs = await mounted.Store.HeadAsync(oldKey, CancellationToken.None).ConfigureAwait(false);
            var copy = await mounted.Store.CopyAsync(theirs, newKey, theirs.Metadata, condition, CancellationToken.None).ConfigureAwait(false);
            lock (_names.Sync)
            {
                lock (source.Sync)
                {
                    Versions.Replace(mounted, source, new StoredVersion(copy.ETag, theirs.Size, copy.LastModified, Encryption.CustomerKey, IsOwnWrite: true));
                }
            }
            return theirs.ETag;
        }
        catch (FsException e) when (e.Reason == FsError.NotFound)
        {
            // Removed again: the old name is free, whatever version is named.
            return "";
        }
        catch (FsException e) when (e.IsUnreadable || e.Reason is FsError.Stale or FsError.Conflict)
        {
            return null;
        }
    }
}
