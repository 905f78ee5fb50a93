using SseCFs.Journal;
using SseCFs.Keys;
using SseCFs.Outbox;
using SseCFs.Store;
using SseCFs.Tree;

namespace SseCFs.Operations;

/// <summary>rename(2): of a file at once or by a copy on the server, of a directory object by object. Thread-safe.</summary>
internal sealed class Renaming(
    Mounted mounted, Lookup lookup, MetadataReader metadata, Sends sends, FileStorer storer, FileCopies copies, Saving saving, Creation creation, Removal removal, RenameCompletion completion, RenamesInDoubt doubts)
{
    /// <summary>Each time another writer was faster.</summary>
    private const int MostTries = 3;

    private readonly Namespace _names = mounted.Names;
    private readonly TreeMove _move = new(mounted, storer, saving);

    /// <summary>The caller holds the gates of both directories.</summary>
    public async ValueTask RenameAsync(DirectoryInode from, string oldName, DirectoryInode to, string newName, bool noReplace, CancellationToken cancellation)
    {
        var source = await lookup.GetAsync(from, oldName, cancellation).ConfigureAwait(false);
        if (source is FileInode { Stored: not null } file && copies.IsResent(file))
        {
            source = await lookup.GetToResendAsync(from, oldName, source, cancellation).ConfigureAwait(false);
        }
        // The condition of the copy shows if the target is not what is known of it; where nothing is copied at once, it is asked for.
        var isCopied = source is FileInode { Stored: not null } and not FileInode { IsClaim: true, Staged: not null };
        var target = isCopied && !noReplace
            ? await lookup.FindToReplaceAsync(to, newName, cancellation).ConfigureAwait(false)
            : await lookup.FindNowAsync(to, newName, thread: null, cancellation).ConfigureAwait(false);
        for (var tries = 1; await TryRenameAsync(source, oldName, from, target, newName, to, noReplace, cancellation).ConfigureAwait(false) is { } failure; tries++)
        {
            if (tries == MostTries)
            {
                throw new FsException(failure.Reason, failure.Message, failure);
            }
            // Another writer has moved, removed or replaced what is known of either name.
            source = await lookup.GetNowAsync(from, oldName, cancellation).ConfigureAwait(false);
            target = await lookup.FindNowAsync(to, newName, thread: null, cancellation).ConfigureAwait(false);
        }
    }

    /// <returns>Why nothing was done, if one of the names may lead to something else by now; null: it is done.</returns>
    private async ValueTask<FsException?> TryRenameAsync(
        Inode source, string oldName, DirectoryInode from, Inode? target, string newName, DirectoryInode to, bool noReplace, CancellationToken cancellation)
    {
        if (target is not null && noReplace)
        {
            throw new FsException(FsError.Exists, $"{_names.KeyOf(to, newName)} exists");
        }
        if (ReferenceEquals(source, target))
        {
            return null;
        }
        if (await metadata.IsHiddenAsync(source, cancellation).ConfigureAwait(false))
        {
            throw new FsException(FsError.NotFound, $"there is no {oldName} in {_names.KeyOf(from)}");
        }
        if (target is not null && await metadata.IsHiddenAsync(target, cancellation).ConfigureAwait(false))
        {
            throw new FsException(FsError.Exists, $"{_names.KeyOf(to, newName)} exists, and is not shown because it is not encrypted");
        }
        var failure = source is DirectoryInode directory
            ? await RenameDirectoryAsync(directory, from, to, newName, target, cancellation).ConfigureAwait(false)
            : await RenameFileAsync((FileInode)source, from, to, newName, target, noReplace, cancellation).ConfigureAwait(false);
        if (failure is not null)
        {
            return failure;
        }
        creation.TouchDirectory(from);
        if (!ReferenceEquals(from, to))
        {
            creation.TouchDirectory(to);
        }
        return null;
    }

    private async ValueTask<FsException?> RenameFileAsync(
        FileInode source, DirectoryInode from, DirectoryInode to, string newName, Inode? target, bool noReplace, CancellationToken cancellation)
    {
        FsException? failure = null;
        await storer.RepeatAsync(
            async () => failure = await RenameFileOnceAsync(source, from, to, newName, target, noReplace, cancellation).ConfigureAwait(false), cancellation).ConfigureAwait(false);
        return failure;
    }

    private async ValueTask<FsException?> RenameFileOnceAsync(
        FileInode source, DirectoryInode from, DirectoryInode to, string newName, Inode? target, bool noReplace, CancellationToken cancellation)
    {
        if (target is DirectoryInode)
        {
            return new FsException(FsError.IsDirectory, $"{_names.KeyOf(target)} is a directory");
        }
        var replaced = (FileInode?)target;
        var newKey = _names.KeyOf(to, newName);
        await EnsureReadableAsync(source, cancellation).ConfigureAwait(false);
        if (replaced is not null)
        {
            await EnsureReadableAsync(replaced, cancellation).ConfigureAwait(false);
        }
        // Two files' gates, in the order of their numbers as everywhere. Of the one that is replaced, nothing need be sent any more.
        var (first, second) = replaced is not null && replaced.Number < source.Number ? (replaced, source) : (source, replaced);
        using (ReferenceEquals(first, replaced) ? sends.Stop(first) : null)
        {
            await first.Gate.WaitAsync(cancellation).ConfigureAwait(false);
        }
        try
        {
            if (second is not null)
            {
                using (ReferenceEquals(second, replaced) ? sends.Stop(second) : null)
                {
                    await second.Gate.WaitAsync(cancellation).ConfigureAwait(false);
                }
            }
            try
            {
                FsException? failure;
                try
                {
                    failure = await MoveFileAsync(source, from, to, newName, newKey, replaced, noReplace, cancellation).ConfigureAwait(false);
                }
                catch (FsException e) when (e.Reason is FsError.Stale or FsError.Conflict)
                {
                    if (!await TryFollowAsync(source, replaced, cancellation).ConfigureAwait(false))
                    {
                        throw;
                    }
                    return await MoveFileAsync(source, from, to, newName, newKey, replaced, noReplace, cancellation).ConfigureAwait(false);
                }
                return failure is { Reason: FsError.Stale or FsError.Conflict } && await TryFollowAsync(source, replaced, cancellation).ConfigureAwait(false)
                    ? await MoveFileAsync(source, from, to, newName, newKey, replaced, noReplace, cancellation).ConfigureAwait(false)
                    : failure;
            }
            finally
            {
                second?.Gate.Release();
            }
        }
        finally
        {
            first.Gate.Release();
        }
    }

    /// <summary>Either was encrypted anew, and is known under its new version now.</summary>
    private async ValueTask<bool> TryFollowAsync(FileInode source, FileInode? replaced, CancellationToken cancellation) =>
        await Versions.TryFollowAsync(mounted, source, cancellation).ConfigureAwait(false)
        | (replaced is not null && await Versions.TryFollowAsync(mounted, replaced, cancellation).ConfigureAwait(false));

    private async ValueTask<FsException?> MoveFileAsync(
        FileInode source, DirectoryInode from, DirectoryInode to, string newName, string newKey, FileInode? replaced, bool noReplace, CancellationToken cancellation)
    {
        await storer.EndStreamAsync(source, cancellation).ConfigureAwait(false);
        await storer.AdoptAsync(source, cancellation).ConfigureAwait(false);
        if (replaced is not null)
        {
            await storer.AdoptAsync(replaced, cancellation).ConfigureAwait(false);
            await removal.SaveForHandlesAsync(replaced, cancellation).ConfigureAwait(false);
        }
        if (source.Stored is null || source is { IsClaim: true, Staged: not null })
        {
            await MoveUnstoredAsync(source, from, to, newName, replaced, cancellation).ConfigureAwait(false);
            return null;
        }
        // What is being written moves along unsaved: nobody is to see half of it under either name.
        if (source.Staged is not null && !ChangeQueue.IsBeingWritten(source))
        {
            await storer.StoreHeldAsync(source, cancellation).ConfigureAwait(false);
        }
        var replacedETag = await FindVersionToReplaceAsync(replaced, newKey, cancellation).ConfigureAwait(false);
        // Before the target is replaced, since it may fail.
        await removal.KeepDirectoryAsync(from, source, cancellation).ConfigureAwait(false);
        var now = mounted.Now();
        SentAttributes sent;
        var attempt = WriteAttempt.New();
        lock (source.Sync)
        {
            if (!source.Attributes.AreKnown)
            {
                return new FsException(FsError.Stale, $"{newKey} was to get what another writer has just replaced");
            }
            sent = new SentAttributes(source.Metadata! with { ChangeTime = now }, source.Attributes.Patch);
            source.AreAttributesInFlight = true;
        }
        var (oldKey, oldVersion) = (_names.KeyOf(source), source.Stored);
        var intent = new RenameIntent { From = oldKey, To = newKey, ETag = oldVersion.ETag, Attempt = attempt.Id };
        var move = new FileMove(
            source, from, source.Name, oldKey, oldVersion, to, newName, newKey, replaced, replacedETag, sent, attempt, RenameRecord.Begin(mounted.Journal, intent, mounted.Log));
        try
        {
            var condition = replacedETag is null ? WriteCondition.Absent : WriteCondition.Match(replacedETag);
            var (written, metadata) = await copies.CopyAsync(source, newKey, sent.Metadata, attempt, condition, cancellation).ConfigureAwait(false);
            await completion.FinishAsync(move, written, metadata).ConfigureAwait(false);
            return null;
        }
        catch (FsException e) when (e.Reason is FsError.NotFound or FsError.Exists or FsError.Stale or FsError.Conflict && !move.IsCopied)
        {
            move.Record.End();
            return e;
        }
        catch (Exception e) when (!move.IsCopied && attempt.MayBeStored && Unanswered.IsUnanswered(e))
        {
            // The copy may have been made, or be made yet.
            if (await doubts.TryFinishHeldAsync(move, cancellation).ConfigureAwait(false))
            {
                return null;
            }
            throw;
        }
        catch when (!move.IsCopied)
        {
            move.Record.End();
            throw;
        }
        catch
        {
            // The file is at its new place, and the old object is to go yet.
            doubts.Add(move);
            throw;
        }
        finally
        {
            lock (source.Sync)
            {
                source.AreAttributesInFlight = false;
            }
            if (!doubts.Has(move))
            {
                move.Record.Dispose();
            }
        }
    }

    /// <summary>What stands at the new name; null: nothing that is known.</summary>
    private async ValueTask<string?> FindVersionToReplaceAsync(FileInode? replaced, string newKey, CancellationToken cancellation)
    {
        if (replaced is not { Stored: null })
        {
            return replaced?.Stored.ETag;
        }
        try
        {
            // The file there is not stored yet, but another writer may have stored one.
            return (await mounted.Store.HeadAsync(newKey, cancellation).ConfigureAwait(false)).ETag;
        }
        catch (FsException e) when (e.Reason == FsError.NotFound)
        {
            return null;
        }
    }

    /// <summary>
    /// Nothing of the file is in the store yet, but perhaps the empty object that holds its name: only the name changes, and the first upload replaces what stands there.
    /// </summary>
    private async ValueTask MoveUnstoredAsync(
        FileInode source, DirectoryInode from, DirectoryInode to, string newName, FileInode? replaced, CancellationToken cancellation)
    {
        var (oldKey, newKey) = (_names.KeyOf(source), _names.KeyOf(to, newName));
        var claim = source.IsClaim ? source.Stored : null;
        if (claim is not null)
        {
            await removal.KeepDirectoryAsync(from, source, cancellation).ConfigureAwait(false);
        }
        var replacedSave = replaced?.Journal;
        if (replaced is not null)
        {
            replaced.Journal = null;
        }
        MoveName(source, to, newName, replaced);
        // Who waits for the rename may leave, but not in the middle of this.
        await saving.FollowNameAsync(source, CancellationToken.None).ConfigureAwait(false);
        replacedSave?.Remove();
        if (claim is not null)
        {
            await completion.RemoveSourceAsync(source, from, oldKey, claim.ETag, newKey).ConfigureAwait(false);
        }
    }

    private void MoveName(FileInode source, DirectoryInode to, string newName, FileInode? replaced)
    {
        lock (_names.Sync)
        {
            lock (source.Sync)
            {
                // The version to be replaced is the condition of that upload.
                source.Stored = replaced?.Stored;
                source.IsClaim = false;
                source.Content?.Dispose();
                source.Content = null;
            }
            if (replaced is not null)
            {
                removal.Forget(replaced);
            }
            _names.Move(source, to, newName);
        }
    }

    private async ValueTask<FsException?> RenameDirectoryAsync(
        DirectoryInode source, DirectoryInode from, DirectoryInode to, string newName, Inode? target, CancellationToken cancellation)
    {
        for (var above = to; above is not null; above = above.Parent)
        {
            if (ReferenceEquals(above, source))
            {
                throw new FsException(FsError.InvalidArgument, "a directory cannot be moved into itself");
            }
        }
        if (target is FileInode)
        {
            return new FsException(FsError.NotDirectory, $"{_names.KeyOf(target)} is not a directory");
        }
        if (target is not DirectoryInode replaced)
        {
            return await MoveDirectoryAsync(source, from, to, newName, replaced: null, cancellation).ConfigureAwait(false);
        }
        for (var above = from; above is not null; above = above.Parent)
        {
            if (ReferenceEquals(above, replaced))
            {
                throw new FsException(FsError.NotEmpty, "a directory does not replace one that it is in");
            }
        }
        // Nothing is made in it meanwhile: it goes.
        await replaced.Gate.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            await removal.EnsureEmptyAsync(replaced, cancellation).ConfigureAwait(false);
            return await MoveDirectoryAsync(source, from, to, newName, replaced, cancellation).ConfigureAwait(false);
        }
        finally
        {
            replaced.Gate.Release();
        }
    }

    private async ValueTask<FsException?> MoveDirectoryAsync(
        DirectoryInode source, DirectoryInode from, DirectoryInode to, string newName, DirectoryInode? replaced, CancellationToken cancellation)
    {
        var newPrefix = _names.KeyOf(to, newName + "/");
        await metadata.EnsureAsync(source, withContent: false, cancellation).ConfigureAwait(false);
        await _move.MoveAsync(source, newPrefix, () => removal.KeepDirectoryAsync(from, source, cancellation), () =>
        {
            if (replaced is not null)
            {
                _names.Detach(replaced);
            }
            _names.Move(source, to, newName);
        }, cancellation).ConfigureAwait(false);
        return null;
    }

    private async ValueTask EnsureReadableAsync(FileInode file, CancellationToken cancellation)
    {
        await metadata.EnsureAsync(file, withContent: true, cancellation).ConfigureAwait(false);
        metadata.EnsureReadable(file);
    }
}
