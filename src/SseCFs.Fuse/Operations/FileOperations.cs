using SseCFs.Fuse.Session;
using SseCFs.Fuse.Wire;

namespace SseCFs.Fuse.Operations;

/// <summary>
/// Open files. READ and WRITE of what is in memory allocate nothing and copy nothing here; that is why these two are not
/// async methods, whose state a debug build puts on the heap.
/// </summary>
internal static class FileOperations
{
    public static async ValueTask Open(Request request)
    {
        var argument = request.Body.Read<OpenIn>();
        var flags = OpenFlagsFrom(argument.Flags, argument.OpenFlags);
        var file = await request.FileSystem
            .OpenAsync(request.NodeId, flags, request.Caller, request.Cancellation).ConfigureAwait(false);
        await request.Session.Notifications.ContentSentAsync(request.NodeId).ConfigureAwait(false);
        NoteOpened(request, file, flags);
        if (!request.Reply(OpenOutFrom(file, flags)))
        {
            await ReleaseAsync(request, file.Handle).ConfigureAwait(false);
        }
    }

    public static async ValueTask Create(Request request)
    {
        var body = request.Body;
        var argument = body.Read<CreateIn>();
        var name = body.ReadName();
        var flags = OpenFlagsFrom(argument.Flags, argument.OpenFlags);
        var (entry, file) = await request.FileSystem
            .CreateAsync(request.NodeId, name, argument.Mode, flags, request.Caller, request.Cancellation).ConfigureAwait(false);
        await request.Session.Notifications.ContentSentAsync(entry.Attributes.Inode).ConfigureAwait(false);
        NoteOpened(request, file, flags);
        if (!request.Reply(new CreateOut { Entry = EntryOut.From(entry), Open = OpenOutFrom(file, flags) }))
        {
            await ReleaseAsync(request, file.Handle).ConfigureAwait(false);
            request.FileSystem.Forget(entry.Attributes.Inode, 1);
        }
    }

    public static ValueTask Read(Request request)
    {
        var argument = request.Body.Read<ReadIn>();
        if (argument.Offset > long.MaxValue || argument.Size > int.MaxValue)
        {
            request.ReplyError(Errno.EINVAL);
            return ValueTask.CompletedTask;
        }
        var read = request.FileSystem.ReadAsync(
            argument.Handle, (long)argument.Offset, (int)argument.Size, request.Segments, request.Cancellation);
        if (!read.IsCompletedSuccessfully)
        {
            return Await(request, read);
        }
        read.GetAwaiter().GetResult();
        request.ReplySegments();
        return ValueTask.CompletedTask;

        static async ValueTask Await(Request request, ValueTask read)
        {
            await read.ConfigureAwait(false);
            request.ReplySegments();
        }
    }

    public static ValueTask Write(Request request)
    {
        var body = request.Body;
        var argument = body.Read<WriteIn>();
        var data = body.ReadBytes(argument.Size);
        if (argument.Offset > (ulong)(long.MaxValue - argument.Size))
        {
            request.ReplyError(Errno.EFBIG);
            return ValueTask.CompletedTask;
        }
        // What a shared mapping wrote has its place, whatever the descriptor was opened with.
        var append = (argument.Flags & LinuxOpenFlags.Append) != 0 && (argument.WriteFlags & WriteFlags.FromCache) == 0;
        var clearPrivileges = (argument.WriteFlags & WriteFlags.KillSetIdBits) != 0;
        var write = request.FileSystem.WriteAsync(
            argument.Handle, (long)argument.Offset, data, append, clearPrivileges, request.Cancellation);
        if (!write.IsCompletedSuccessfully)
        {
            return Await(request, write, argument.Size);
        }
        write.GetAwaiter().GetResult();
        request.Reply(new WriteOut { Size = argument.Size });
        return ValueTask.CompletedTask;

        static async ValueTask Await(Request request, ValueTask write, uint size)
        {
            await write.ConfigureAwait(false);
            request.Reply(new WriteOut { Size = size });
        }
    }

    public static async ValueTask Flush(Request request)
    {
        var handle = request.Body.Read<FlushIn>().Handle;
        var (descriptors, inode) = (request.Session.Descriptors, request.NodeId);
        await request.FileSystem.FlushAsync(handle, () => descriptors.OpenerHasAsync(handle, inode), request.Cancellation).ConfigureAwait(false);
        request.ReplyEmpty();
    }

    /// <summary>fdatasync(2) is the same: an object's data and metadata are stored together.</summary>
    public static async ValueTask Sync(Request request)
    {
        var handle = request.Body.Read<FSyncIn>().Handle;
        await request.FileSystem.SyncAsync(handle, request.Cancellation).ConfigureAwait(false);
        request.ReplyEmpty();
    }

    public static async ValueTask Release(Request request)
    {
        var handle = request.Body.Read<ReleaseIn>().Handle;
        await ReleaseAsync(request, handle).ConfigureAwait(false);
        request.ReplyEmpty();
    }

    public static async ValueTask CopyRange(Request request)
    {
        var argument = request.Body.Read<CopyFileRangeIn>();
        if (argument.SourceOffset > long.MaxValue || argument.TargetOffset > long.MaxValue)
        {
            request.ReplyError(Errno.EINVAL);
            return;
        }
        // The reply has 32 bits for what was copied; the kernel asks for no more.
        var copied = await request.FileSystem.CopyRangeAsync(
            argument.SourceHandle, (long)argument.SourceOffset, argument.TargetHandle, (long)argument.TargetOffset, (long)Math.Min(argument.Length, uint.MaxValue),
            request.Cancellation).ConfigureAwait(false);
        request.Reply(new WriteOut { Size = (uint)copied });
    }

    public static async ValueTask Allocate(Request request)
    {
        var argument = request.Body.Read<FAllocateIn>();
        if (AllocateModeFrom(argument.Mode) is not { } mode)
        {
            request.ReplyError(Errno.EOPNOTSUPP);
            return;
        }
        if (argument.Offset > long.MaxValue || argument.Length > (ulong)long.MaxValue - argument.Offset)
        {
            request.ReplyError(Errno.EFBIG);
            return;
        }
        await request.FileSystem
            .AllocateAsync(argument.Handle, mode, (long)argument.Offset, (long)argument.Length, request.Cancellation)
            .ConfigureAwait(false);
        request.ReplyEmpty();
    }

    /// <summary>The combinations of fallocate(2); null for those not offered (collapse, insert, unshare).</summary>
    internal static AllocateMode? AllocateModeFrom(uint mode) => mode switch
    {
        0 => AllocateMode.Reserve,
        FallocateFlags.KeepSize => AllocateMode.ReserveKeepSize,
        // fallocate(2): punching a hole must come with keeping the size.
        FallocateFlags.PunchHole | FallocateFlags.KeepSize => AllocateMode.PunchHole,
        FallocateFlags.ZeroRange => AllocateMode.ZeroRange,
        FallocateFlags.ZeroRange | FallocateFlags.KeepSize => AllocateMode.ZeroRangeKeepSize,
        _ => null,
    };

    /// <param name="flags">Of open(2), as the kernel passes them on.</param>
    /// <param name="fuseFlags">FUSE_OPEN_*.</param>
    internal static OpenFlags OpenFlagsFrom(uint flags, uint fuseFlags)
    {
        var result = (flags & LinuxOpenFlags.AccessMode) switch
        {
            0 => OpenFlags.Read,
            LinuxOpenFlags.WriteOnly => OpenFlags.Write,
            _ => OpenFlags.Read | OpenFlags.Write,
        };
        result |= (flags & LinuxOpenFlags.Append) != 0 ? OpenFlags.Append : 0;
        result |= (flags & LinuxOpenFlags.Truncate) != 0 ? OpenFlags.Truncate : 0;
        result |= (flags & LinuxOpenFlags.Exclusive) != 0 ? OpenFlags.Exclusive : 0;
        result |= (fuseFlags & LinuxOpenFlags.OpenKillSetIdBits) != 0 ? OpenFlags.ClearPrivileges : 0;
        return result;
    }

    /// <summary>Before the answer: the close may follow at once.</summary>
    private static void NoteOpened(Request request, in OpenedFile file, OpenFlags flags)
    {
        if ((flags & OpenFlags.Write) != 0)
        {
            request.Session.Descriptors.Opened(file.Handle, request.Caller.Thread);
        }
    }

    private static ValueTask ReleaseAsync(Request request, ulong handle)
    {
        request.Session.Descriptors.Released(handle);
        return request.FileSystem.ReleaseAsync(handle);
    }

    private static OpenOut OpenOutFrom(in OpenedFile file, OpenFlags flags) => new()
    {
        Handle = file.Handle,
        // A handle that never wrote has nothing to store at close(2): without NoFlush (7.35; older kernels
        // ignore it) each close would be one more round trip.
        OpenFlags = (file.KeepCache ? OpenReplyFlags.KeepCache : 0)
            | ((flags & (OpenFlags.Write | OpenFlags.Truncate)) == 0 ? OpenReplyFlags.NoFlush : 0),
    };
}
