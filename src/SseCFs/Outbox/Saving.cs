using SseCFs.Content;
using SseCFs.Journal;
using SseCFs.Store;
using SseCFs.Tree;

namespace SseCFs.Outbox;

/// <summary>
/// What close and fsync do: they store, or, with write-back, save in the journal and leave it to be stored a little later. What can be stored no more when the mount
/// ends is saved too. Thread-safe.
/// </summary>
internal sealed class Saving(Mounted mounted, FileStorer storer, ChangeQueue queue)
{
    /// <summary>A temporary file that is renamed or removed within this is never uploaded, or only under its last name.</summary>
    private static readonly TimeSpan UploadDelay = TimeSpan.FromSeconds(1);

    /// <summary>An entry is written anew when it is larger than its file by so much.</summary>
    private const long Surplus = 16 << 20;

    /// <summary>Returns once what is unsaved of the inode is stored, or is in the journal if that is enough.</summary>
    public async ValueTask SaveAsync(Inode inode, CancellationToken cancellation)
    {
        if (!await TrySaveAsync(inode, cancellation).ConfigureAwait(false))
        {
            await queue.StoreAsync(inode, cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>The same for a close of one descriptor. Uploads nothing while the process that opened the file has another.</summary>
    /// <param name="staysOpen">As in <see cref="IFileSystem.FlushAsync"/>.</param>
    public async ValueTask SaveAtCloseAsync(FileInode file, Func<ValueTask<bool>>? staysOpen, CancellationToken cancellation)
    {
        if (!await TrySaveAsync(file, cancellation).ConfigureAwait(false) && !await StaysOpenAsync(file, staysOpen).ConfigureAwait(false))
        {
            await queue.StoreAsync(file, cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>The same for a file that nobody has open to write any more. Waits for the journal at most: nobody would hear of a failure of the store.</summary>
    public async ValueTask SaveReleasedAsync(FileInode file)
    {
        // Whoever holds the gate stores it already, or is about to.
        if (!file.IsGateFree || !await TrySaveAsync(file, CancellationToken.None).ConfigureAwait(false))
        {
            queue.Start(file);
        }
    }

    /// <summary>The file has another name now: its entry says so before anyone relies on it, or it needs none any more. By a caller who holds the file's gate.</summary>
    public async ValueTask FollowNameAsync(FileInode file, CancellationToken cancellation)
    {
        if (file.Journal is not null && file.Staged is not null && !await TryKeepAsync(file, cancellation).ConfigureAwait(false))
        {
            try
            {
                await storer.StoreHeldAsync(file, cancellation).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (storer.GaveWay(cancellation))
            {
                // It is about to be removed or emptied: nothing of it need be kept.
            }
        }
    }

    /// <summary>Saves what could not be stored, as the mount ends.</summary>
    /// <exception cref="FsException">It cannot be kept.</exception>
    public async ValueTask KeepAsync(Inode inode, CancellationToken cancellation)
    {
        if (mounted.Journal is null)
        {
            throw new FsException(FsError.NotSupported, "there is no journal");
        }
        using var hold = await Hold.TakeAsync(mounted.Names, inode, cancellation).ConfigureAwait(false);
        await KeepHeldAsync(inode, cancellation).ConfigureAwait(false);
    }

    /// <returns>False also where it cannot be told.</returns>
    private static async ValueTask<bool> StaysOpenAsync(FileInode file, Func<ValueTask<bool>>? staysOpen)
    {
        // A second time afterwards: the descriptor may be that of a handle which was opened meanwhile.
        return staysOpen is not null && HasOneWriter() && await staysOpen().ConfigureAwait(false) && HasOneWriter();

        bool HasOneWriter()
        {
            lock (file.Sync)
            {
                return file.Writers == 1;
            }
        }
    }

    /// <summary>Saves a file in the journal, with write-back.</summary>
    /// <returns>False: the journal is not enough, and the inode is to be stored.</returns>
    public async ValueTask<bool> TrySaveAsync(Inode inode, CancellationToken cancellation)
    {
        if (mounted.Journal is not { IsWriteBack: true } || inode is not FileInode { Staged: not null } file)
        {
            return false;
        }
        using var hold = await Hold.TakeAsync(mounted.Names, file, cancellation).ConfigureAwait(false);
        return file.Staged is not null && await TrySaveHeldAsync(file, cancellation).ConfigureAwait(false);
    }

    private async ValueTask<bool> TrySaveHeldAsync(FileInode file, CancellationToken cancellation)
    {
        // Parts of a large file are on their way already: its close waits for the rest.
        if (file.Staged!.Streamed is { IsAbandoned: false } || file.IsDetached)
        {
            return false;
        }
        if (!await TryKeepAsync(file, cancellation).ConfigureAwait(false))
        {
            return false;
        }
        queue.Add(file, UploadDelay);
        return true;
    }

    /// <returns>False: the journal has no room, or its disk is broken.</returns>
    private async ValueTask<bool> TryKeepAsync(FileInode file, CancellationToken cancellation)
    {
        try
        {
            await KeepHeldAsync(file, cancellation).ConfigureAwait(false);
            return true;
        }
        catch (FsException e) when (e.Reason is FsError.NoSpace or FsError.InputOutput)
        {
            JournalLog.SaveFailed(mounted.Log, mounted.Names.KeyOf(file), e.Message);
            return false;
        }
    }

    private async ValueTask KeepHeldAsync(Inode inode, CancellationToken cancellation)
    {
        var journal = mounted.Journal!;
        if (inode is not FileInode { Staged: { } staged } file)
        {
            await AddAsync(inode, journal, HeadOf(inode, null), 0, upload: null, isWhole: true, _ => ValueTask.CompletedTask).ConfigureAwait(false);
            return;
        }
        if (staged.Streamed is { IsHandedOver: true })
        {
            // Kept already, and nothing can be added any more.
            return;
        }
        using var held = new WritersHeld(file);
        var suspended = staged.Streamed is { } streamed && !streamed.TryAbandon() ? streamed : null;
        var head = HeadOf(file, staged);
        if (suspended is not null)
        {
            head = head with { Upload = await suspended.SuspendAsync().ConfigureAwait(false) };
        }
        var stamp = staged.Stamp;
        if (file.Journal is { } present && present.Holds(head, stamp))
        {
            suspended?.HandOver();
            return;
        }
        var isWhole = file.Journal is not { Length: { } length } last || staged.CutAt > last.Stamp || length > staged.Size + Surplus;
        var since = isWhole ? 0 : file.Journal!.Stamp;
        try
        {
            await AddAsync(file, journal, head, stamp, suspended, isWhole, writer => WriteChangesAsync(writer, staged, since, cancellation)).ConfigureAwait(false);
        }
        catch (FsException e) when (file.Journal is { } former && former.HoldsFile(head, stamp))
        {
            // What an earlier process saved stays, and nothing of it has changed.
            JournalLog.SaveStays(mounted.Log, head.Key, e.Message);
        }
        suspended?.HandOver();
    }

    private static async ValueTask AddAsync(
        Inode inode, ChangeJournal journal, SavedHead head, long stamp, StreamedUpload? upload, bool isWhole, Func<JournalWriter, ValueTask> writeChanges)
    {
        head = head with { Number = journal.NextNumber() };
        if (!isWhole)
        {
            await inode.Journal!.AddAsync(writeChanges, head, stamp).ConfigureAwait(false);
            inode.Journal.Upload = upload;
            return;
        }
        var entry = JournalEntry.Create(journal.NewSave());
        try
        {
            await entry.AddAsync(writeChanges, head, stamp).ConfigureAwait(false);
        }
        catch
        {
            entry.Remove();
            throw;
        }
        entry.Upload = upload;
        inode.Journal?.ReplaceBy(entry);
        inode.Journal = entry;
    }

    private static async ValueTask WriteChangesAsync(JournalWriter writer, StagedContent staged, long since, CancellationToken cancellation)
    {
        foreach (var (start, end) in staged.ZeroedSince(since))
        {
            writer.WriteZeros(start, end - start);
        }
        var slices = new List<ReadOnlyMemory<byte>>();
        var leases = new List<ISharedMemory>();
        foreach (var (start, end) in staged.ChangedSince(since))
        {
            try
            {
                await staged.GatherAsync(start, end, slices, leases, cancellation).ConfigureAwait(false);
                var offset = start;
                foreach (var slice in slices)
                {
                    writer.WriteData(offset, slice.Span);
                    offset += slice.Length;
                }
            }
            finally
            {
                leases.ForEach(lease => lease.Release());
                leases.Clear();
                slices.Clear();
            }
        }
    }

    private SavedHead HeadOf(Inode inode, StagedContent? staged)
    {
        var key = mounted.Names.KeyOf(inode);
        lock (inode.Sync)
        {
            var known = inode.Metadata!;
            var metadata = (staged is null ? known : known with { ContentHash = null }).ToObjectMetadata();
            var file = inode as FileInode;
            var stored = file?.Stored;
            var attempt = staged is null ? null : file!.Attempts.For(staged.Stamp);
            return new SavedHead
            {
                Number = 0,
                Key = key,
                IsMetadataOnly = staged is null,
                Replaces = stored is null ? null : new SavedVersion(stored.ETag, stored.Size, stored.LastModified, stored.Encryption == Encryption.Plain),
                StoredEnd = staged?.StoredEnd ?? 0,
                Size = staged?.Size ?? stored?.Size ?? 0,
                User = new Dictionary<string, string>(metadata.User),
                ContentType = metadata.ContentType,
                Headers = metadata.Headers == ObjectHeaders.None ? null : metadata.Headers,
                AreTimesOfWrite = file?.WrittenAt is not null,
                Attempt = attempt?.Id,
                EarlierAttempts = attempt is null ? null : NullIfEmpty(file!.Attempts.SentBefore(attempt)),
            };
        }
    }

    private static List<SavedAttempt>? NullIfEmpty(List<SavedAttempt> attempts) => attempts.Count == 0 ? null : attempts;
}
