using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace SseCFs.Fuse.Wire;

// What goes to the kernel: one struct for each struct fuse_*_out of linux/fuse.h.

[StructLayout(LayoutKind.Sequential)]
internal struct OutHeader
{
    public uint Length;
    /// <summary>0, or a negative errno above -512; in a notification its <see cref="NotifyCode"/>.</summary>
    public int Error;
    public ulong Unique;
}

[StructLayout(LayoutKind.Sequential)]
internal struct InitOut
{
    public uint Major;
    public uint Minor;
    public uint MaxReadahead;
    public uint Flags;
    public ushort MaxBackground;
    public ushort CongestionThreshold;
    public uint MaxWrite;
    public uint TimeGranularity;
    public ushort MaxPages;
    public ushort MapAlignment;
    public uint Flags2;
    public Unused7 Unused;

    [InlineArray(7)]
    internal struct Unused7
    {
        private uint _first;
    }
}

[StructLayout(LayoutKind.Sequential)]
internal struct Attr
{
    public ulong Inode;
    public ulong Size;
    public ulong Blocks;
    public long AccessTime;
    public long ModifyTime;
    public long ChangeTime;
    public uint AccessTimeNanoseconds;
    public uint ModifyTimeNanoseconds;
    public uint ChangeTimeNanoseconds;
    public uint Mode;
    public uint LinkCount;
    public uint Uid;
    public uint Gid;
    public uint Device;
    public uint BlockSize;
    public uint Flags;

    public static Attr From(in Attributes attributes) => new()
    {
        Inode = attributes.Inode,
        Size = (ulong)attributes.Size,
        // st_blocks counts 512-byte units whatever the block size is, see stat(2).
        Blocks = ((ulong)attributes.Size + 511) / 512,
        AccessTime = attributes.AccessTime.Seconds,
        ModifyTime = attributes.ModifyTime.Seconds,
        ChangeTime = attributes.ChangeTime.Seconds,
        AccessTimeNanoseconds = attributes.AccessTime.Nanoseconds,
        ModifyTimeNanoseconds = attributes.ModifyTime.Nanoseconds,
        ChangeTimeNanoseconds = attributes.ChangeTime.Nanoseconds,
        Mode = attributes.Mode,
        LinkCount = attributes.LinkCount,
        Uid = attributes.Uid,
        Gid = attributes.Gid,
        Device = attributes.Device,
        BlockSize = 4096,
    };
}

[StructLayout(LayoutKind.Sequential)]
internal struct EntryOut
{
    public ulong NodeId;
    public ulong Generation;
    public ulong EntryValid;
    public ulong AttrValid;
    public uint EntryValidNanoseconds;
    public uint AttrValidNanoseconds;
    public Attr Attr;

    /// <summary>The generation stays 0: node ids are never reused.</summary>
    public static EntryOut From(in Entry entry)
    {
        var (entrySeconds, entryNanoseconds) = Validity.Split(entry.EntryValid);
        var (attrSeconds, attrNanoseconds) = Validity.Split(entry.AttributesValid);
        return new EntryOut
        {
            NodeId = entry.Attributes.Inode,
            EntryValid = entrySeconds,
            AttrValid = attrSeconds,
            EntryValidNanoseconds = entryNanoseconds,
            AttrValidNanoseconds = attrNanoseconds,
            Attr = Attr.From(entry.Attributes),
        };
    }
}

[StructLayout(LayoutKind.Sequential)]
internal struct AttrOut
{
    public ulong AttrValid;
    public uint AttrValidNanoseconds;
    public uint Padding;
    public Attr Attr;

    public static AttrOut From(in Attributes attributes, TimeSpan valid)
    {
        var (seconds, nanoseconds) = Validity.Split(valid);
        return new AttrOut { AttrValid = seconds, AttrValidNanoseconds = nanoseconds, Attr = Attr.From(attributes) };
    }
}

[StructLayout(LayoutKind.Sequential)]
internal struct OpenOut
{
    public ulong Handle;
    public OpenReplyFlags OpenFlags;
    /// <summary>Padding up to 7.39; since then the id of a passthrough file, which is not negotiated.</summary>
    public uint Padding;
}

[StructLayout(LayoutKind.Sequential)]
internal struct CreateOut
{
    public EntryOut Entry;
    public OpenOut Open;
}

[StructLayout(LayoutKind.Sequential)]
internal struct WriteOut
{
    public uint Size;
    public uint Padding;
}

[StructLayout(LayoutKind.Sequential)]
internal struct StatFsOut
{
    public ulong Blocks;
    public ulong FreeBlocks;
    public ulong AvailableBlocks;
    public ulong Files;
    public ulong FreeFiles;
    public uint BlockSize;
    public uint NameLength;
    public uint FragmentSize;
    public uint Padding;
    public Spare6 Spare;

    [InlineArray(6)]
    internal struct Spare6
    {
        private uint _first;
    }
}

[StructLayout(LayoutKind.Sequential)]
internal struct GetXAttrOut
{
    public uint Size;
    public uint Padding;
}

/// <summary>Followed by the name, then zeros to the next multiple of 8.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct DirEnt
{
    public ulong Inode;
    public ulong NextOffset;
    public uint NameLength;
    public uint Type;
}

[StructLayout(LayoutKind.Sequential)]
internal struct NotifyInvalidateInodeOut
{
    public ulong Inode;
    public long Offset;
    /// <summary>0: to the end of the file.</summary>
    public long Length;
}

/// <summary>Followed by the name and a NUL that NameLength does not count.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct NotifyInvalidateEntryOut
{
    public ulong Parent;
    public uint NameLength;
    public uint Flags;
}

internal static class Validity
{
    /// <summary>Whole seconds and nanoseconds of a cache time; negative times are zero.</summary>
    public static (ulong Seconds, uint Nanoseconds) Split(TimeSpan valid) => valid <= TimeSpan.Zero
        ? (0, 0)
        : ((ulong)(valid.Ticks / TimeSpan.TicksPerSecond), (uint)(valid.Ticks % TimeSpan.TicksPerSecond) * 100);
}
