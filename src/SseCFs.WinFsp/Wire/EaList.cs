using System.Buffers.Binary;
using System.Text;
using static Fsp.FileSystemBase;

namespace SseCFs.WinFsp.Wire;

/// <summary>
/// Extended attributes as NtQueryEaFile and NtSetEaFile pass them, FILE_FULL_EA_INFORMATION in ntifs.h: offset of the next, flags, length of name and value, the
/// name in ASCII with a zero, the value; each at a multiple of four bytes.
/// </summary>
internal static class EaList
{
    public const int LongestName = 254;

    private const int NameOffset = 8;
    private const int Alignment = 4;

    /// <summary>Bytes that one takes.</summary>
    public static int SizeOf(int name, int value) => (NameOffset + name + 1 + value + Alignment - 1) & ~(Alignment - 1);

    /// <exception cref="StatusException">The list leads out of its buffer.</exception>
    public static List<(string Name, byte[] Value)> Decode(ReadOnlySpan<byte> list)
    {
        var result = new List<(string, byte[])>();
        while (list.Length > 0)
        {
            if (list.Length < NameOffset || list[5] == 0 || list.Length < NameOffset + list[5] + 1 + BinaryPrimitives.ReadUInt16LittleEndian(list[6..]))
            {
                throw new StatusException(STATUS_EA_LIST_INCONSISTENT, "a list of extended attributes leads out of its buffer");
            }
            var name = Encoding.ASCII.GetString(list.Slice(NameOffset, list[5]));
            result.Add((name, list.Slice(NameOffset + list[5] + 1, BinaryPrimitives.ReadUInt16LittleEndian(list[6..])).ToArray()));
            var next = BinaryPrimitives.ReadUInt32LittleEndian(list);
            if (next == 0)
            {
                break;
            }
            if (next > list.Length)
            {
                throw new StatusException(STATUS_EA_LIST_INCONSISTENT, "a list of extended attributes leads out of its buffer");
            }
            list = list[(int)next..];
        }
        return result;
    }

    /// <returns>Bytes used; what finds no room is left out, as WinFsp does.</returns>
    public static int Encode(IReadOnlyList<(string Name, byte[] Value)> attributes, Span<byte> buffer)
    {
        var (used, last) = (0, -1);
        foreach (var (name, value) in attributes)
        {
            var at = (used + Alignment - 1) & ~(Alignment - 1);
            var size = NameOffset + name.Length + 1 + value.Length;
            if (at + size > buffer.Length)
            {
                break;
            }
            if (last >= 0)
            {
                BinaryPrimitives.WriteUInt32LittleEndian(buffer[last..], (uint)(at - last));
            }
            var record = buffer.Slice(at, size);
            record.Clear();
            record[5] = (byte)name.Length;
            BinaryPrimitives.WriteUInt16LittleEndian(record[6..], (ushort)value.Length);
            Encoding.ASCII.GetBytes(name, record[NameOffset..]);
            value.CopyTo(record[(NameOffset + name.Length + 1)..]);
            (used, last) = (at + size, at);
        }
        return used;
    }
}
