using System.Collections.Concurrent;

namespace SseCFs.Fuse.Session;

/// <summary>Sends one notification after the other, from a thread of its own. Thread-safe.</summary>
internal sealed class NotificationLane<T>
{
    private readonly BlockingCollection<T> _queue = [];
    private readonly Thread _thread;

    /// <param name="send">Runs on the lane's thread and must not throw.</param>
    public NotificationLane(string name, Action<T> send) => _thread = new Thread(() =>
    {
        foreach (var notification in _queue.GetConsumingEnumerable())
        {
            send(notification);
        }
    })
    {
        Name = name,
        IsBackground = true,
    };

    public void Start() => _thread.Start();

    /// <returns>False: stopped. The kernel's caches are gone with the connection.</returns>
    public bool TryAdd(T notification)
    {
        try
        {
            _queue.Add(notification);
            return true;
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }

    /// <summary>Nothing is taken any more; returns when all that was taken has been sent and the thread has ended.</summary>
    public void Stop()
    {
        _queue.CompleteAdding();
        _thread.Join();
    }
}
