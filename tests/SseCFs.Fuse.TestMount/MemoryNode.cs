using System.Text;

namespace SseCFs.Fuse.TestMount;

/// <summary>An inode in memory. Guarded by the file system's one lock.</summary>
internal sealed class MemoryNode(ulong inode, uint mode, uint uid, uint gid)
{
    public ulong Inode { get; } = inode;

    public uint Mode { get; set; } = mode;

    public uint Uid { get; set; } = uid;

    public uint Gid { get; set; } = gid;

    public Timestamp AccessTime { get; set; }

    public Timestamp ModifyTime { get; set; }

    public Timestamp ChangeTime { get; set; }

    public long Size { get; set; }

    /// <summary>Pinned; longer than <see cref="Size"/> at times.</summary>
    public byte[] Content { get; set; } = [];

    public byte[] Target { get; set; } = [];

    /// <summary>Names as Latin-1 strings, so that any bytes can be a key.</summary>
    public SortedDictionary<string, MemoryNode> Children { get; } = new(StringComparer.Ordinal);

    public SortedDictionary<string, byte[]> ExtendedAttributes { get; } = new(StringComparer.Ordinal);

    public long Lookups { get; set; }

    public bool IsDirectory => (Mode & FileType.Mask) == FileType.Directory;

    public Attributes Attributes =>
        new(Inode, Mode, Uid, Gid, Size, IsDirectory ? 2u : 1u, AccessTime, ModifyTime, ChangeTime);

    public void Resize(long size)
    {
        if (size > Content.Length)
        {
            var grown = GC.AllocateArray<byte>((int)Math.Max(size, Math.Min(2L * Content.Length, int.MaxValue / 2)), pinned: true);
            Content.AsSpan(0, (int)Size).CopyTo(grown);
            Content = grown;
        }
        else if (size < Size)
        {
            Content.AsSpan((int)size, (int)(Size - size)).Clear();
        }
        Size = size;
    }

    public void ClearSetIdBits()
    {
        if (IsDirectory)
        {
            return;
        }
        Mode &= ~FileType.SetUserId;
        if ((Mode & FileType.GroupExecute) != 0)
        {
            Mode &= ~FileType.SetGroupId;
        }
    }

    public static string Key(ReadOnlyMemory<byte> name) => Encoding.Latin1.GetString(name.Span);

    public static byte[] Name(string key) => Encoding.Latin1.GetBytes(key);
}
