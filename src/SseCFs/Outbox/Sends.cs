using System.Collections.Concurrent;
using SseCFs.Tree;

namespace SseCFs.Outbox;

/// <summary>
/// What is being sent to the store of each inode. Others than the one who waits for it can stop it: who removes the file, and who ends the mount. Thread-safe.
/// </summary>
internal sealed class Sends : IDisposable
{
    private readonly ConcurrentDictionary<Inode, CancellationTokenSource> _running = new();
    private readonly CancellationTokenSource _all = new();

    public bool IsRunning(Inode inode) => _running.ContainsKey(inode);

    /// <summary>Runs a send by a caller who holds the inode's gate, and so is the only one.</summary>
    /// <exception cref="OperationCanceledException">It was stopped, by either.</exception>
    public async ValueTask RunAsync(Inode inode, Func<CancellationToken, ValueTask> send, CancellationToken cancellation)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation, _all.Token);
        _running[inode] = stop;
        try
        {
            stop.Token.ThrowIfCancellationRequested();
            await send(stop.Token).ConfigureAwait(false);
        }
        finally
        {
            // Whoever stops it holds the lock: a source is not used after its end.
            lock (_running)
            {
                _running.TryRemove(inode, out _);
            }
        }
    }

    /// <summary>Stops what is being sent of an inode; it stays unsaved. Returns at once: whoever takes the gate next has waited for its end.</summary>
    public void Stop(Inode inode)
    {
        lock (_running)
        {
            if (_running.TryGetValue(inode, out var stop))
            {
                stop.Cancel();
            }
        }
    }

    /// <summary>Stops all, and whatever would begin later.</summary>
    public void StopAll() => _all.Cancel();

    public void Dispose() => _all.Dispose();
}
