using System.Buffers.Binary;
using System.Runtime.InteropServices;
using static Fsp.FileSystemBase;

namespace SseCFs.WinFsp.Wire;

/// <summary>A symbolic link as FSCTL_GET_REPARSE_POINT gives it: REPARSE_DATA_BUFFER in ntifs.h with its SymbolicLinkReparseBuffer.</summary>
internal static class SymbolicLinkData
{
    public const uint Tag = 0xA000000C;

    private const int HeaderSize = 8;
    private const int PathOffset = 20;
    private const uint Relative = 1;

    /// <summary>A target that is seen from the link's folder, or from the volume's root if it begins with a backslash.</summary>
    public static byte[] Encode(string target)
    {
        var length = target.Length * sizeof(char);
        var data = new byte[PathOffset + 2 * length];
        BinaryPrimitives.WriteUInt32LittleEndian(data, Tag);
        BinaryPrimitives.WriteUInt16LittleEndian(data.AsSpan(4), (ushort)(data.Length - HeaderSize));
        // Substitute name, then print name: offset and length of each.
        BinaryPrimitives.WriteUInt16LittleEndian(data.AsSpan(10), (ushort)length);
        BinaryPrimitives.WriteUInt16LittleEndian(data.AsSpan(12), (ushort)length);
        BinaryPrimitives.WriteUInt16LittleEndian(data.AsSpan(14), (ushort)length);
        BinaryPrimitives.WriteUInt32LittleEndian(data.AsSpan(16), Relative);
        MemoryMarshal.AsBytes(target.AsSpan()).CopyTo(data.AsSpan(PathOffset));
        MemoryMarshal.AsBytes(target.AsSpan()).CopyTo(data.AsSpan(PathOffset + length));
        return data;
    }

    /// <exception cref="StatusException">It is no symbolic link, or leads out of its buffer, or leaves the volume.</exception>
    public static string Decode(ReadOnlySpan<byte> data)
    {
        if (data.Length < HeaderSize)
        {
            throw Invalid();
        }
        if (BinaryPrimitives.ReadUInt32LittleEndian(data) != Tag)
        {
            throw new StatusException(STATUS_IO_REPARSE_TAG_MISMATCH, "only symbolic links are kept, no other reparse points");
        }
        if (data.Length < PathOffset)
        {
            throw Invalid();
        }
        int offset = BinaryPrimitives.ReadUInt16LittleEndian(data[8..]), length = BinaryPrimitives.ReadUInt16LittleEndian(data[10..]);
        if (PathOffset + offset + length > data.Length || length % sizeof(char) != 0 || length == 0)
        {
            throw Invalid();
        }
        if ((BinaryPrimitives.ReadUInt32LittleEndian(data[16..]) & Relative) == 0)
        {
            throw new StatusException(STATUS_ACCESS_DENIED, "a link to a path with a drive would lead nowhere on other machines: make a relative one");
        }
        return new string(MemoryMarshal.Cast<byte, char>(data.Slice(PathOffset + offset, length)));
    }

    private static StatusException Invalid() => new(STATUS_IO_REPARSE_DATA_INVALID, "the data of a reparse point leads out of its buffer");
}
