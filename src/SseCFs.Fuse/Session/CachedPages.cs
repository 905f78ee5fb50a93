namespace SseCFs.Fuse.Session;

/// <summary>
/// Drops what the kernel's page cache holds of the range of a direct write, before the write is answered. Thread-safe.
/// </summary>
/// <remarks>
/// Linux drops the pages of the range before it sends a write of an O_DIRECT file, and again when a synchronous one has ended (generic_file_direct_write in mm/filemap.c).
/// After an asynchronous one that is left to the file system, and FUSE does not do it (fuse_aio_complete in fs/fuse/file.c, 6.18): a page that somebody read in between keeps
/// the old content for as long as it is cached. Without FUSE_ASYNC_DIO no write is asynchronous, as with libfuse 2. FUSE_AUTO_INVAL_DATA, which libfuse 3 asks for besides, drops
/// all pages of a file whenever another time of modification is seen, and so those of a program's own writes.
/// A page that is being read is waited for: what answers READs must not wait here. While it is, the process cannot be killed, as in any notification of pages; aborting the
/// connection (fusectl, or umount -f) ends that.
/// </remarks>
internal sealed class CachedPages
{
    /// <summary>How long a write waits. What holds a page for longer is beyond this process, and may be waiting for the write itself.</summary>
    internal static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    // Inodes are told apart by the lower bits of their numbers: a file that shares them with one that was read is notified of without need.
    private const int Inodes = 1 << 20;

    private readonly ulong[] _held = new ulong[Inodes / 64];
    private readonly NotificationLane<(ulong Inode, long Offset, long Length, TaskCompletionSource? Dropped)> _lane;
    private readonly int _mostWaiting;
    private readonly TimeProvider _time;
    private int _waiting;

    /// <param name="drop">Tells the kernel to drop the pages of an inode from an offset on, as many bytes; returns when it has.</param>
    /// <param name="mostWaiting">
    /// Writes that may wait at the same time. The kernel sends no more than max_background of them and of its read-ahead together (fuse_request_queue_background in
    /// fs/fuse/dev.c): if all of these waited for a page, the READ that fills it would never be sent. A write beyond is answered at once, and its pages are dropped a little later.
    /// </param>
    public CachedPages(Action<ulong, long, long> drop, int mostWaiting, TimeProvider time)
    {
        _mostWaiting = mostWaiting;
        _time = time;
        _lane = new("fuse-notify-written", item =>
        {
            drop(item.Inode, item.Offset, item.Length);
            if (item.Dropped is { } dropped)
            {
                Interlocked.Decrement(ref _waiting);
                dropped.SetResult();
            }
        });
    }

    public void Start() => _lane.Start();

    public void Stop() => _lane.Stop();

    /// <summary>The kernel is about to have pages of this inode; to be called before their content is read or written.</summary>
    public void Note(ulong inode)
    {
        ref var held = ref WordOf(inode);
        if ((Volatile.Read(ref held) & BitOf(inode)) == 0)
        {
            Interlocked.Or(ref held, BitOf(inode));
        }
    }

    /// <summary>To be called after a write: a page that is noted later has what was written.</summary>
    public bool MayHold(ulong inode)
    {
        Interlocked.MemoryBarrier();
        return (Volatile.Read(ref WordOf(inode)) & BitOf(inode)) != 0;
    }

    /// <summary>Waits until the kernel has dropped the pages, unless too many writes wait already.</summary>
    /// <returns>False: it has not, but will.</returns>
    public async ValueTask<bool> DropAsync(ulong inode, long offset, long length)
    {
        if (Interlocked.Increment(ref _waiting) > _mostWaiting)
        {
            Interlocked.Decrement(ref _waiting);
            return !_lane.TryAdd((inode, offset, length, null));
        }
        var dropped = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        if (!_lane.TryAdd((inode, offset, length, dropped)))
        {
            Interlocked.Decrement(ref _waiting);
            return true;
        }
        try
        {
            await dropped.Task.WaitAsync(Patience, _time).ConfigureAwait(false);
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    private ref ulong WordOf(ulong inode) => ref _held[(inode & (Inodes - 1)) / 64];

    private static ulong BitOf(ulong inode) => 1UL << (int)(inode % 64);
}
