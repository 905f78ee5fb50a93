using System.Collections.Concurrent;
using SseCFs.Tree;

namespace SseCFs.Outbox;

/// <summary>
/// What is to be stored a little later: metadata that may yet join a rename or an upload, and what failed and is tried again. Thread-safe.
/// </summary>
internal sealed class DeferredWrites : IAsyncDisposable
{
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(5);
    private const int WritesAtOnce = 4;

    private readonly Mounted _mounted;
    private readonly FileStorer _storer;
    private readonly ConcurrentDictionary<Inode, Turn> _waiting = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _loop;

    public DeferredWrites(Mounted mounted, FileStorer storer)
    {
        _mounted = mounted;
        _storer = storer;
        _loop = Task.Run(RunAsync);
    }

    /// <summary>Inodes with something unsaved, by key, with the last failure if there was one.</summary>
    public IReadOnlyList<(string Key, string? Failure)> Pending =>
        [.. _waiting.Where(IsUnsaved).Select(pair => (_mounted.Names.KeyOf(pair.Key), pair.Value.Failure))];

    /// <summary>The same as inodes.</summary>
    public IReadOnlyCollection<Inode> Waiting => [.. _waiting.Where(IsUnsaved).Select(pair => pair.Key)];

    /// <summary>Stores an inode after a delay, counted from the first call.</summary>
    public void Add(Inode inode, TimeSpan delay)
    {
        var added = new Turn(_mounted.Clock.GetTimestamp(), delay, null);
        _waiting.AddOrUpdate(inode, added, (_, present) => present.IsBeingStored ? added : present);
    }

    /// <summary>Something failed to be stored and nobody is left to try again but we.</summary>
    public void AddFailed(Inode inode, string reason)
    {
        TreeLog.StoreFailed(_mounted.Log, _mounted.Names.KeyOf(inode), reason);
        _waiting[inode] = new Turn(_mounted.Clock.GetTimestamp(), RetryDelay, reason);
    }

    /// <summary>Stores everything that waits, now.</summary>
    /// <returns>How many could not be stored.</returns>
    public async ValueTask<int> StoreAllAsync(CancellationToken cancellation)
    {
        await StoreAsync([.. _waiting.Keys], cancellation).ConfigureAwait(false);
        return _waiting.Count(pair => pair.Value.Failure is not null);
    }

    /// <summary>Makes room in memory for more that is staged: where the disk under the spill file is full, by storing closed files that wait for it.</summary>
    /// <param name="isEnough">Whether it may be staged all the same.</param>
    /// <exception cref="FsException"><see cref="FsError.NoSpace"/>: none waits, or none can be stored.</exception>
    public async ValueTask MakeRoomAsync(Func<bool> isEnough, CancellationToken cancellation)
    {
        for (; ; )
        {
            List<Inode> closed;
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
                closed = [.. _waiting.Where(pair => pair.Key is FileInode { Staged: not null, Writers: 0 } && pair.Value.Failure is null).Select(pair => pair.Key)];
                if (closed.Count == 0)
                {
                    throw;
                }
            }
            await StoreAsync(closed, cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>Stores what waits directly in one directory, and the directory's own metadata, unless it is saved in the journal and that is enough; a failure is thrown.</summary>
    public async ValueTask StoreWithinAsync(DirectoryInode directory, CancellationToken cancellation)
    {
        foreach (var pair in _waiting.Where(pair => (ReferenceEquals(pair.Key, directory) || ReferenceEquals(pair.Key.Parent, directory)) && !IsBeingWritten(pair.Key) && !IsSaved(pair.Key)))
        {
            pair.Value.IsBeingStored = true;
            try
            {
                await _storer.StoreAsync(pair.Key, cancellation).ConfigureAwait(false);
                _waiting.TryRemove(pair);
            }
            finally
            {
                pair.Value.IsBeingStored = false;
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await _loop.ConfigureAwait(false);
        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        using var timer = new PeriodicTimer(Tick, _mounted.Clock);
        try
        {
            while (await timer.WaitForNextTickAsync(_stop.Token).ConfigureAwait(false))
            {
                var due = _waiting
                    .Where(pair => !pair.Value.IsBeingStored && !_mounted.IsWithin(pair.Value.Since, pair.Value.Delay) && !IsBeingWritten(pair.Key)).Select(pair => pair.Key).ToList();
                if (due.Count > 0)
                {
                    await StoreAsync(due, _stop.Token).ConfigureAwait(false);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The mount ends; what waits was stored by StoreAllAsync or is reported there.
        }
    }

    /// <summary>Half of what a program means to write is nothing to be seen: its close stores it, and the metadata with it.</summary>
    public static bool IsBeingWritten(Inode inode) => inode is FileInode { Writers: > 0, Staged: not null };

    /// <summary>What waits may have been stored by somebody else meanwhile.</summary>
    private static bool IsUnsaved(KeyValuePair<Inode, Turn> pair) => pair.Value.IsBeingStored || FileStorer.NeedsStoring(pair.Key);

    private bool IsSaved(Inode inode) => _mounted.Journal is { IsWriteBack: true } && inode.Journal is not null;

    private Task StoreAsync(IReadOnlyList<Inode> inodes, CancellationToken cancellation) => Parallel.ForEachAsync(
        inodes,
        new ParallelOptions { MaxDegreeOfParallelism = WritesAtOnce, CancellationToken = cancellation },
        async (inode, token) =>
        {
            if (!_waiting.TryGetValue(inode, out var waiting))
            {
                return;
            }
            waiting.IsBeingStored = true;
            try
            {
                await _storer.StoreAsync(inode, token).ConfigureAwait(false);
                _waiting.TryRemove(new(inode, waiting));
                if (waiting.Failure is not null)
                {
                    TreeLog.StoredAtLast(_mounted.Log, _mounted.Names.KeyOf(inode));
                }
            }
            catch (OperationCanceledException)
            {
                waiting.IsBeingStored = false;
                throw;
            }
            catch (FsException e) when (e.Reason == FsError.Conflict)
            {
                // Nothing left to try: both versions are stored, and the log says where.
                _waiting.TryRemove(new(inode, waiting));
            }
            catch (Exception e)
            {
                AddFailed(inode, e.Message);
            }
        });

    /// <summary>It stays listed until it is stored, so that a drain waits for it; a change that comes meanwhile takes its place.</summary>
    private sealed class Turn(long since, TimeSpan delay, string? failure)
    {
        public long Since { get; } = since;

        public TimeSpan Delay { get; } = delay;

        public string? Failure { get; } = failure;

        public volatile bool IsBeingStored;
    }
}
