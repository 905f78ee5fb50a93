using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using SseCFs.Fuse.Native;
using SseCFs.Fuse.Wire;

namespace SseCFs.Fuse.Session;

/// <summary>
/// Tells the kernel what to drop from its caches, from threads of its own: the write of a notification waits for locks
/// that are held while a request is under way, so that a reader which wrote one could wait for itself. Names wait for their directory's lock, which a CREATE
/// holds, and content for its pages, which a READ holds: neither is to wait for the other. Thread-safe.
/// </summary>
internal sealed class NotificationQueue : IInvalidationSink
{
    private readonly FuseDevice _device;
    private readonly SessionLog _log;
    private readonly NotificationLane<(ulong Inode, TaskCompletionSource Sent)> _contents;
    private readonly NotificationLane<(ulong Parent, byte[] Name)> _names;

    // The last of each inode that is not sent yet.
    private readonly ConcurrentDictionary<ulong, TaskCompletionSource> _unsent = new();

    public NotificationQueue(FuseDevice device, SessionLog log)
    {
        _device = device;
        _log = log;
        _contents = new("fuse-notify-pages", item =>
        {
            NoteRefusal(item.Inode, SendInode(item.Inode));
            _unsent.TryRemove(new(item.Inode, item.Sent));
            item.Sent.SetResult();
        });
        _names = new("fuse-notify-names", item => NoteRefusal(item.Parent, SendEntry(item.Parent, item.Name)));
    }

    public void Start()
    {
        _contents.Start();
        _names.Start();
    }

    /// <summary>
    /// Of a file that nobody has open nothing is told: the next open drops its pages, as it is not told to keep them (fuse_finish_open in fs/fuse/file.c). A notification
    /// that came only then could hit the request for attributes of the first read; the kernel would take the answer for too old and end the read where the version
    /// before ended.
    /// </summary>
    public void InvalidateContent(ulong inode, bool isOpen)
    {
        if (!isOpen)
        {
            return;
        }
        var sent = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _unsent[inode] = sent;
        if (!_contents.TryAdd((inode, sent)))
        {
            _unsent.TryRemove(new(inode, sent));
            sent.SetResult();
        }
    }

    /// <summary>
    /// Done when the kernel has dropped what it was told to drop of an inode's content before this call. Waits for the READs that hold its pages: not to be awaited by
    /// what they wait for.
    /// </summary>
    public Task ContentSentAsync(ulong inode) => _unsent.TryGetValue(inode, out var sent) ? sent.Task : Task.CompletedTask;

    /// <summary>
    /// A negative offset leaves the pages alone (fuse_reverse_inval_inode in fs/fuse/inode.c), so that no page lock is waited for and the notification
    /// can go out at once, from within a request.
    /// </summary>
    public void InvalidateAttributes(ulong inode) =>
        Send(NotifyCode.InvalidateInode, new NotifyInvalidateInodeOut { Inode = inode, Offset = -1 }, []);

    public void InvalidateEntry(ulong parent, ReadOnlyMemory<byte> name) => _names.TryAdd((parent, name.ToArray()));

    /// <summary>Nothing is taken or sent any more; returns when the threads have ended.</summary>
    public void Stop()
    {
        _contents.Stop();
        _names.Stop();
    }

    private void NoteRefusal(ulong inode, int errno)
    {
        // ENOENT: the kernel does not cache it. ENODEV and the like: it caches nothing any more.
        if (errno is not (0 or Errno.ENOENT or Errno.ENODEV or Errno.EPERM or Errno.EPIPE))
        {
            _log.NotificationRefused(inode, errno);
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
