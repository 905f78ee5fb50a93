using SseCFs.Outbox;
using SseCFs.Store;
using SseCFs.Tree;

namespace SseCFs.Operations;

/// <summary>
/// Renames of files whose copy was not answered, which may have been made, or be made later by a request still under way; and those whose source could not be removed. Each is
/// finished as soon as the store lets it, or given up once the copy cannot appear any more, or does not for long. Its record stays in the journal until then. Thread-safe.
/// </summary>
internal sealed class RenamesInDoubt(Mounted mounted, RenameCompletion completion) : IAsyncDisposable
{
    /// <summary>No service and no proxy keeps a request for so long after its sender has closed the connection.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    private readonly Lock _lock = new();
    private readonly List<(FileMove Move, long Since)> _moves = [];
    private readonly CancellationTokenSource _stop = new();
    private Task _loop = Task.CompletedTask;

    public bool Has(FileMove move)
    {
        lock (_lock)
        {
            return _moves.Exists(one => ReferenceEquals(one.Move, move));
        }
    }

    /// <summary>Before anything else happens to a name: finds out about renames from it or to it, if the store can be asked.</summary>
    public async ValueTask AskAboutAsync(DirectoryInode directory, string name, CancellationToken cancellation)
    {
        List<(FileMove Move, long Since)> moves;
        lock (_lock)
        {
            if (_moves.Count == 0)
            {
                return;
            }
            var key = mounted.Names.KeyOf(directory, name);
            moves = _moves.FindAll(one => one.Move.NewKey == key || one.Move.OldKey == key);
        }
        await SettleAsync(moves, cancellation).ConfigureAwait(false);
    }

    /// <summary>Asks for the copy of a rename that had no answer; if it is not known to be there, the rename stays in doubt. By a caller who holds the gates.</summary>
    /// <returns>Whether the rename is finished.</returns>
    public async ValueTask<bool> TryFinishHeldAsync(FileMove move, CancellationToken cancellation)
    {
        try
        {
            if (await FindAsync(move, cancellation).ConfigureAwait(false) is { IsOwn: true, There: { } copy })
            {
                await FinishAsync(move, copy).ConfigureAwait(false);
                return true;
            }
        }
        catch (FsException) when (move.IsCopied)
        {
            // The source is to go yet.
            Add(move);
            throw;
        }
        catch (Exception e) when (e is FsException or OperationCanceledException)
        {
            // It is asked again.
        }
        mounted.Unanswered.AddCopy(move.NewKey, move.Attempt);
        Add(move);
        return false;
    }

    /// <summary>Adds a rename whose copy may be made yet, or whose source is to go yet.</summary>
    public void Add(FileMove move)
    {
        lock (_lock)
        {
            _moves.Add((move, mounted.Clock.GetTimestamp()));
            if (_loop.IsCompleted && !_stop.IsCancellationRequested)
            {
                _loop = Task.Run(RunAsync, CancellationToken.None);
            }
        }
    }

    /// <summary>What is in doubt still is left to the next mount, which finds the records.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await _loop.ConfigureAwait(false);
        _moves.ForEach(one => one.Move.Record.Dispose());
        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        for (var tries = 1; ; tries++)
        {
            try
            {
                await Task.Delay(BackOff.WhileAway(tries), mounted.Clock, _stop.Token).ConfigureAwait(false);
                List<(FileMove Move, long Since)> moves;
                lock (_lock)
                {
                    moves = [.. _moves];
                }
                await SettleAsync(moves, _stop.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                return;
            }
            lock (_lock)
            {
                if (_moves.Count == 0)
                {
                    _loop = Task.CompletedTask;
                    return;
                }
            }
        }
    }

    private async ValueTask SettleAsync(List<(FileMove Move, long Since)> moves, CancellationToken cancellation)
    {
        foreach (var (move, since) in moves)
        {
            if (await IsSettledAsync(move, since, cancellation).ConfigureAwait(false))
            {
                lock (_lock)
                {
                    _moves.RemoveAll(one => ReferenceEquals(one.Move, move));
                }
                move.Record.Dispose();
            }
        }
    }

    private async ValueTask<bool> IsSettledAsync(FileMove move, long since, CancellationToken cancellation)
    {
        try
        {
            using var directories = await Hold.TakeAsync(mounted.Names, move.From, move.To, cancellation).ConfigureAwait(false);
            if (move.IsCopied)
            {
                return await IsSourceGoneAsync(move, cancellation).ConfigureAwait(false);
            }
            FileInode? target;
            lock (mounted.Names.Sync)
            {
                if (move.Source.IsDetached || mounted.Names.KeyOf(move.Source) != move.OldKey || mounted.Names.KeyOf(move.To, move.NewName) != move.NewKey)
                {
                    // A program has renamed or removed it since: whatever stands under the new name is seen by whoever looks.
                    return GiveUp(move);
                }
                target = move.To.Children.GetValueOrDefault(move.NewName) as FileInode;
            }
            using var files = await Hold.TakeBelowAsync(move.Source, target ?? (Inode)move.Source, cancellation).ConfigureAwait(false);
            var (there, isOwn) = await FindAsync(move, cancellation).ConfigureAwait(false);
            if (!isOwn || there is null)
            {
                return there?.ETag == move.ReplacedETag && mounted.IsWithin(since, Patience) ? false : GiveUp(move);
            }
            if (move.Source.Stored?.ETag != move.OldVersion.ETag)
            {
                TreeLog.ChangedMeanwhile(mounted.Log, move.OldKey);
                return GiveUp(move);
            }
            if (target is { IsDirty: true } or { Writers: > 0 })
            {
                // What is written is stored over the copy.
                return false;
            }
            move.Replaced = target;
            await FinishAsync(move, there).ConfigureAwait(false);
            completion.Tell(move);
            return true;
        }
        catch (FsException)
        {
            // The store cannot be asked now, or does not let the source go.
            return false;
        }
    }

    /// <summary>Removes what was copied from the old name, unless the name leads to something else by now, or to something that a program here is at work on.</summary>
    private async ValueTask<bool> IsSourceGoneAsync(FileMove move, CancellationToken cancellation)
    {
        FileInode? shown;
        lock (mounted.Names.Sync)
        {
            if (mounted.Names.KeyOf(move.From, move.OldName) != move.OldKey || move.From.Children.GetValueOrDefault(move.OldName) is DirectoryInode)
            {
                return GiveUp(move);
            }
            shown = move.From.Children.GetValueOrDefault(move.OldName) as FileInode;
        }
        using var file = shown is null ? default(Hold?) : await Hold.TakeBelowAsync(shown, shown, cancellation).ConfigureAwait(false);
        if (shown is { IsDirty: true } or { Handles: > 0 })
        {
            return false;
        }
        try
        {
            var there = await mounted.Store.HeadAsync(move.OldKey, cancellation).ConfigureAwait(false);
            // The same bytes may be there again, with the same ETag.
            if (!move.OldVersion.IsShownBy(new ListedObject(there.Key, there.Size, there.ETag, there.LastModified)))
            {
                return GiveUp(move);
            }
            await mounted.Store.DeleteAsync(move.OldKey, there.ETag, cancellation).ConfigureAwait(false);
        }
        catch (FsException e) when (e.Reason is FsError.NotFound or FsError.Conflict || e.IsUnreadable)
        {
            // Gone already, or another writer's by now.
        }
        if (shown is not null)
        {
            lock (mounted.Names.Sync)
            {
                mounted.Names.Detach(shown);
            }
            mounted.Invalidation?.InvalidateEntry(move.From.Number, FileName.ToName(move.OldName)!);
        }
        return GiveUp(move);
    }

    private ValueTask FinishAsync(FileMove move, ObjectInfo copy) => completion.FinishAsync(
        move, new WrittenObject(copy.ETag, copy.LastModified), PosixMetadata.Parse(copy, FileType.Regular, mounted.Owners));

    private static bool GiveUp(FileMove move)
    {
        move.Record.End();
        return true;
    }

    private async ValueTask<(ObjectInfo? There, bool IsOwn)> FindAsync(FileMove move, CancellationToken cancellation)
    {
        try
        {
            var there = await mounted.Store.HeadAsync(move.NewKey, cancellation).ConfigureAwait(false);
            return (there, await mounted.Store.IsOwnAsync(there, move.Attempt, cancellation).ConfigureAwait(false));
        }
        catch (FsException e) when (e.Reason == FsError.NotFound)
        {
            return (null, false);
        }
    }
}
