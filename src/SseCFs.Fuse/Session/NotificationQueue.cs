using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using SseCFs.Fuse.Native;
using SseCFs.Fuse.Wire;

namespace SseCFs.Fuse.Session;

/// <summary>
/// Tells the kernel what to drop from its caches, from a thread of its own: the write of a notification waits for locks
/// that are held while a request is under way, so that a reader which wrote one could wait for itself. Thread-safe.
/// </summary>
internal sealed class NotificationQueue : IInvalidationSink
{
    private readonly record struct Notification(ulong Inode, byte[]? Name);

    private readonly FuseDevice _device;
    private readonly SessionLog _log;
    private readonly BlockingCollection<Notification> _queue = [];
    private readonly Thread _thread;

    public NotificationQueue(FuseDevice device, SessionLog log)
    {
        _device = device;
        _log = log;
        _thread = new Thread(Run) { Name = "fuse-notify", IsBackground = true };
    }

    public void Start() => _thread.Start();

    public void InvalidateContent(ulong inode) => Enqueue(new Notification(inode, null));

    /// <summary>
    /// A negative offset leaves the pages alone (fuse_reverse_inval_inode in fs/fuse/inode.c), so that no page lock is waited for and the notification
    /// can go out at once, from within a request.
    /// </summary>
    public void InvalidateAttributes(ulong inode) =>
        Send(NotifyCode.InvalidateInode, new NotifyInvalidateInodeOut { Inode = inode, Offset = -1 }, []);

    public void InvalidateEntry(ulong parent, ReadOnlyMemory<byte> name) => Enqueue(new Notification(parent, name.ToArray()));

    /// <summary>Nothing is taken or sent any more; returns when the thread has ended.</summary>
    public void Stop()
    {
        _queue.CompleteAdding();
        _thread.Join();
    }

    private void Enqueue(Notification notification)
    {
        try
        {
            _queue.Add(notification);
        }
        catch (InvalidOperationException)
        {
            // Stopped: the kernel's caches are gone with the connection.
        }
    }

    private void Run()
    {
        foreach (var notification in _queue.GetConsumingEnumerable())
        {
            // ENOENT: the kernel does not cache it. ENODEV and the like: it caches nothing any more.
            var errno = notification.Name is { } name ? SendEntry(notification.Inode, name) : SendInode(notification.Inode);
            if (errno is not (0 or Errno.ENOENT or Errno.ENODEV or Errno.EPERM or Errno.EPIPE))
            {
                _log.NotificationRefused(notification.Inode, errno);
            }
        }
    }

    private int SendInode(ulong inode) =>
        Send(NotifyCode.InvalidateInode, new NotifyInvalidateInodeOut { Inode = inode }, []);

    private int SendEntry(ulong parent, ReadOnlySpan<byte> name)
    {
        Span<byte> ended = stackalloc byte[name.Length + 1];
        name.CopyTo(ended);
        ended[^1] = 0;
        return Send(NotifyCode.InvalidateEntry, new NotifyInvalidateEntryOut { Parent = parent, NameLength = (uint)name.Length }, ended);
    }

    private unsafe int Send<T>(NotifyCode code, T body, ReadOnlySpan<byte> tail) where T : unmanaged
    {
        var header = new OutHeader
        {
            Length = (uint)(Unsafe.SizeOf<OutHeader>() + Unsafe.SizeOf<T>() + tail.Length),
            Error = (int)code,
        };
        fixed (byte* name = tail)
        {
            var vectors = stackalloc IoVector[3];
            vectors[0] = new IoVector { Base = &header, Length = (nuint)Unsafe.SizeOf<OutHeader>() };
            vectors[1] = new IoVector { Base = &body, Length = (nuint)Unsafe.SizeOf<T>() };
            vectors[2] = new IoVector { Base = name, Length = (nuint)tail.Length };
            return _device.Send(vectors, tail.IsEmpty ? 2 : 3);
        }
    }
}
