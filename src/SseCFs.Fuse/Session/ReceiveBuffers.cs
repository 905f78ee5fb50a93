namespace SseCFs.Fuse.Session;

/// <summary>
/// Pinned buffers that take one frame each. What large frames in flight may hold is limited: beyond the limit readers
/// wait until a request has been answered. The last reader never waits, so that INTERRUPT and FORGET are always
/// read (the kernel hands out interrupts before anything else, fs/fuse/dev.c fuse_dev_do_read); what it reads beyond
/// the limit is bounded by the number of threads that wait in write(2). Thread-safe; the lock is a leaf.
/// </summary>
internal sealed class ReceiveBuffers(int bufferSize, int limit, int readers)
{
    // Monitor rather than System.Threading.Lock: only it can wait.
    private readonly object _lock = new();
    private readonly Stack<byte[]> _free = new(limit);
    private int _made;
    private int _waiting;

    /// <summary>Buffers that exist, free ones included.</summary>
    public int Made
    {
        get
        {
            lock (_lock)
            {
                return _made;
            }
        }
    }

    /// <summary>Takes a buffer, waiting for one where the limit is reached; for reader threads only.</summary>
    public byte[] Take()
    {
        lock (_lock)
        {
            while (true)
            {
                if (_free.TryPop(out var buffer))
                {
                    return buffer;
                }
                if (_made < limit || _waiting == readers - 1)
                {
                    _made++;
                    return GC.AllocateUninitializedArray<byte>(bufferSize, pinned: true);
                }
                _waiting++;
                Monitor.Wait(_lock);
                _waiting--;
            }
        }
    }

    public void Return(byte[] buffer)
    {
        lock (_lock)
        {
            if (_made > limit)
            {
                _made--;
                return;
            }
            _free.Push(buffer);
            Monitor.Pulse(_lock);
        }
    }
}
