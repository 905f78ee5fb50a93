using System.Runtime.ExceptionServices;
using SseCFs.Tree;

namespace SseCFs.Outbox;

/// <summary>
/// Everything that is to be stored: attributes that wait a little, so that a rename or an upload may take them along, files whose close waits, and what failed and is
/// tried again. Large and small ones have lanes of their own. Whoever waits for a change may leave: it goes on without them. Thread-safe.
/// </summary>
internal sealed class ChangeQueue : IAsyncDisposable
{
    /// <summary>Files above this go in the lane of large ones.</summary>
    private const long LargestSmall = 8L << 20;

    private const int SmallAtOnce = 32, LargeAtOnce = 4;

    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(200);

    private readonly Mounted _mounted;
    private readonly FileStorer _storer;
    private readonly Lock _lock = new();
    private readonly Dictionary<Inode, QueuedChange> _changes = [];
    private readonly SemaphoreSlim _small = new(SmallAtOnce);
    private readonly SemaphoreSlim _large = new(LargeAtOnce);
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _loop;

    /// <summary>The tries since the service was last reached, and when the next one is due, as a timestamp of the clock.</summary>
    private int _triesWhileAway;
    private long _tryServiceAt;
    private QueuedChange? _trying;

    public ChangeQueue(Mounted mounted, FileStorer storer)
    {
        _mounted = mounted;
        _storer = storer;
        _loop = Task.Run(RunAsync);
    }

    /// <summary>Half of what a program means to write is nothing to be seen: its close stores it, and the attributes with it.</summary>
    public static bool IsBeingWritten(Inode inode) => inode is FileInode { Writers: > 0, Staged: not null };

    /// <summary>Inodes with something unsaved that was given to be stored.</summary>
    public IReadOnlyList<Inode> Inodes
    {
        get
        {
            lock (_lock)
            {
                return [.. _changes.Values.Where(IsUnsaved).Select(change => change.Inode)];
            }
        }
    }

    /// <summary>The same, described.</summary>
    public IReadOnlyList<PendingChange> Pending
    {
        get
        {
            var now = _mounted.Clock.GetUtcNow();
            List<(Inode Inode, PendingChange Change)> pending;
            lock (_lock)
            {
                pending = [.. _changes.Values.Where(IsUnsaved).Select(change => (change.Inode, Describe(change, now)))];
            }
            return [.. pending.Select(one => Complete(one.Inode, one.Change))];
        }
    }

    /// <summary>Stores an inode after a delay, counted from the first call since it was last stored.</summary>
    public void Add(Inode inode, TimeSpan delay)
    {
        var dueAt = _mounted.After(delay);
        lock (_lock)
        {
            if (!_changes.TryGetValue(inode, out var present))
            {
                _changes[inode] = new QueuedChange(inode, _mounted.Clock.GetUtcNow()) { DueAt = dueAt };
            }
            else if (present.Running is not null)
            {
                present.DueAgainAt ??= dueAt;
            }
        }
    }

    /// <summary>The same at once, unless it waits because of a failure.</summary>
    public void Start(Inode inode)
    {
        lock (_lock)
        {
            if (!_stop.IsCancellationRequested && Get(inode) is { Failure: null } change)
            {
                StartOrJoin(change, isWaitedFor: false);
            }
        }
    }

    /// <summary>Returns once nothing of the inode is unsaved. What fails stays, and is tried again later.</summary>
    /// <param name="cancellation">Ends the wait alone.</param>
    public async ValueTask StoreAsync(Inode inode, CancellationToken cancellation)
    {
        for (; ; )
        {
            // Whoever holds the gate may be storing it just now: that is waited for.
            if (!FileStorer.NeedsStoring(inode) && inode.IsGateFree)
            {
                return;
            }
            Task<Exception?> running;
            bool isOwn;
            lock (_lock)
            {
                (running, isOwn) = StartOrJoin(Get(inode), isWaitedFor: true);
            }
            var failure = await running.WaitAsync(cancellation).ConfigureAwait(false);
            // Stopped by who removes or empties the file: then there is nothing left to store, or something else. What was joined may have begun before the last change.
            var isAgain = failure is OperationCanceledException ? !_stop.IsCancellationRequested : !isOwn && failure is not FsException { Reason: FsError.Conflict };
            if (!isAgain)
            {
                if (failure is not null)
                {
                    ExceptionDispatchInfo.Throw(failure);
                }
                return;
            }
        }
    }

    /// <summary>Tries to store everything that waits, now.</summary>
    /// <returns>How many could not be stored.</returns>
    public async ValueTask<int> StoreAllAsync(CancellationToken cancellation)
    {
        for (var isFirst = true; ; isFirst = false)
        {
            List<Task<Exception?>> running;
            lock (_lock)
            {
                // What came while it was being sent has another turn; what failed has had its own.
                var starting = _changes.Values.Where(change => isFirst || change.Failure is null && IsUnsaved(change)).ToList();
                if (starting.Count == 0 || _stop.IsCancellationRequested)
                {
                    return _changes.Values.Count(IsUnsaved);
                }
                running = [.. starting.Select(change => StartOrJoin(change, isWaitedFor: false).Running)];
            }
            await Task.WhenAll(running).WaitAsync(cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>Makes room in memory for more that is staged: where the disk under the spill file is full, by storing closed files that wait for it.</summary>
    /// <param name="isEnough">Whether it may be staged all the same.</param>
    /// <exception cref="FsException"><see cref="FsError.NoSpace"/>: none waits, or none can be stored.</exception>
    public async ValueTask MakeRoomAsync(Func<bool> isEnough, CancellationToken cancellation)
    {
        for (; ; )
        {
            List<Task<Exception?>> closed;
            try
            {
                await _mounted.Staging.MakeRoomAsync(cancellation).ConfigureAwait(false);
                return;
            }
            catch (FsException e) when (e.Reason == FsError.NoSpace)
            {
                if (isEnough())
                {
                    return;
                }
                lock (_lock)
                {
                    closed = [.. _changes.Values
                        .Where(change => change.Inode is FileInode { Staged: not null, Writers: 0 } && change.Failure is null)
                        .Select(change => StartOrJoin(change, isWaitedFor: true).Running)];
                }
                if (closed.Count == 0)
                {
                    throw;
                }
            }
            await Task.WhenAll(closed).WaitAsync(cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>Stores what waits directly in one directory, and the directory's own attributes, unless it is saved in the journal and that is enough; a failure is thrown.</summary>
    public async ValueTask StoreWithinAsync(DirectoryInode directory, CancellationToken cancellation)
    {
        foreach (var inode in Inodes.Where(inode => (ReferenceEquals(inode, directory) || ReferenceEquals(inode.Parent, directory)) && !IsBeingWritten(inode) && !IsSaved(inode)))
        {
            await StoreAsync(inode, cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>Sends nothing more, and ends what is under way. What is not stored stays as it is.</summary>
    public async ValueTask StopAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await _loop.ConfigureAwait(false);
        List<Task> running;
        lock (_lock)
        {
            running = [.. _changes.Values.Select(change => change.Running).OfType<Task>()];
        }
        await Task.WhenAll(running).ConfigureAwait(false);
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync().ConfigureAwait(false);
        _stop.Dispose();
        _small.Dispose();
        _large.Dispose();
    }

    private static bool IsUnsaved(QueuedChange change) => change.Running is not null || FileStorer.NeedsStoring(change.Inode);

    private PendingChange Describe(QueuedChange change, DateTimeOffset now) => new(
        "",
        change.Running is not null ? ChangeState.Sending : change.Failure is null ? ChangeState.Ready : ChangeState.Waiting,
        0,
        change.Since,
        change.Failure?.Message,
        change.Failure is null || change.Running is not null ? null : now + _mounted.Clock.GetElapsedTime(_mounted.Clock.GetTimestamp(), change.DueAt));

    /// <summary>What the queue's lock is not needed for.</summary>
    private PendingChange Complete(Inode inode, PendingChange change)
    {
        var key = _mounted.Names.KeyOf(inode);
        if (inode is not FileInode file)
        {
            return change with { Key = key };
        }
        lock (file.Sync)
        {
            var progress = file.Attempts.All is [.., var attempt] ? attempt.Progress : null;
            return change with { Key = key, Bytes = file.Size, Sent = progress?.Bytes ?? 0, Rate = progress?.RateAt(_mounted.Clock) ?? 0 };
        }
    }

    private bool IsSaved(Inode inode) => _mounted.Journal is { IsWriteBack: true } && inode.Journal is not null;

    private QueuedChange Get(Inode inode)
    {
        if (!_changes.TryGetValue(inode, out var change))
        {
            _changes[inode] = change = new QueuedChange(inode, _mounted.Clock.GetUtcNow());
        }
        return change;
    }

    /// <summary>Under the lock.</summary>
    private (Task<Exception?> Running, bool IsOwn) StartOrJoin(QueuedChange change, bool isWaitedFor)
    {
        if (change.Running is { } running)
        {
            return (running, false);
        }
        change.DueAgainAt = null;
        return (change.Running = Task.Run(() => SendAsync(change, isWaitedFor), CancellationToken.None), true);
    }

    /// <param name="isWaitedFor">Who waits for it is not to wait for what nobody waits for: then no lane limits it.</param>
    private async Task<Exception?> SendAsync(QueuedChange change, bool isWaitedFor)
    {
        Exception? failure;
        try
        {
            var lane = isWaitedFor ? null : change.Inode is FileInode { Size: > LargestSmall } ? _large : _small;
            await _storer.StoreAsync(change.Inode, lane, _stop.Token).ConfigureAwait(false);
            failure = null;
        }
        catch (Exception e)
        {
            failure = e;
        }
        End(change, failure);
        return failure;
    }

    private void End(QueuedChange change, Exception? failure)
    {
        var (isNews, isAtLast) = (false, false);
        lock (_lock)
        {
            change.Running = null;
            NoteService(change, failure);
            // Where a conflict was the failure, nothing is left to try: both versions are stored, and the log says where.
            if (failure is null or FsException { Reason: FsError.Conflict })
            {
                isAtLast = failure is null && change.Failure is not null;
                _changes.Remove(change.Inode);
                if (FileStorer.NeedsStoring(change.Inode))
                {
                    var again = change.DueAgainAt ?? _mounted.After(failure is null ? _mounted.Options.MetadataDelay : BackOff.After(1, failure));
                    _changes[change.Inode] = new QueuedChange(change.Inode, _mounted.Clock.GetUtcNow()) { DueAt = again };
                }
            }
            else if (failure is OperationCanceledException)
            {
                // Stopped by who removes it, or by the end of the mount.
                change.DueAt = _mounted.After(BackOff.After(1, failure));
            }
            else
            {
                change.Tries++;
                isNews = change.Failure?.Message != failure.Message;
                change.Failure = failure;
                change.DueAt = _mounted.After(BackOff.After(change.Tries, failure));
            }
        }
        if (isNews)
        {
            TreeLog.StoreFailed(_mounted.Log, _mounted.Names.KeyOf(change.Inode), failure!.Message);
        }
        else if (isAtLast)
        {
            TreeLog.StoredAtLast(_mounted.Log, _mounted.Names.KeyOf(change.Inode));
        }
    }

    /// <summary>Notes whether the service can be reached: what waits for it need not wait any longer, or one of it tries again later. Under the lock.</summary>
    private void NoteService(QueuedChange change, Exception? failure)
    {
        if (failure is OperationCanceledException)
        {
            return;
        }
        if (failure is FsException { Reason: FsError.Unavailable })
        {
            if (_triesWhileAway == 0 || ReferenceEquals(change, _trying))
            {
                _tryServiceAt = _mounted.After(BackOff.After(++_triesWhileAway, failure));
            }
            return;
        }
        if (_triesWhileAway == 0)
        {
            return;
        }
        _triesWhileAway = 0;
        foreach (var waiting in _changes.Values.Where(one => one.Failure is { } reason && !BackOff.IsRefusal(reason)))
        {
            waiting.DueAt = 0;
        }
    }

    private async Task RunAsync()
    {
        using var timer = new PeriodicTimer(Tick, _mounted.Clock);
        try
        {
            while (await timer.WaitForNextTickAsync(_stop.Token).ConfigureAwait(false))
            {
                StartDue();
            }
        }
        catch (OperationCanceledException)
        {
            // The mount ends; what waits was stored by StoreAllAsync or is reported there.
        }
    }

    private void StartDue()
    {
        var now = _mounted.Clock.GetTimestamp();
        lock (_lock)
        {
            if (_triesWhileAway > 0 && now < _tryServiceAt)
            {
                return;
            }
            foreach (var change in _changes.Values.Where(change => change.Running is null).ToList())
            {
                if (!FileStorer.NeedsStoring(change.Inode))
                {
                    // Removed, or stored by somebody else, who may not be done yet.
                    if (change.Inode.IsGateFree)
                    {
                        _changes.Remove(change.Inode);
                    }
                }
                // What failed was asked for, by a close or an fsync: it does not wait for the others who have the file open.
                else if (change.DueAt <= now && (change.Failure is not null || !IsBeingWritten(change.Inode)))
                {
                    StartOrJoin(change, isWaitedFor: false);
                    if (_triesWhileAway > 0)
                    {
                        // One is enough to tell whether it is back; if that one takes long, another one tries.
                        _trying = change;
                        _tryServiceAt = _mounted.After(BackOff.Longest);
                        return;
                    }
                }
            }
        }
    }
}
