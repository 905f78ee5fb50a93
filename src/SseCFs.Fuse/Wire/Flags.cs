namespace SseCFs.Fuse.Wire;

/// <summary>FUSE_* capability bits of the INIT exchange that this adapter knows by name.</summary>
[Flags]
internal enum InitFlags : uint
{
    AsyncRead = 1u << 0,
    PosixLocks = 1u << 1,
    AtomicTruncate = 1u << 3,
    BigWrites = 1u << 5,
    FlockLocks = 1u << 10,
    ReadDirPlus = 1u << 13,
    ReadDirPlusAuto = 1u << 14,
    AsyncDirectIo = 1u << 15,
    WritebackCache = 1u << 16,
    ParallelDirectoryOperations = 1u << 18,
    MaxPages = 1u << 22,
    CacheSymlinks = 1u << 23,
    ExplicitInvalidation = 1u << 25,
    HandleKillPrivilegesV2 = 1u << 28,
}

/// <summary>FATTR_*: which fields of a SETATTR request count.</summary>
[Flags]
internal enum SetAttrValid : uint
{
    Mode = 1u << 0,
    Uid = 1u << 1,
    Gid = 1u << 2,
    Size = 1u << 3,
    AccessTime = 1u << 4,
    ModifyTime = 1u << 5,
    Handle = 1u << 6,
    AccessTimeNow = 1u << 7,
    ModifyTimeNow = 1u << 8,
    KillSetIdBits = 1u << 11,
}

/// <summary>FOPEN_*: what the kernel may do with a file that was opened.</summary>
[Flags]
internal enum OpenReplyFlags : uint
{
    KeepCache = 1u << 1,
    NoFlush = 1u << 5,
}

/// <summary>Flags of open(2) as they travel in OPEN, CREATE and WRITE; the values are the same on x86-64 and arm64.</summary>
internal static class LinuxOpenFlags
{
    public const uint AccessMode = 0x3;
    public const uint WriteOnly = 0x1;
    public const uint ReadWrite = 0x2;
    public const uint Exclusive = 0x80;
    public const uint Truncate = 0x200;
    public const uint Append = 0x400;

    /// <summary>FUSE_OPEN_KILL_SUIDGID, in the second flag word of OPEN and CREATE.</summary>
    public const uint OpenKillSetIdBits = 1;
}

/// <summary>FUSE_WRITE_*.</summary>
[Flags]
internal enum WriteFlags : uint
{
    /// <summary>Written back from the page cache (a shared mapping); the offset counts, whatever the open flags say.</summary>
    FromCache = 1u << 0,
    KillSetIdBits = 1u << 2,
}

/// <summary>FALLOC_FL_* of linux/falloc.h.</summary>
internal static class FallocateFlags
{
    public const uint KeepSize = 0x1;
    public const uint PunchHole = 0x2;
    public const uint ZeroRange = 0x10;
}
