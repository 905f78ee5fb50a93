using System.Buffers.Binary;

namespace SseCFs.WinFsp.Security;

/// <summary>Security identifiers in their binary form: revision, count, authority in 6 bytes big-endian, sub-authorities in 4 bytes each (winnt.h, SID).</summary>
internal static class SecurityIds
{
    /// <summary>S-1-1-0.</summary>
    public static readonly byte[] Everyone = Make(1, 0);

    /// <summary>S-1-5-11.</summary>
    public static readonly byte[] AuthenticatedUsers = Make(5, 11);

    /// <summary>S-1-5-32-545.</summary>
    public static readonly byte[] Users = Make(5, 32, 545);

    private const byte UnixAuthority = 22;
    private const uint UnixUsers = 1;
    private const uint UnixGroups = 2;

    /// <summary>S-1-22-1-N, the form that Samba gave to users who are none of Windows.</summary>
    public static byte[] OfUid(uint uid) => Make(UnixAuthority, UnixUsers, uid);

    /// <summary>S-1-22-2-N.</summary>
    public static byte[] OfGid(uint gid) => Make(UnixAuthority, UnixGroups, gid);

    public static uint? ToUid(ReadOnlySpan<byte> sid) => ToUnix(sid, UnixUsers);

    public static uint? ToGid(ReadOnlySpan<byte> sid) => ToUnix(sid, UnixGroups);

    /// <summary>Bytes that the one at the beginning of a span takes; 0 if there is none.</summary>
    public static int LengthOf(ReadOnlySpan<byte> sid) => sid.Length >= 8 && 8 + 4 * sid[1] <= sid.Length ? 8 + 4 * sid[1] : 0;

    private static uint? ToUnix(ReadOnlySpan<byte> sid, uint kind) =>
        sid.Length == 16 && sid[1] == 2 && sid[7] == UnixAuthority && BinaryPrimitives.ReadUInt32LittleEndian(sid[8..]) == kind
            ? BinaryPrimitives.ReadUInt32LittleEndian(sid[12..])
            : null;

    private static byte[] Make(byte authority, params ReadOnlySpan<uint> subAuthorities)
    {
        var sid = new byte[8 + 4 * subAuthorities.Length];
        (sid[0], sid[1], sid[7]) = (1, (byte)subAuthorities.Length, authority);
        for (var i = 0; i < subAuthorities.Length; i++)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(sid.AsSpan(8 + 4 * i), subAuthorities[i]);
        }
        return sid;
    }
}
