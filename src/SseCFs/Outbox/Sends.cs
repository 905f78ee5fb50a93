using SseCFs.Tree;

namespace SseCFs.Outbox;

/// <summary>
/// What is being sent to the store of each inode. Others than the one who waits for it can stop it: who removes the file, and who ends the mount. Thread-safe.
/// </summary>
internal sealed class Sends : IDisposable
{
    private readonly Lock _lock = new();
    private readonly Dictionary<Inode, CancellationTokenSource> _running = [];
    private readonly Dictionary<Inode, int> _stopping = [];
    private readonly CancellationTokenSource _all = new();

    /// <summary>Runs a send by a caller who holds the inode's gate, and so is the only one.</summary>
    /// <exception cref="OperationCanceledException">It was stopped, by either.</exception>
    public async ValueTask RunAsync(Inode inode, Func<CancellationToken, ValueTask> send, CancellationToken cancellation)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation, _all.Token);
        lock (_lock)
        {
            if (_stopping.ContainsKey(inode))
            {
                throw new OperationCanceledException();
            }
            _running[inode] = stop;
        }
        try
        {
            stop.Token.ThrowIfCancellationRequested();
            await send(stop.Token).ConfigureAwait(false);
        }
        finally
        {
            lock (_lock)
            {
                _running.Remove(inode);
            }
        }
    }

    /// <summary>Stops what is being sent of an inode, and what would be before the caller has its gate. The inode stays unsaved.</summary>
    /// <returns>To be disposed once the caller has the gate.</returns>
    public IDisposable Stop(Inode inode)
    {
        lock (_lock)
        {
            _stopping[inode] = _stopping.GetValueOrDefault(inode) + 1;
            if (_running.TryGetValue(inode, out var running))
            {
                running.Cancel();
            }
        }
        return new Stopping(this, inode);
    }

    /// <summary>Whether all is stopped.</summary>
    public bool AreAllStopped => _all.IsCancellationRequested;

    /// <summary>Stops all, and whatever would begin later.</summary>
    public void StopAll() => _all.Cancel();

    public void Dispose() => _all.Dispose();

    private void End(Inode inode)
    {
        lock (_lock)
        {
            if (--_stopping[inode] == 0)
            {
                _stopping.Remove(inode);
            }
        }
    }

    private sealed class Stopping(Sends sends, Inode inode) : IDisposable
    {
        private Sends? _sends = sends;

        public void Dispose() => Interlocked.Exchange(ref _sends, null)?.End(inode);
    }
}
