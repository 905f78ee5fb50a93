using System.Collections.Concurrent;
using SseCFs.Journal;
using SseCFs.Keys;
using SseCFs.Store;
using SseCFs.Tree;

namespace SseCFs.Outbox;

/// <summary>
/// Moves all objects below a directory to another prefix: every copy first, then every removal, so that no object is ever missing from both. Thread-safe.
/// </summary>
internal sealed class TreeMove(Mounted mounted, FileStorer storer, Saving saving)
{
    private const int RequestsAtOnce = 8;

    private readonly Namespace _names = mounted.Names;

    /// <summary>The caller holds the gates of the directories that lose and gain the entry. Whoever changes anything below waits until it is done.</summary>
    /// <param name="beforeSwitch">What must be in the store before the old names go.</param>
    /// <param name="switchNames">Moves the directory in the tree; called under <see cref="Namespace.Sync"/> once all copies are made.</param>
    public async ValueTask MoveAsync(DirectoryInode source, string newPrefix, Func<ValueTask> beforeSwitch, Action switchNames, CancellationToken cancellation)
    {
        var oldPrefix = _names.KeyOf(source);
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var below = new List<Inode>();
        lock (_names.Sync)
        {
            source.Move = done.Task;
            Collect(source, below);
        }
        try
        {
            await ForEachAsync(below, SettleAsync, cancellation).ConfigureAwait(false);
            using var progress = mounted.Activity.Begin(oldPrefix, newPrefix);
            var sources = await HeadAllAsync(oldPrefix, newPrefix, cancellation).ConfigureAwait(false);
            if (sources.Count == 0 && !below.Any(inode => inode is FileInode { HoldsUnsaved: true }))
            {
                // Another writer has moved or removed it: it is there by what is below it, and nothing is.
                throw new FsException(FsError.Stale, $"{oldPrefix} is gone");
            }
            progress.SetObjects(sources.Count);
            var attempt = WriteAttempt.New();
            using var record = RenameRecord.Begin(mounted.Journal, new RenameIntent { From = oldPrefix, To = newPrefix, Attempt = attempt.Id }, mounted.Log);
            var copies = await CopyAllAsync(sources, oldPrefix, newPrefix, attempt, beforeSwitch, record, progress, cancellation).ConfigureAwait(false);
            record.Copied();
            lock (_names.Sync)
            {
                switchNames();
                FollowCopies(source, oldPrefix, newPrefix, copies);
            }
            await ForEachAsync(below.OfType<FileInode>(), FollowNameAsync, CancellationToken.None).ConfigureAwait(false);
            await ForEachAsync(
                copies.Values, (copied, token) => RenamedSource.RemoveAsync(mounted, copied.Source.Key, copied.Source.ETag, token), CancellationToken.None).ConfigureAwait(false);
            record.End();
        }
        finally
        {
            lock (_names.Sync)
            {
                source.Move = null;
            }
            done.SetResult();
        }
    }

    private static void Collect(Inode inode, List<Inode> all)
    {
        all.Add(inode);
        if (inode is DirectoryInode directory)
        {
            foreach (var child in directory.Children.Values)
            {
                Collect(child, all);
            }
        }
    }

    /// <summary>
    /// Waits for whoever was at work on the inode when the move began, and stores what is unsaved of it, so that it is copied too. What a program is in the
    /// middle of writing moves along unsaved: nobody is to see half of it.
    /// </summary>
    private ValueTask SettleAsync(Inode inode, CancellationToken cancellation) =>
        storer.RepeatAsync(() => SettleOnceAsync(inode, cancellation), cancellation);

    private async ValueTask SettleOnceAsync(Inode inode, CancellationToken cancellation)
    {
        await inode.Gate.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            if (inode is FileInode file)
            {
                await storer.EndStreamAsync(file, cancellation).ConfigureAwait(false);
            }
            if (inode is not FileInode { Stored: null, Journal: null } && !ChangeQueue.IsBeingWritten(inode))
            {
                await storer.StoreHeldAsync(inode, cancellation).ConfigureAwait(false);
            }
        }
        finally
        {
            inode.Gate.Release();
        }
    }

    /// <summary>What is being written, and was saved in the journal before, is found there by its key.</summary>
    private async ValueTask FollowNameAsync(FileInode file, CancellationToken cancellation)
    {
        await file.Gate.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            await saving.FollowNameAsync(file, cancellation).ConfigureAwait(false);
        }
        finally
        {
            file.Gate.Release();
        }
    }

    /// <summary>Copies all of them; by old key, the version that was copied and the copy.</summary>
    private async ValueTask<ConcurrentDictionary<string, (ObjectInfo Source, WrittenObject Copy)>> CopyAllAsync(
        IReadOnlyCollection<ObjectInfo> sources, string oldPrefix, string newPrefix, WriteAttempt attempt, Func<ValueTask> beforeSwitch, RenameRecord record, Activity.DirectoryRename progress,
        CancellationToken cancellation)
    {
        var copies = new ConcurrentDictionary<string, (ObjectInfo Source, WrittenObject Copy)>(StringComparer.Ordinal);
        var tried = new ConcurrentDictionary<string, WriteAttempt>(StringComparer.Ordinal);
        try
        {
            await ForEachAsync(sources, async (info, token) =>
            {
                var metadata = info.Metadata with { Attempt = tried[info.Key] = attempt.Derive(info.Key, info.ETag) };
                // What another writer stores there meanwhile is not replaced. The marker of a directory that is replaced is.
                var condition = info.Key.Length == oldPrefix.Length ? WriteCondition.None : WriteCondition.Absent;
                var copy = await mounted.Store.CopyAsync(info, newPrefix + info.Key[oldPrefix.Length..], metadata, condition, token).ConfigureAwait(false);
                copies[info.Key] = (info, copy);
                progress.AddCopied();
            }, cancellation).ConfigureAwait(false);
            await beforeSwitch().ConfigureAwait(false);
            return copies;
        }
        catch
        {
            // Undone: the old names are all there still.
            record.Undo();
            await ForEachAsync(tried.Where(one => copies.ContainsKey(one.Key) || one.Value.MayBeStored), async (one, token) =>
            {
                var newKey = newPrefix + one.Key[oldPrefix.Length..];
                // A copy that no reply told of may have been made all the same.
                var etag = copies.TryGetValue(one.Key, out var copied) ? copied.Copy.ETag
                    : (await mounted.Store.FindOwnAsync(newKey, one.Value, token).ConfigureAwait(false))?.ETag;
                if (etag is not null)
                {
                    await RenamedSource.RemoveAsync(mounted, newKey, etag, token).ConfigureAwait(false);
                }
            }, CancellationToken.None).ConfigureAwait(false);
            record.End();
            throw;
        }
    }

    /// <summary>Everything below, with its metadata. One that is not ours to read stops the move before it begins.</summary>
    private async ValueTask<IReadOnlyCollection<ObjectInfo>> HeadAllAsync(string prefix, string newPrefix, CancellationToken cancellation)
    {
        var keys = new List<string>();
        await foreach (var page in mounted.Store.ListAllAsync(prefix, null, cancellation).ConfigureAwait(false))
        {
            keys.AddRange(page.Objects.Select(o => o.Key));
        }
        var infos = new ConcurrentBag<ObjectInfo>();
        try
        {
            await ForEachAsync(keys, async (key, token) => infos.Add(await mounted.Store.HeadAsync(key, token).ConfigureAwait(false)), cancellation).ConfigureAwait(false);
        }
        catch (FsException e) when (e.IsUnreadable)
        {
            TreeLog.MoveRefused(mounted.Log, prefix, newPrefix, e.Message);
            throw;
        }
        return infos;
    }

    private static async ValueTask ForEachAsync<T>(IEnumerable<T> items, Func<T, CancellationToken, ValueTask> act, CancellationToken cancellation) =>
        await Parallel.ForEachAsync(items, new ParallelOptions { MaxDegreeOfParallelism = RequestsAtOnce, CancellationToken = cancellation }, act).ConfigureAwait(false);

    private void FollowCopies(
        DirectoryInode directory, string oldPrefix, string newPrefix, ConcurrentDictionary<string, (ObjectInfo Source, WrittenObject Copy)> copies)
    {
        _names.Touch(directory);
        directory.MarkerETag = copies.TryGetValue(oldPrefix + _names.KeyOf(directory)[newPrefix.Length..], out var marker) ? marker.Copy.ETag : null;
        foreach (var child in directory.Children.Values)
        {
            if (child is DirectoryInode below)
            {
                FollowCopies(below, oldPrefix, newPrefix, copies);
                continue;
            }
            var file = (FileInode)child;
            _names.Touch(file);
            var key = _names.KeyOf(file);
            if (!copies.TryGetValue(oldPrefix + key[newPrefix.Length..], out var moved))
            {
                continue;
            }
            lock (file.Sync)
            {
                if (file.Stored is { } known && known.ETag == moved.Source.ETag)
                {
                    Versions.Moved(file, key, moved.Copy);
                }
                else if (!file.IsDirty)
                {
                    // Another writer's version was copied, which is not known here.
                    Versions.Replace(mounted, file, new StoredVersion(moved.Copy.ETag, moved.Source.Size, moved.Copy.LastModified, Encryption.CustomerKey, IsOwnWrite: true));
                }
            }
        }
    }
}
