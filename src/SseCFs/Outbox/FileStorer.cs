using System.Globalization;
using SseCFs.Content;
using SseCFs.Journal;
using SseCFs.Keys;
using SseCFs.Store;
using SseCFs.Tree;

namespace SseCFs.Outbox;

/// <summary>Brings what was changed here of one inode to the store: staged content, or metadata alone. Thread-safe.</summary>
internal sealed class FileStorer(Mounted mounted)
{
    /// <summary>Content up to this, if it is in memory, is sent again rather than copied on the server: one request instead of several.</summary>
    public const long ResendLimit = 4 << 20;

    private const int MostConflictsAtOnce = 100;

    /// <summary>Whether anything of it is unsaved.</summary>
    public static bool NeedsStoring(Inode inode)
    {
        lock (inode.Sync)
        {
            // What was written to a version whose name another writer has taken or removed is no less to be kept.
            return inode.IsDetached
                ? inode is FileInode { Staged: not null, Stored: not null }
                : inode.IsMetadataDirty || inode is FileInode file && (file.Staged is not null || file.Stored is null);
        }
    }

    /// <summary>Returns once nothing of the inode is unsaved. What fails stays as it is, to be tried again.</summary>
    public async ValueTask StoreAsync(Inode inode, CancellationToken cancellation)
    {
        // Whoever holds the gate may be storing it just now: that is waited for.
        if (!NeedsStoring(inode) && inode.Gate.CurrentCount > 0)
        {
            return;
        }
        using (await Hold.TakeAsync(mounted.Names, inode, cancellation).ConfigureAwait(false))
        {
            await StoreHeldAsync(inode, cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>The same, by a caller who holds the inode's gate.</summary>
    public async ValueTask StoreHeldAsync(Inode inode, CancellationToken cancellation)
    {
        if (!NeedsStoring(inode))
        {
            return;
        }
        if (inode is DirectoryInode directory)
        {
            await UpdateMarkerAsync(directory, cancellation).ConfigureAwait(false);
            return;
        }
        var file = (FileInode)inode;
        if (file.Staged is null)
        {
            await StoreMetadataAsync(file, cancellation).ConfigureAwait(false);
            return;
        }
        using var held = new WritersHeld(file);
        await StoreContentAsync(file, file.Staged!, cancellation).ConfigureAwait(false);
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
        ObjectMetadata metadata;
        WriteCondition condition;
        lock (target.Sync)
        {
            if (target.IsDetached || target.Size > 0)
            {
                throw new FsException(FsError.NotSupported, $"{key} is not empty");
            }
            var known = target.Metadata!;
            known.ModifyTime = known.ChangeTime = mounted.Now();
            known.ContentHash = hash;
            metadata = known.ToObjectMetadata();
            condition = target.Stored is { } replaced ? WriteCondition.Match(replaced.ETag) : WriteCondition.Absent;
        }
        try
        {
            var written = await mounted.Store.CopyAsync(from, key, metadata, condition, cancellation).ConfigureAwait(false);
            lock (target.Sync)
            {
                target.IsMetadataDirty = false;
            }
            Settle(target, target.Staged, from.Size, key, written);
            return from.Size;
        }
        catch (FsException e) when (e.Reason is FsError.Stale or FsError.Conflict or FsError.Exists or FsError.NotFound)
        {
            // Either has changed meanwhile: read and written, it becomes what it should be, or the conflict that it is.
            throw new FsException(FsError.NotSupported, e.Message, e);
        }
    }

    /// <summary>After a write: lets go what has become whole parts of a large file. Returns at once.</summary>
    public void Advance(FileInode file, StagedContent staged)
    {
        if (staged.Streamed is { } streamed)
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
        if (file.Staged?.Streamed is { } streamed && !streamed.TryAbandon())
        {
            await StoreHeldAsync(file, cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>Stores changed attributes of a directory, unless another writer has removed it or changed them.</summary>
    private async ValueTask UpdateMarkerAsync(DirectoryInode directory, CancellationToken cancellation)
    {
        if (directory.Parent is null)
        {
            await StoreMarkerAsync(directory, WriteCondition.None, cancellation).ConfigureAwait(false);
            return;
        }
        if (directory.MarkerETag is { } known)
        {
            try
            {
                await StoreMarkerAsync(directory, WriteCondition.Match(known), cancellation).ConfigureAwait(false);
                return;
            }
            catch (FsException e) when (e.Reason is FsError.NotFound or FsError.Stale or FsError.Conflict)
            {
                // Another writer's marker, or none.
            }
        }
        var key = mounted.Names.KeyOf(directory);
        var below = (await mounted.Store.ListFirstAsync(key, null, 1, cancellation).ConfigureAwait(false)).Objects;
        if (below.Count > 0 && below[0].Key.Length > key.Length)
        {
            // There is no marker: there was none, or a program has removed it without meaning the directory.
            await StoreMarkerAsync(directory, WriteCondition.Absent, cancellation).ConfigureAwait(false);
        }
        else if (below.Count > 0 && directory.MarkerETag is null)
        {
            await StoreMarkerAsync(directory, WriteCondition.Match(below[0].ETag), cancellation).ConfigureAwait(false);
        }
        else
        {
            Abandon(directory, isGone: below.Count == 0);
        }
    }

    /// <summary>Gives up changed attributes of a directory.</summary>
    private void Abandon(DirectoryInode directory, bool isGone)
    {
        lock (mounted.Names.Sync)
        {
            lock (directory.Sync)
            {
                directory.IsMetadataDirty = false;
                directory.MarkerETag = null;
                directory.MetadataAt = 0;
            }
            if (isGone && !directory.IsDetached && !directory.Children.Values.Any(child => child is FileInode { HoldsUnsaved: true }))
            {
                mounted.Names.Detach(directory);
                mounted.Invalidation?.InvalidateEntry(directory.Parent!.Number, FileName.ToName(directory.Name)!);
            }
        }
        directory.ForgetSave();
    }

    /// <summary>PUTs the marker object of a directory.</summary>
    public async ValueTask StoreMarkerAsync(DirectoryInode directory, WriteCondition condition, CancellationToken cancellation)
    {
        ObjectMetadata metadata;
        lock (directory.Sync)
        {
            metadata = directory.Metadata!.ToObjectMetadata();
            directory.IsMetadataDirty = false;
            directory.IsMetadataInFlight = true;
        }
        try
        {
            var written = await mounted.Store.PutAsync(mounted.Names.KeyOf(directory), ObjectContent.Of(default), metadata, condition, cancellation).ConfigureAwait(false);
            lock (mounted.Names.Sync)
            {
                mounted.Names.Touch(directory);
                lock (directory.Sync)
                {
                    directory.HasMarker = true;
                    directory.MarkerModified = written.LastModified;
                    directory.MarkerETag = written.ETag;
                    directory.MetadataAt = mounted.Clock.GetTimestamp();
                    directory.IsMetadataInFlight = false;
                }
            }
            directory.ForgetSave();
        }
        catch
        {
            lock (directory.Sync)
            {
                directory.IsMetadataInFlight = false;
                directory.IsMetadataDirty = !condition.IfAbsent;
            }
            throw;
        }
    }

    /// <summary>
    /// Puts the stored content of a file under a key with the metadata it has here: sent again if it is small and in memory, else copied on the server.
    /// By a caller who holds the file's gate.
    /// </summary>
    public async ValueTask<WrittenObject> CopyAsync(FileInode file, string key, WriteAttempt attempt, WriteCondition condition, CancellationToken cancellation)
    {
        if (IsResent(file))
        {
            var content = Versions.ContentOf(mounted, file)!;
            var segments = new ReadSegments();
            try
            {
                await content.ReadAsync(0, (int)content.Size, 0, segments, cancellation).ConfigureAwait(false);
                var slices = Enumerable.Range(0, segments.Count).Select(i => segments[i]).ToList();
                return await mounted.Upload.PutAsync(key, slices, hash => MetadataOf(file, hash, attempt), condition, cancellation).ConfigureAwait(false);
            }
            finally
            {
                segments.Release();
            }
        }
        ObjectInfo source;
        ObjectMetadata metadata;
        var sourceKey = mounted.Names.KeyOf(file);
        lock (file.Sync)
        {
            source = Versions.InfoOf(file, sourceKey);
            metadata = file.Metadata!.ToObjectMetadata() with { Attempt = attempt };
        }
        return await mounted.Store.CopyAsync(source, key, metadata, condition, cancellation).ConfigureAwait(false);
    }

    /// <summary>Whether <see cref="CopyAsync"/> would send what is in memory.</summary>
    public bool IsResent(FileInode file) => Versions.ContentOf(mounted, file) is { } content && content.Size <= ResendLimit && content.IsCached();

    /// <summary>What a rename by <see cref="CopyAsync"/> is about to do.</summary>
    public RenameIntent IntentOf(FileInode file, string newKey, WriteAttempt attempt)
    {
        var key = mounted.Names.KeyOf(file);
        lock (file.Sync)
        {
            return new RenameIntent { From = key, To = newKey, ETag = file.Stored!.ETag, Attempt = attempt.Id };
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
                if (!ReferenceEquals(file.Staged, staged) || file.IsUploading)
                {
                    return null;
                }
                return staged.Streamed ??= mounted.Upload.Stream(
                    key,
                    staged,
                    staged.Stored is null ? null : Versions.InfoOf(file, key),
                    file.Metadata!.ToObjectMetadata(withTimes: false) with { Attempt = WriteAttempt.New() });
            }
        }
    }

    private static ObjectMetadata MetadataOf(FileInode file, byte[]? hash, WriteAttempt attempt)
    {
        lock (file.Sync)
        {
            file.Metadata!.ContentHash = hash is null ? null : Convert.ToBase64String(hash);
            return file.Metadata.ToObjectMetadata() with { Attempt = attempt };
        }
    }

    private async ValueTask StoreContentAsync(FileInode file, StagedContent staged, CancellationToken cancellation)
    {
        var key = mounted.Names.KeyOf(file);
        ObjectInfo? storedInfo = null;
        WriteCondition condition;
        bool metadataWasDirty;
        WriteAttempt attempt;
        lock (file.Sync)
        {
            condition = file.Stored is { } stored ? WriteCondition.Match(stored.ETag) : WriteCondition.Absent;
            if (staged.Stored is not null)
            {
                storedInfo = Versions.InfoOf(file, key);
            }
            metadataWasDirty = file.IsMetadataDirty;
            file.IsMetadataDirty = false;
            if (staged.Streamed is { IsAbandoned: false } streamed)
            {
                file.Attempts.Add(streamed.Metadata.Attempt!, stamp: null);
            }
            attempt = file.Attempts.For(staged.Stamp);
        }
        WrittenObject written;
        try
        {
            try
            {
                written = await mounted.Upload.SendAsync(key, staged, storedInfo, hash => MetadataOf(file, hash, attempt), condition, cancellation).ConfigureAwait(false);
            }
            catch (FsException e) when (e.Reason is FsError.Conflict or FsError.Exists or FsError.Stale && !file.IsDetached)
            {
                // An earlier attempt that was given up may have been carried out all the same, or its base was encrypted anew.
                var own = await FindKnownAsync(file, key, cancellation).ConfigureAwait(false) ?? throw new FsException(e.Reason, e.Message, e);
                staged.Rebase(new StoredContent(mounted.Store, mounted.Cache, key, own.ETag, own.Size));
                written = await mounted.Upload.SendAsync(
                    key, staged, staged.Stored is null ? null : own, hash => MetadataOf(file, hash, attempt), WriteCondition.Match(own.ETag), cancellation).ConfigureAwait(false);
            }
            Settle(file, staged, staged.Size, key, written);
        }
        catch (FsException e) when (e.Reason is FsError.Conflict or FsError.Exists && staged.HasDropped)
        {
            await KeepTheirsAsync(file, staged, key, cancellation).ConfigureAwait(false);
            throw new FsException(FsError.Conflict, e.Message, e);
        }
        catch (FsException e) when (e.Reason is FsError.Conflict or FsError.Exists or FsError.Stale)
        {
            await KeepAsConflictAsync(file, staged, key, cancellation).ConfigureAwait(false);
            throw new FsException(FsError.Conflict, e.Message, e);
        }
        catch
        {
            lock (file.Sync)
            {
                file.IsMetadataDirty |= metadataWasDirty;
            }
            throw;
        }
        // The content is stored: what fails from here on is no conflict over it.
        if (staged.Streamed is { IsCompleted: true } completed)
        {
            await FollowStreamAsync(file, completed, written, cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>The version in the store, if one of our attempts created it, or it is the known version encrypted anew.</summary>
    private async ValueTask<ObjectInfo?> FindKnownAsync(FileInode file, string key, CancellationToken cancellation)
    {
        try
        {
            var info = await mounted.Store.HeadAsync(key, cancellation).ConfigureAwait(false);
            IReadOnlyList<WriteAttempt> attempts;
            lock (file.Sync)
            {
                if (info.FormerETag is not null && info.FormerETag == file.Stored?.ETag)
                {
                    return info;
                }
                attempts = file.Attempts.All;
            }
            foreach (var attempt in attempts)
            {
                if (await mounted.Store.IsOwnAsync(info, attempt, cancellation).ConfigureAwait(false))
                {
                    return info;
                }
            }
            return null;
        }
        catch (FsException e) when (e.Reason == FsError.NotFound || e.IsUnreadable)
        {
            return null;
        }
    }

    private void Settle(FileInode file, StagedContent? staged, long size, string key, WrittenObject written)
    {
        var content = new StoredContent(mounted.Store, mounted.Cache, key, written.ETag, size);
        staged?.Seed(content);
        lock (mounted.Names.Sync)
        {
            mounted.Names.Touch(file);
            lock (file.Sync)
            {
                file.Stored = new StoredVersion(written.ETag, size, written.LastModified, Encryption.CustomerKey, IsOwnWrite: true);
                file.IsClaim = false;
                file.Content?.Dispose();
                file.Content = content;
                file.Staged = null;
                file.Attempts.Clear();
            }
        }
        staged?.Dispose();
        file.ForgetSave();
    }

    /// <summary>The metadata of a streamed upload was fixed when it began: what has changed since is stored after it.</summary>
    private async ValueTask FollowStreamAsync(FileInode file, StreamedUpload streamed, WrittenObject written, CancellationToken cancellation)
    {
        lock (file.Sync)
        {
            var known = file.Metadata!;
            known.ContentHash = null;
            if (known.AreTimesOfWrite)
            {
                known.SetTimes(written.LastModified);
            }
            var now = known.ToObjectMetadata(withTimes: false).User;
            var began = streamed.Metadata.User;
            if (known.AreTimesOfWrite && now.Count == began.Count && now.All(pair => began.GetValueOrDefault(pair.Key) == pair.Value))
            {
                return;
            }
            file.IsMetadataDirty = true;
        }
        await StoreMetadataAsync(file, cancellation).ConfigureAwait(false);
    }

    /// <summary>
    /// Another writer's version stands where ours should go, and some of ours is in an upload for this name and nowhere else: theirs is copied to the conflict's name.
    /// </summary>
    private async ValueTask KeepTheirsAsync(FileInode file, StagedContent staged, string key, CancellationToken cancellation)
    {
        var condition = WriteCondition.Absent;
        try
        {
            var theirs = await mounted.Store.HeadAsync(key, cancellation).ConfigureAwait(false);
            var conflictKey = await UnderConflictKeyAsync(
                key, name => mounted.Store.CopyAsync(theirs, name, theirs.Metadata, WriteCondition.Absent, cancellation)).ConfigureAwait(false);
            TreeLog.ConflictTheirsKept(mounted.Log, key, conflictKey);
            mounted.Activity.Add(new Conflict(mounted.Clock.GetUtcNow(), key, conflictKey, IsOurs: false));
            condition = WriteCondition.Match(theirs.ETag);
        }
        catch (FsException e) when (e.Reason == FsError.NotFound)
        {
            // They removed it.
        }
        var written = await mounted.Upload.SendAsync(key, staged, null, hash => MetadataOf(file, hash, WriteAttempt.New()), condition, cancellation).ConfigureAwait(false);
        Settle(file, staged, staged.Size, key, written);
        await FollowStreamAsync(file, staged.Streamed!, written, cancellation).ConfigureAwait(false);
        ForgetListing(file);
    }

    /// <summary>Stores under a name that tells host and time, and that nothing bears yet.</summary>
    private async ValueTask<string> UnderConflictKeyAsync(string key, Func<string, ValueTask<WrittenObject>> store)
    {
        var time = mounted.Clock.GetUtcNow().UtcDateTime.ToString("yyyyMMdd'T'HHmmssfff'Z'", CultureInfo.InvariantCulture);
        var name = $"{key}.conflict-{Environment.MachineName}-{time}";
        for (var number = 1; ; number++)
        {
            var conflictKey = number == 1 ? name : string.Create(CultureInfo.InvariantCulture, $"{name}-{number}");
            try
            {
                await store(conflictKey).ConfigureAwait(false);
                return conflictKey;
            }
            catch (FsException e) when (e.Reason == FsError.Exists && number < MostConflictsAtOnce)
            {
                // Another conflict in the same millisecond.
            }
        }
    }

    /// <summary>
    /// Another writer's version stands where ours should go. Ours is stored beside it under a name of its own, and the file shows theirs.
    /// </summary>
    private async ValueTask KeepAsConflictAsync(FileInode file, StagedContent staged, string key, CancellationToken cancellation)
    {
        string conflictKey;
        try
        {
            conflictKey = await UnderConflictKeyAsync(key, SendAsync).ConfigureAwait(false);
        }
        catch (FsException e) when (e.Reason == FsError.Stale)
        {
            var lost = staged.DropStored();
            conflictKey = await UnderConflictKeyAsync(key, SendAsync).ConfigureAwait(false);
            TreeLog.ConflictIncomplete(mounted.Log, conflictKey, lost);
        }
        ObjectInfo? theirs = null;
        try
        {
            theirs = await mounted.Store.HeadAsync(key, cancellation).ConfigureAwait(false);
        }
        catch (FsException e) when (e.Reason == FsError.NotFound || e.IsUnreadable)
        {
            // They removed it, or it is nothing that this file could show: whoever looks next finds what is there.
        }
        TreeLog.ConflictKept(mounted.Log, key, conflictKey);
        mounted.Activity.Add(new Conflict(mounted.Clock.GetUtcNow(), key, conflictKey, IsOurs: true));
        lock (mounted.Names.Sync)
        {
            mounted.Names.Touch(file);
            lock (file.Sync)
            {
                file.Staged = null;
                file.Attempts.Clear();
                if (theirs is not null)
                {
                    Versions.Replace(mounted, file, new StoredVersion(theirs.ETag, theirs.Size, theirs.LastModified, theirs.Encryption));
                    Versions.Apply(mounted, file, theirs);
                }
            }
            ForgetListing(file);
            if (theirs is null)
            {
                mounted.Names.Detach(file);
            }
        }
        staged.Dispose();
        file.ForgetSave();

        ValueTask<WrittenObject> SendAsync(string name) =>
            mounted.Upload.SendAsync(name, staged, null, hash => MetadataOf(file, hash, WriteAttempt.New()), WriteCondition.Absent, cancellation);
    }

    /// <summary>A name was added beside the file.</summary>
    private void ForgetListing(FileInode file)
    {
        lock (mounted.Names.Sync)
        {
            if (file.Parent is { } parent)
            {
                parent.ListedAt = null;
            }
        }
    }

    private async ValueTask StoreMetadataAsync(FileInode file, CancellationToken cancellation)
    {
        var key = mounted.Names.KeyOf(file);
        WriteAttempt attempt;
        lock (file.Sync)
        {
            file.IsMetadataDirty = false;
            file.IsMetadataInFlight = true;
            attempt = file.Attempts.For(PendingAttempts.AttributesOnly);
        }
        try
        {
            var written = await CopyAsync(file, key, attempt, WriteCondition.Match(file.Stored!.ETag), cancellation).ConfigureAwait(false);
            lock (mounted.Names.Sync)
            {
                mounted.Names.Touch(file);
                lock (file.Sync)
                {
                    Versions.Moved(file, key, written);
                    file.IsMetadataInFlight = false;
                    file.Attempts.Clear();
                }
            }
            file.ForgetSave();
        }
        catch (FsException e) when (e.Reason is FsError.Stale or FsError.Conflict or FsError.NotFound)
        {
            lock (file.Sync)
            {
                // Until it is known what the refusal means, the change waits.
                file.IsMetadataInFlight = false;
                file.IsMetadataDirty = true;
            }
            if (await FindKnownAsync(file, key, cancellation).ConfigureAwait(false) is { } known && known.ETag != file.Stored!.ETag)
            {
                lock (mounted.Names.Sync)
                {
                    lock (file.Sync)
                    {
                        Versions.Moved(file, key, new WrittenObject(known.ETag, known.LastModified));
                    }
                }
                await StoreMetadataAsync(file, cancellation).ConfigureAwait(false);
                return;
            }
            await TakeTheirsAsync(file, key, cancellation).ConfigureAwait(false);
            TreeLog.MetadataFailed(mounted.Log, key, e.Message);
        }
        catch
        {
            lock (file.Sync)
            {
                file.IsMetadataInFlight = false;
                file.IsMetadataDirty = true;
            }
            throw;
        }
    }

    /// <summary>Another writer's content has the name now, with attributes of its own, which count; or nobody's has.</summary>
    private async ValueTask TakeTheirsAsync(FileInode file, string key, CancellationToken cancellation)
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
                file.IsMetadataDirty = false;
                if (theirs is not null)
                {
                    Versions.Apply(mounted, file, theirs);
                }
            }
        }
        file.ForgetSave();
    }
}
