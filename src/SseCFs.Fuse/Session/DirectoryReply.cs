using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using SseCFs.Fuse.Wire;

namespace SseCFs.Fuse.Session;

/// <summary>Writes directory entries into a reply as they come, in the form of READDIR or READDIRPLUS. One reply at a time.</summary>
internal sealed class DirectoryReply : IDirectorySink
{
    // What max_pages lets the kernel ask for.
    private const int MaxSize = 1 << 20;

    private byte[] _buffer = [];
    private int _size;
    private bool _plus;

    /// <summary>Bytes written so far.</summary>
    public int Length { get; private set; }

    public ReadOnlyMemory<byte> Written => _buffer.AsMemory(0, Length);

    /// <param name="size">Bytes that the kernel takes.</param>
    /// <param name="plus">READDIRPLUS: each entry is preceded by what a lookup would answer.</param>
    public void Begin(uint size, bool plus)
    {
        _size = (int)Math.Min(size, MaxSize);
        _buffer = ArrayPool<byte>.Shared.Rent(_size);
        _plus = plus;
        Length = 0;
    }

    public void End()
    {
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = [];
        Length = 0;
    }

    public bool TryAdd(in DirectoryItem item, in Entry? entry)
    {
        var head = (_plus ? Unsafe.SizeOf<EntryOut>() : 0) + Unsafe.SizeOf<DirEnt>();
        var total = (head + item.Name.Length + 7) & ~7;
        if (total > _size - Length)
        {
            return false;
        }
        var place = _buffer.AsSpan(Length, total);
        if (_plus)
        {
            // A node id of 0 tells the kernel that this entry comes without attributes and counts no lookup.
            var looked = entry is { } known ? EntryOut.From(known) : default;
            MemoryMarshal.Write(place, in looked);
            place = place[Unsafe.SizeOf<EntryOut>()..];
        }
        var dirent = new DirEnt
        {
            Inode = item.Inode,
            NextOffset = item.NextOffset,
            NameLength = (uint)item.Name.Length,
            // The DT_* constants are the type bits of the mode, moved down (dirent.h, IFTODT).
            Type = item.Type >> 12,
        };
        MemoryMarshal.Write(place, in dirent);
        place = place[Unsafe.SizeOf<DirEnt>()..];
        item.Name.CopyTo(place);
        place[item.Name.Length..].Clear();
        Length += total;
        return true;
    }

    /// <summary>Takes back the lookups that were counted for entries which the kernel did not get.</summary>
    public void ForgetAll(IFileSystem fileSystem)
    {
        if (!_plus)
        {
            return;
        }
        for (var at = 0; at < Length;)
        {
            var inode = MemoryMarshal.Read<ulong>(_buffer.AsSpan(at));
            var dirent = MemoryMarshal.Read<DirEnt>(_buffer.AsSpan(at + Unsafe.SizeOf<EntryOut>()));
            if (inode != 0)
            {
                fileSystem.Forget(inode, 1);
            }
            at += (Unsafe.SizeOf<EntryOut>() + Unsafe.SizeOf<DirEnt>() + (int)dirent.NameLength + 7) & ~7;
        }
    }
}
