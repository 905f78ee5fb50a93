using SseCFs.Content;
using SseCFs.Store;
using SseCFs.Tree;

namespace SseCFs.Outbox;

/// <summary>Brings what was changed here of one inode to the store: staged content, or attributes alone. Thread-safe.</summary>
internal sealed class FileStorer(Mounted mounted, Sends sends, FileCopies copies, DirectoryMarkers markers)
{
    private readonly ConflictCopies _conflicts = new(mounted);
    private readonly OwnVersions _own = new(mounted);

    /// <summary>Whether anything of it is unsaved.</summary>
    public static bool NeedsStoring(Inode inode)
    {
        lock (inode.Sync)
        {
            // What was written to a version whose name another writer has taken or removed is no less to be kept.
            return inode.IsDetached
                ? inode is FileInode { Staged: not null, Stored: not null }
                : inode.Attributes.Patch is not null || inode is FileInode file && (file.Staged is not null || file.Stored is null);
        }
    }

    /// <summary>Returns once nothing of the inode is unsaved. What fails stays as it is, to be tried again.</summary>
    /// <param name="lane">Limits how many are sent at once; null: nothing does.</param>
    public async ValueTask StoreAsync(Inode inode, SemaphoreSlim? lane, CancellationToken cancellation)
    {
        // Whoever holds the gate may be storing it just now: that is waited for.
        if (!NeedsStoring(inode) && inode.IsGateFree)
        {
            return;
        }
        // A place in the lane is not taken while the gate is waited for: others would wait for both.
        using var hold = await Hold.TakeAsync(mounted.Names, inode, cancellation).ConfigureAwait(false);
        await StoreHeldAsync(inode, lane, cancellation).ConfigureAwait(false);
    }

    /// <summary>
    /// Whether a store ended because somebody else is about to remove or empty the file, and waits for its gate: the caller, who was not asked to stop, releases the gate, takes
    /// it again and does what is left to do.
    /// </summary>
    public bool GaveWay(CancellationToken cancellation) => !cancellation.IsCancellationRequested && !sends.AreAllStopped;

    /// <summary>Does what takes a gate and may store what it guards, again from the gate on whenever the store gave way.</summary>
    public async ValueTask RepeatAsync(Func<ValueTask> action, CancellationToken cancellation)
    {
        for (; ; )
        {
            try
            {
                await action().ConfigureAwait(false);
                return;
            }
            catch (OperationCanceledException) when (GaveWay(cancellation))
            {
                // Whoever stopped it has the gate next.
            }
        }
    }

    /// <summary>Stores an inode whose gate the caller holds.</summary>
    /// <exception cref="OperationCanceledException">Also as <see cref="GaveWay"/> tells.</exception>
    public ValueTask StoreHeldAsync(Inode inode, CancellationToken cancellation) => StoreHeldAsync(inode, lane: null, cancellation);

    private ValueTask StoreHeldAsync(Inode inode, SemaphoreSlim? lane, CancellationToken cancellation) =>
        NeedsStoring(inode) ? sends.RunAsync(inode, stop => SendInAsync(lane, inode, stop), cancellation) : ValueTask.CompletedTask;

    /// <summary>
    /// Before a name goes or changes: finds out whether the store has what an earlier attempt sent whose outcome is not known. If so, that is the known version from then on.
    /// By a caller who holds the file's gate.
    /// </summary>
    public async ValueTask AdoptAsync(FileInode file, CancellationToken cancellation)
    {
        lock (file.Sync)
        {
            if (!file.Attempts.MayBeStored)
            {
                return;
            }
        }
        var key = mounted.Names.KeyOf(file);
        if (await _own.FindAsync(file, key, cancellation).ConfigureAwait(false) is not { } own || own.ETag == file.Stored?.ETag)
        {
            return;
        }
        lock (mounted.Names.Sync)
        {
            lock (file.Sync)
            {
                if (file.Staged is { } staged)
                {
                    staged.Rebase(new StoredContent(mounted.Store, mounted.Cache, key, own.ETag, own.Size));
                    file.Stored = new StoredVersion(own.ETag, own.Size, own.LastModified, Encryption.CustomerKey, IsOwnWrite: true);
                    file.IsClaim = false;
                    file.Content?.Dispose();
                    file.Content = null;
                }
                else
                {
                    Versions.Moved(file, key, new WrittenObject(own.ETag, own.LastModified));
                }
            }
        }
    }

    private async ValueTask SendInAsync(SemaphoreSlim? lane, Inode inode, CancellationToken cancellation)
    {
        if (lane is null)
        {
            await SendAsync(inode, cancellation).ConfigureAwait(false);
            return;
        }
        await lane.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            await SendAsync(inode, cancellation).ConfigureAwait(false);
        }
        finally
        {
            lane.Release();
        }
    }

    private async ValueTask SendAsync(Inode inode, CancellationToken cancellation)
    {
        if (inode is DirectoryInode directory)
        {
            await markers.UpdateAsync(directory, cancellation).ConfigureAwait(false);
            return;
        }
        var file = (FileInode)inode;
        if (file.Staged is null)
        {
            await StoreAttributesAsync(file, cancellation).ConfigureAwait(false);
            return;
        }
        using var held = new WritersHeld(file);
        await StoreContentAsync(file, file.Staged!, cancellation).ConfigureAwait(false);
    }

    /// <summary>After a write: lets go what has become whole parts of a large file. Returns at once.</summary>
    public void Advance(FileInode file, StagedContent staged)
    {
        if (staged.Streamed is { IsAbandoned: false } streamed)
        {
            streamed.Advance();
        }
        else if (mounted.Upload.MayStream(staged))
        {
            Stream(file, staged)?.Advance();
        }
    }

    /// <summary>Before a name goes or changes: an upload under it ends, after the file was stored if not all of its content is here. By a caller who holds the file's gate.</summary>
    public async ValueTask EndStreamAsync(FileInode file, CancellationToken cancellation)
    {
        StreamedUpload? streamed;
        lock (file.Sync)
        {
            streamed = file.Staged?.Streamed;
        }
        if (streamed is not null && !streamed.TryAbandon())
        {
            await StoreHeldAsync(file, cancellation).ConfigureAwait(false);
        }
    }

    private StreamedUpload? Stream(FileInode file, StagedContent staged)
    {
        lock (mounted.Names.Sync)
        {
            // Under a name that is about to change, nothing is begun.
            if (file.IsDetached || mounted.Names.MoveOf(file) is not null)
            {
                return null;
            }
            var key = mounted.Names.KeyOf(file);
            lock (file.Sync)
            {
                // Whoever holds the gate stores the file, or is about to change its name.
                if (!ReferenceEquals(file.Staged, staged) || file.IsUploading || file.Gate.CurrentCount == 0)
                {
                    return null;
                }
                if (staged.Streamed is { } present && !present.MayBeFollowed)
                {
                    return present;
                }
                var metadata = file.Metadata! with { ContentHash = null };
                return staged.Streamed = mounted.Upload.Stream(
                    key,
                    staged,
                    staged.Stored is null ? null : Versions.InfoOf(file, key),
                    metadata.ToObjectMetadata(withTimes: false) with { Attempt = WriteAttempt.New() });
            }
        }
    }

    private async ValueTask StoreContentAsync(FileInode file, StagedContent staged, CancellationToken cancellation)
    {
        var key = mounted.Names.KeyOf(file);
        ObjectInfo? storedInfo = null;
        WriteCondition condition;
        WriteAttempt attempt;
        lock (file.Sync)
        {
            condition = file.Stored is { } stored ? WriteCondition.Match(stored.ETag) : WriteCondition.Absent;
            if (staged.Stored is not null)
            {
                storedInfo = Versions.InfoOf(file, key);
            }
            if (staged.Streamed is { IsAbandoned: false } streamed)
            {
                file.Attempts.Add(streamed.Metadata.Attempt!, stamp: null);
            }
            attempt = file.Attempts.For(staged.Stamp);
        }
        var attributes = new AttributesToSend(file, attempt);
        try
        {
            WrittenObject written;
            try
            {
                written = await mounted.Upload.SendAsync(key, staged, storedInfo, attributes.Take, condition, cancellation).ConfigureAwait(false);
            }
            catch (FsException e) when (e.Reason is FsError.Conflict or FsError.Exists or FsError.Stale && !file.IsDetached)
            {
                // An earlier attempt that was given up may have been carried out all the same, or its base was encrypted anew.
                var own = await _own.FindAsync(file, key, cancellation).ConfigureAwait(false);
                if (own is not null)
                {
                    staged.Rebase(new StoredContent(mounted.Store, mounted.Cache, key, own.ETag, own.Size));
                    condition = WriteCondition.Match(own.ETag);
                }
                else
                {
                    condition = await _own.FindReplaceableAsync(file, staged, key, cancellation).ConfigureAwait(false) ?? throw new FsException(e.Reason, e.Message, e);
                }
                written = await mounted.Upload.SendAsync(key, staged, staged.Stored is null ? null : own ?? storedInfo, attributes.Take, condition, cancellation).ConfigureAwait(false);
            }
            Settle(file, staged, key, written, attributes);
        }
        catch (FsException e) when (e.Reason is FsError.Conflict or FsError.Exists && staged.HasDropped)
        {
            await StoreOverTheirsAsync(file, staged, key, cancellation).ConfigureAwait(false);
            throw new FsException(FsError.Conflict, e.Message, e);
        }
        catch (FsException e) when (e.Reason is FsError.Conflict or FsError.Exists or FsError.Stale)
        {
            await _conflicts.KeepOursAsync(file, staged, key, cancellation).ConfigureAwait(false);
            throw new FsException(FsError.Conflict, e.Message, e);
        }
        // The content is stored: what fails from here on is no conflict over it.
        await StoreAttributesOfStreamAsync(file, staged, cancellation).ConfigureAwait(false);
    }

    /// <summary>Another writer's version stands where ours should go, and some of ours is in an upload for this name and nowhere else.</summary>
    private async ValueTask StoreOverTheirsAsync(FileInode file, StagedContent staged, string key, CancellationToken cancellation)
    {
        var condition = await _conflicts.KeepTheirsAsync(file, key, cancellation).ConfigureAwait(false);
        var attributes = new AttributesToSend(file, WriteAttempt.New());
        var written = await mounted.Upload.SendAsync(key, staged, null, attributes.Take, condition, cancellation).ConfigureAwait(false);
        Settle(file, staged, key, written, attributes);
        await StoreAttributesOfStreamAsync(file, staged, cancellation).ConfigureAwait(false);
    }

    private void Settle(FileInode file, StagedContent staged, string key, WrittenObject written, AttributesToSend attributes)
    {
        var size = staged.Size;
        Versions.Settle(
            mounted, file, staged, size, key, written,
            () => staged.Streamed is { IsCompleted: true } completed ? AfterStream(file, completed.Metadata, key, size, written) : attributes.AfterStoring());
    }

    /// <summary>The metadata of a streamed upload was fixed when it began: what differs from it by now is to be stored after it. Under <see cref="Inode.Sync"/>.</summary>
    private InodeAttributes AfterStream(FileInode file, ObjectMetadata sent, string key, long size, WrittenObject written)
    {
        var info = new ObjectInfo(key, size, written.ETag, written.LastModified, Encryption.CustomerKey, sent);
        var stored = PosixMetadata.Parse(info, FileType.Regular, mounted.Owners);
        var wanted = file.Metadata! with { ContentHash = null };
        return file.WrittenAt is not null && wanted.IsStoredAs(stored) ? InodeAttributes.Of(stored)
            : InodeAttributes.Of(stored, AttributePatch.Between(stored, file.WrittenAt is null ? wanted : wanted.WithTimes(stored.ModifyTime)));
    }

    private ValueTask StoreAttributesOfStreamAsync(FileInode file, StagedContent staged, CancellationToken cancellation) =>
        staged.Streamed is { IsCompleted: true } && file.Attributes.Patch is not null ? StoreAttributesAsync(file, cancellation) : ValueTask.CompletedTask;

    private async ValueTask StoreAttributesAsync(FileInode file, CancellationToken cancellation)
    {
        var key = mounted.Names.KeyOf(file);
        SentAttributes sent;
        WriteAttempt attempt;
        lock (file.Sync)
        {
            sent = new SentAttributes(file.Metadata!, file.Attributes.Patch);
            file.AreAttributesInFlight = true;
            attempt = file.Attempts.For(PendingAttempts.AttributesOnly);
        }
        try
        {
            var (written, metadata) = await copies.CopyAsync(file, key, sent.Metadata, attempt, WriteCondition.Match(file.Stored!.ETag), cancellation).ConfigureAwait(false);
            lock (mounted.Names.Sync)
            {
                mounted.Names.Touch(file);
                lock (file.Sync)
                {
                    Versions.Moved(file, key, written);
                    file.Attributes = file.Attributes.AfterStoring(sent with { Metadata = metadata });
                    file.AreAttributesInFlight = false;
                    file.ForgetAttempts();
                }
            }
            file.ForgetSave();
        }
        catch (FsException e) when (e.Reason is FsError.Stale or FsError.Conflict or FsError.NotFound)
        {
            // Until it is known what the refusal means, the change waits.
            EndFlight();
            if (await _own.FindAsync(file, key, cancellation).ConfigureAwait(false) is { } known && known.ETag != file.Stored!.ETag)
            {
                lock (mounted.Names.Sync)
                {
                    lock (file.Sync)
                    {
                        Versions.Moved(file, key, new WrittenObject(known.ETag, known.LastModified));
                    }
                }
                await StoreAttributesAsync(file, cancellation).ConfigureAwait(false);
                return;
            }
            if (await TakeTheirsAsync(file, key, cancellation).ConfigureAwait(false))
            {
                await StoreAttributesAsync(file, cancellation).ConfigureAwait(false);
                return;
            }
            TreeLog.MetadataFailed(mounted.Log, key, e.Message);
        }
        finally
        {
            EndFlight();
        }

        void EndFlight()
        {
            lock (file.Sync)
            {
                file.AreAttributesInFlight = false;
            }
        }
    }

    /// <summary>Another writer's content has the name now, to which the change of attributes applies as well; or nobody's has.</summary>
    /// <returns>Whether the change is to be stored.</returns>
    private async ValueTask<bool> TakeTheirsAsync(FileInode file, string key, CancellationToken cancellation)
    {
        ObjectInfo? theirs = null;
        try
        {
            theirs = await mounted.Store.HeadAsync(key, cancellation).ConfigureAwait(false);
        }
        catch (FsException e) when (e.Reason == FsError.NotFound || e.IsUnreadable)
        {
            // Removed, or replaced by what this file cannot show: whoever looks next finds what is there.
        }
        lock (mounted.Names.Sync)
        {
            if (theirs is null)
            {
                mounted.Names.Detach(file);
                mounted.Invalidation?.InvalidateEntry(file.Parent!.Number, FileName.ToName(file.Name)!);
            }
            lock (file.Sync)
            {
                if (theirs is not null && !Versions.IsOtherType(mounted, file, theirs))
                {
                    Versions.Apply(mounted, file, theirs);
                    return file.Attributes.Patch is not null;
                }
                file.Attributes = file.Attributes.WithoutPatch();
                if (theirs is not null)
                {
                    Versions.Apply(mounted, file, theirs);
                }
            }
        }
        file.ForgetSave();
        return false;
    }
}
