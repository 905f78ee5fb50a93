using System.Diagnostics.CodeAnalysis;

namespace SseCFs.Fuse.Session;

/// <summary>
/// The requests whose handlers went asynchronous, by unique. Whoever takes an entry out decides over its cancellation
/// source: an INTERRUPT that takes it cancels it, and then the request does not use it again; a reply that takes it
/// leaves a late INTERRUPT nothing to find. Thread-safe; the lock is a leaf.
/// </summary>
internal sealed class InFlightTable
{
    private readonly Lock _lock = new();
    private readonly Dictionary<ulong, Request> _requests = new(256);
    private bool _closed;

    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _requests.Count;
            }
        }
    }

    /// <summary>Adds a request that has gone asynchronous, unless it was answered meanwhile.</summary>
    public void Add(Request request)
    {
        CancellationTokenSource? cancel = null;
        lock (_lock)
        {
            // Under the lock, so that an answer that is just being given waits and then finds the entry.
            if (!request.TryEnterFlight())
            {
                return;
            }
            if (_closed)
            {
                cancel = request.CancellationSource;
            }
            else
            {
                _requests.Add(request.Unique, request);
            }
        }
        CancelElsewhere(cancel);
    }

    /// <summary>False if it was taken out before, by an INTERRUPT or at the end of the connection.</summary>
    public bool Remove(Request request)
    {
        lock (_lock)
        {
            return _requests.Remove(request.Unique);
        }
    }

    /// <summary>The thread that waits for a request; null if no such request is in flight.</summary>
    public uint? WaiterOf(ulong unique)
    {
        lock (_lock)
        {
            return _requests.TryGetValue(unique, out var request) ? request.Caller.Thread : null;
        }
    }

    /// <summary>False if no such request is in flight.</summary>
    public bool TryInterrupt(ulong unique)
    {
        CancellationTokenSource cancel;
        lock (_lock)
        {
            if (!_requests.Remove(unique, out var request))
            {
                return false;
            }
            cancel = request.CancellationSource;
        }
        CancelElsewhere(cancel);
        return true;
    }

    /// <summary>The connection is gone: nobody waits for any of them.</summary>
    public void CancelAll()
    {
        CancellationTokenSource[] all;
        lock (_lock)
        {
            _closed = true;
            all = [.. _requests.Values.Select(request => request.CancellationSource)];
            _requests.Clear();
        }
        foreach (var cancel in all)
        {
            CancelElsewhere(cancel);
        }
    }

    /// <summary>Callbacks run on the pool: a reader thread must not run what others registered.</summary>
    [SuppressMessage("Reliability", "CA2025", Justification = "The sources are never disposed.")]
    private static void CancelElsewhere(CancellationTokenSource? cancel) => _ = cancel?.CancelAsync();
}
