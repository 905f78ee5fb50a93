using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Fsp.Interop;

namespace SseCFs.WinFsp.Wire;

/// <summary>
/// Fills the driver's buffer with FSP_FSCTL_DIR_INFO records (winfsp/fsctl.h): size, attributes, name, each at a multiple of eight bytes; a record of size zero says that
/// the directory ends. WinFsp's own helper does the same, but only where WinFsp is.
/// </summary>
internal ref struct DirectoryInfoWriter(Span<byte> buffer)
{
    private const int InfoOffset = 8;
    private const int NameOffset = 104;
    private const int Alignment = 8;

    private readonly Span<byte> _buffer = buffer;

    /// <summary>Bytes used.</summary>
    public int Length { get; private set; }

    /// <summary>False: no room, ask again with the name before as the marker.</summary>
    public bool TryAdd(string name, in FileInfo info)
    {
        var size = NameOffset + name.Length * sizeof(char);
        var aligned = (size + Alignment - 1) & ~(Alignment - 1);
        if (Length + aligned > _buffer.Length)
        {
            return false;
        }
        var record = _buffer.Slice(Length, aligned);
        record.Clear();
        BinaryPrimitives.WriteUInt16LittleEndian(record, (ushort)size);
        Write(record[InfoOffset..], info);
        MemoryMarshal.AsBytes(name.AsSpan()).CopyTo(record[NameOffset..]);
        Length += aligned;
        return true;
    }

    /// <summary>The directory has no more. False: no room even for that.</summary>
    public bool TryEnd()
    {
        if (Length + sizeof(ushort) > _buffer.Length)
        {
            return false;
        }
        _buffer.Slice(Length, sizeof(ushort)).Clear();
        Length += sizeof(ushort);
        return true;
    }

    private static void Write(Span<byte> record, in FileInfo info)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(record, info.FileAttributes);
        BinaryPrimitives.WriteUInt32LittleEndian(record[4..], info.ReparseTag);
        BinaryPrimitives.WriteUInt64LittleEndian(record[8..], info.AllocationSize);
        BinaryPrimitives.WriteUInt64LittleEndian(record[16..], info.FileSize);
        BinaryPrimitives.WriteUInt64LittleEndian(record[24..], info.CreationTime);
        BinaryPrimitives.WriteUInt64LittleEndian(record[32..], info.LastAccessTime);
        BinaryPrimitives.WriteUInt64LittleEndian(record[40..], info.LastWriteTime);
        BinaryPrimitives.WriteUInt64LittleEndian(record[48..], info.ChangeTime);
        BinaryPrimitives.WriteUInt64LittleEndian(record[56..], info.IndexNumber);
        BinaryPrimitives.WriteUInt32LittleEndian(record[64..], info.HardLinks);
        BinaryPrimitives.WriteUInt32LittleEndian(record[68..], info.EaSize);
    }
}
