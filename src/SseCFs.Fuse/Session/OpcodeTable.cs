using System.Runtime.CompilerServices;
using SseCFs.Fuse.Operations;
using SseCFs.Fuse.Wire;

namespace SseCFs.Fuse.Session;

/// <summary>Answers one request; what it throws becomes the errno.</summary>
internal delegate ValueTask Handler(Request request);

/// <param name="Name">As in linux/fuse.h, for logs.</param>
/// <param name="MinimumSize">Bytes behind the header that a frame has at least.</param>
/// <param name="Handle">What answers it.</param>
/// <param name="Reply">Whether it is answered.</param>
internal sealed record Operation(string Name, int MinimumSize, Handler Handle, ReplyRule Reply = ReplyRule.Required);

internal enum ReplyRule
{
    Required,

    /// <summary>INTERRUPT: answered only when its request is not known.</summary>
    Optional,

    /// <summary>FORGET and its like.</summary>
    None,
}

/// <summary>Every opcode that can come, by number.</summary>
internal static class OpcodeTable
{
    private static readonly Operation?[] Table = Build();

    /// <summary>Null for a number that is not in the table.</summary>
    public static Operation? Find(uint opcode) => opcode < (uint)Table.Length ? Table[opcode] : null;

    private static Operation?[] Build()
    {
        var table = new Operation?[(int)Opcode.StatX + 1];

        Set<InitIn>(Opcode.Init, "INIT", ControlOperations.Init);
        Sized(Opcode.Destroy, "DESTROY", 0, ControlOperations.Destroy);
        Set<InterruptIn>(Opcode.Interrupt, "INTERRUPT", ControlOperations.Interrupt, ReplyRule.Optional);
        Set<ForgetIn>(Opcode.Forget, "FORGET", ControlOperations.Forget, ReplyRule.None);
        Set<BatchForgetIn>(Opcode.BatchForget, "BATCH_FORGET", ControlOperations.BatchForget, ReplyRule.None);
        Sized(Opcode.NotifyReply, "NOTIFY_REPLY", 0, ControlOperations.Ignore, ReplyRule.None);
        Sized(Opcode.StatFs, "STATFS", 0, ControlOperations.StatFs);

        Sized(Opcode.Lookup, "LOOKUP", 2, NameOperations.Lookup);
        Set<MkNodIn>(Opcode.MkNod, "MKNOD", NameOperations.MakeNode);
        Set<MkDirIn>(Opcode.MkDir, "MKDIR", NameOperations.MakeDirectory);
        Sized(Opcode.SymLink, "SYMLINK", 4, NameOperations.MakeSymbolicLink);
        Sized(Opcode.ReadLink, "READLINK", 0, NameOperations.ReadLink);
        Sized(Opcode.Unlink, "UNLINK", 2, NameOperations.Unlink);
        Sized(Opcode.RmDir, "RMDIR", 2, NameOperations.RemoveDirectory);
        Set<RenameIn>(Opcode.Rename, "RENAME", NameOperations.Rename);
        Set<Rename2In>(Opcode.Rename2, "RENAME2", NameOperations.Rename2);
        // One object has one key: a second name for it cannot be had.
        Refuse(Opcode.Link, "LINK", Errno.EPERM);

        Set<GetAttrIn>(Opcode.GetAttr, "GETATTR", AttributeOperations.Get);
        Set<SetAttrIn>(Opcode.SetAttr, "SETATTR", AttributeOperations.Set);
        Set<GetXAttrIn>(Opcode.GetXAttr, "GETXATTR", ExtendedAttributeOperations.Get);
        Set<GetXAttrIn>(Opcode.ListXAttr, "LISTXATTR", ExtendedAttributeOperations.List);
        Set<SetXAttrIn>(Opcode.SetXAttr, "SETXATTR", ExtendedAttributeOperations.Set);
        Sized(Opcode.RemoveXAttr, "REMOVEXATTR", 2, ExtendedAttributeOperations.Remove);

        Set<OpenIn>(Opcode.Open, "OPEN", FileOperations.Open);
        Set<CreateIn>(Opcode.Create, "CREATE", FileOperations.Create);
        Set<ReadIn>(Opcode.Read, "READ", FileOperations.Read);
        Set<WriteIn>(Opcode.Write, "WRITE", FileOperations.Write);
        Set<FlushIn>(Opcode.Flush, "FLUSH", FileOperations.Flush);
        Set<FSyncIn>(Opcode.FSync, "FSYNC", FileOperations.Sync);
        Set<ReleaseIn>(Opcode.Release, "RELEASE", FileOperations.Release);
        Set<FAllocateIn>(Opcode.FAllocate, "FALLOCATE", FileOperations.Allocate);
        Set<CopyFileRangeIn>(Opcode.CopyFileRange, "COPY_FILE_RANGE", FileOperations.CopyRange);

        Set<OpenIn>(Opcode.OpenDir, "OPENDIR", DirectoryOperations.Open);
        Set<ReadIn>(Opcode.ReadDir, "READDIR", DirectoryOperations.Read);
        Set<ReadIn>(Opcode.ReadDirPlus, "READDIRPLUS", DirectoryOperations.ReadPlus);
        Set<FSyncIn>(Opcode.FSyncDir, "FSYNCDIR", DirectoryOperations.Sync);
        Set<ReleaseIn>(Opcode.ReleaseDir, "RELEASEDIR", DirectoryOperations.Release);

        // ENOSYS: the kernel does it itself from then on, or tells programs that it cannot be had.
        Refuse(Opcode.Access, "ACCESS", Errno.ENOSYS);
        Refuse(Opcode.LSeek, "LSEEK", Errno.ENOSYS);
        Refuse(Opcode.GetLk, "GETLK", Errno.ENOSYS);
        Refuse(Opcode.SetLk, "SETLK", Errno.ENOSYS);
        Refuse(Opcode.SetLkW, "SETLKW", Errno.ENOSYS);
        Refuse(Opcode.BMap, "BMAP", Errno.ENOSYS);
        Refuse(Opcode.Poll, "POLL", Errno.ENOSYS);
        Refuse(Opcode.SyncFs, "SYNCFS", Errno.ENOSYS);
        Refuse(Opcode.TmpFile, "TMPFILE", Errno.ENOSYS);
        Refuse(Opcode.StatX, "STATX", Errno.ENOSYS);
        // What ioctl(2) answers for files that are no device; programs such as git and tar probe it.
        Refuse(Opcode.IoCtl, "IOCTL", Errno.ENOTTY);
        return table;

        void Sized(Opcode opcode, string name, int minimumSize, Handler handler, ReplyRule reply = ReplyRule.Required) =>
            table[(int)opcode] = new Operation(name, minimumSize, handler, reply);

        void Set<T>(Opcode opcode, string name, Handler handler, ReplyRule reply = ReplyRule.Required) where T : unmanaged =>
            Sized(opcode, name, Unsafe.SizeOf<T>(), handler, reply);

        void Refuse(Opcode opcode, string name, int errno) => Sized(opcode, name, 0, request =>
        {
            request.ReplyError(errno);
            return ValueTask.CompletedTask;
        });
    }
}
