using SseCFs.Tree;

namespace SseCFs.Contract;

/// <summary>Seconds and nanoseconds since 1970-01-01 UTC; seconds may be negative, nanoseconds are 0 to 999,999,999.</summary>
public readonly record struct Timestamp(long Seconds, uint Nanoseconds) : IComparable<Timestamp>
{
    public static Timestamp From(DateTimeOffset time)
    {
        var ticks = (time - DateTimeOffset.UnixEpoch).Ticks;
        var seconds = Math.DivRem(ticks, TimeSpan.TicksPerSecond, out var rest);
        if (rest < 0)
        {
            seconds--;
            rest += TimeSpan.TicksPerSecond;
        }
        return new Timestamp(seconds, (uint)rest * 100);
    }

    public int CompareTo(Timestamp other) =>
        Seconds != other.Seconds ? Seconds.CompareTo(other.Seconds) : Nanoseconds.CompareTo(other.Nanoseconds);

    public static bool operator <(Timestamp a, Timestamp b) => a.CompareTo(b) < 0;
    public static bool operator >(Timestamp a, Timestamp b) => a.CompareTo(b) > 0;
    public static bool operator <=(Timestamp a, Timestamp b) => a.CompareTo(b) <= 0;
    public static bool operator >=(Timestamp a, Timestamp b) => a.CompareTo(b) >= 0;
}

/// <summary>The process a request comes from. Thread is the id of the calling thread, 0 when the system itself calls.</summary>
public readonly record struct Caller(uint Uid, uint Gid, uint Thread)
{
    /// <summary>Tells whether a thread has a group besides its own, or a privilege that stands for every group; null: nobody can tell.</summary>
    public Func<uint, uint, bool>? HasGroup { get; init; }

    /// <summary>False also where that cannot be told.</summary>
    public bool IsIn(uint group) => Gid == group || HasGroup?.Invoke(Thread, group) == true;

    /// <summary>
    /// Whether the caller keeps an entry for as long as that is valid, as the Linux kernel does. Such a caller looks a valid name up only if it doubts it, because it is about to
    /// create the name or to rename to it, or was told <see cref="FsError.Stale"/>.
    /// </summary>
    public bool KeepsEntries { get; init; }
}

/// <summary>File type bits of a mode, as in sys/stat.h.</summary>
public static class FileType
{
    public const uint Mask = 0xF000;
    public const uint Fifo = 0x1000;
    public const uint CharacterDevice = 0x2000;
    public const uint Directory = 0x4000;
    public const uint BlockDevice = 0x6000;
    public const uint Regular = 0x8000;
    public const uint SymbolicLink = 0xA000;
    public const uint Socket = 0xC000;
    public const uint SetUserId = 0x800;
    public const uint SetGroupId = 0x400;
    public const uint GroupExecute = 0x8;
    public const uint PermissionMask = 0xFFF;
}

/// <summary>What stat(2) tells of an inode. Size in bytes; Mode with the file type bits.</summary>
public readonly record struct Attributes(
    ulong Inode,
    uint Mode,
    uint Uid,
    uint Gid,
    long Size,
    uint LinkCount,
    Timestamp AccessTime,
    Timestamp ModifyTime,
    Timestamp ChangeTime)
{
    /// <summary>Of a device node: its number as Linux's 32 bits (new_encode_dev in kdev_t.h); else 0.</summary>
    public uint Device { get; init; }

    /// <summary>When it was made, as far as that is known: else the earlier of the times of modification and change.</summary>
    public Timestamp CreationTime { get; init; }

    public bool IsDirectory => (Mode & FileType.Mask) == FileType.Directory;
}

/// <summary>What is known of an inode without a request to the store. Names of extended attributes include "user.".</summary>
public readonly record struct KnownInode(Attributes Attributes, IReadOnlyList<(string Name, ReadOnlyMemory<byte> Value)> Extended);

/// <summary>A name found: the inode's attributes and how long the name and the attributes may be cached.</summary>
public readonly record struct Entry(Attributes Attributes, TimeSpan EntryValid, TimeSpan AttributesValid);

/// <summary>What to change of an inode's attributes; null leaves a value as it is.</summary>
public readonly record struct AttributeChange
{
    /// <summary>The set-id bits alone: somebody is about to change the content, or calls chown(2) without an owner.</summary>
    public static readonly AttributeChange OfPrivileges = new() { ClearPrivileges = true };

    /// <summary>Permission bits (07777).</summary>
    public uint? Mode { get; init; }
    public uint? Uid { get; init; }
    public uint? Gid { get; init; }
    public long? Size { get; init; }
    public Timestamp? AccessTime { get; init; }
    public Timestamp? ModifyTime { get; init; }
    public Timestamp? CreationTime { get; init; }
    /// <summary>Also clear the set-id bits: an ordinary user truncates the file, or is about to change its content.</summary>
    public bool ClearPrivileges { get; init; }
}

[Flags]
public enum OpenFlags
{
    Read = 1,
    Write = 2,
    Append = 4,
    Truncate = 8,
    /// <summary>With create: fail if the name exists.</summary>
    Exclusive = 16,
    /// <summary>A truncating open by an ordinary user: clear the set-id bits of a file that exists.</summary>
    ClearPrivileges = 32,
}

/// <summary>An open file. KeepCache: pages the kernel has of this inode are of the version just opened.</summary>
public readonly record struct OpenedFile(ulong Handle, bool KeepCache);

[Flags]
public enum RenameFlags
{
    None = 0,
    NoReplace = 1,
    Exchange = 2,
}

public enum AllocateMode
{
    /// <summary>Grow the file if the range ends beyond it.</summary>
    Reserve,
    /// <summary>Reserve without growing: nothing to do on an object store, but errors are checked.</summary>
    ReserveKeepSize,
    /// <summary>Zero the range; the size stays.</summary>
    PunchHole,
    /// <summary>Zero the range and grow the file to its end.</summary>
    ZeroRange,
    /// <summary>Zero the part of the range that lies inside the file.</summary>
    ZeroRangeKeepSize,
}

public enum ExtendedAttributeMode
{
    CreateOrReplace,
    Create,
    Replace,
}

/// <summary>One name in a directory. NextOffset: where a later read goes on after this entry.</summary>
public readonly ref struct DirectoryItem(ReadOnlySpan<byte> name, ulong inode, uint type, ulong nextOffset)
{
    public ReadOnlySpan<byte> Name { get; } = name;
    public ulong Inode { get; } = inode;
    /// <summary>The <see cref="FileType"/> bits.</summary>
    public uint Type { get; } = type;
    public ulong NextOffset { get; } = nextOffset;
}

/// <summary>What statfs(2) tells. A bucket has no size: the numbers are large and constant, in blocks of BlockSize bytes.</summary>
public readonly record struct Capacity(uint BlockSize, ulong Blocks, ulong FreeBlocks, ulong Files, ulong FreeFiles, uint NameLength);
