using SseCFs.Fuse.Session;
using SseCFs.Fuse.Wire;

namespace SseCFs.Fuse.Operations;

/// <summary>stat(2), chmod(2), chown(2), truncate(2), utimensat(2).</summary>
internal static class AttributeOperations
{
    public static async ValueTask Get(Request request)
    {
        var argument = request.Body.Read<GetAttrIn>();
        ulong? handle = (argument.Flags & GetAttrIn.HasHandle) != 0 ? argument.Handle : null;
        var attributes = await request.FileSystem
            .GetAttributesAsync(request.NodeId, handle, request.Cancellation).ConfigureAwait(false);
        request.Reply(AttrOut.From(attributes, request.Session.Settings.AttributesValid));
    }

    public static async ValueTask Set(Request request)
    {
        var argument = request.Body.Read<SetAttrIn>();
        ulong? handle = Has(argument, SetAttrValid.Handle) ? argument.Handle : null;
        if (Has(argument, SetAttrValid.Size) && argument.Size > long.MaxValue)
        {
            request.ReplyError(Errno.EFBIG);
            return;
        }
        var change = ChangeFrom(argument, request.Session.Settings.Time);
        var attributes = await request.FileSystem
            .SetAttributesAsync(request.NodeId, handle, change, request.Caller, request.Cancellation).ConfigureAwait(false);
        request.Reply(AttrOut.From(attributes, request.Session.Settings.AttributesValid));
    }

    /// <summary>The change that a SETATTR asks for.</summary>
    internal static AttributeChange ChangeFrom(in SetAttrIn argument, TimeProvider time) => new()
    {
        Mode = Has(argument, SetAttrValid.Mode) ? argument.Mode & FileType.PermissionMask : null,
        Uid = Has(argument, SetAttrValid.Uid) ? argument.Uid : null,
        Gid = Has(argument, SetAttrValid.Gid) ? argument.Gid : null,
        Size = Has(argument, SetAttrValid.Size) ? (long)argument.Size : null,
        AccessTime = TimeOf(
            argument, SetAttrValid.AccessTime, SetAttrValid.AccessTimeNow, argument.AccessTime, argument.AccessTimeNanoseconds, time),
        ModifyTime = TimeOf(
            argument, SetAttrValid.ModifyTime, SetAttrValid.ModifyTimeNow, argument.ModifyTime, argument.ModifyTimeNanoseconds, time),
        // FUSE_HANDLE_KILLPRIV_V2 leaves the set-id bits to us. A truncation carries a flag for them, a change of owner needs none. Where the kernel
        // itself removes them, before FALLOCATE, COPY_FILE_RANGE and WRITE (file_remove_privs in fs/inode.c), and in chown(2) without an owner,
        // fuse_setattr (fs/fuse/dir.c) strips ATTR_KILL_SUID and ATTR_KILL_SGID, and a SETATTR of nothing is what remains (seen with Linux 6.18).
        ClearPrivileges = argument.Valid == 0
            || Has(argument, SetAttrValid.KillSetIdBits)
            || Has(argument, SetAttrValid.Uid)
            || Has(argument, SetAttrValid.Gid),
    };

    private static Timestamp? TimeOf(
        in SetAttrIn argument, SetAttrValid given, SetAttrValid now, long seconds, uint nanoseconds, TimeProvider time)
    {
        if (Has(argument, now))
        {
            return Timestamp.From(time.GetUtcNow());
        }
        return Has(argument, given) ? new Timestamp(seconds, nanoseconds) : null;
    }

    private static bool Has(in SetAttrIn argument, SetAttrValid bit) => (argument.Valid & bit) != 0;
}
