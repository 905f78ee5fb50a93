using System.Buffers.Binary;
using SseCFs.WinFsp.Wire;

namespace SseCFs.WinFsp.Security;

/// <summary>
/// Mode bits as a self-relative security descriptor (winnt.h) and back. Which rights a bit means, and the entries that refuse where owner or group may do less than the
/// others, are those of WinFsp's POSIX mapping (posix.c), which follows Services for UNIX. .NET's own classes work on Windows only.
/// </summary>
internal static class SecurityDescriptor
{
    private const int HeaderSize = 20;
    private const int AclHeaderSize = 8;
    private const int AceHeaderSize = 8;
    private const ushort DaclPresent = 0x4;
    private const ushort DaclProtected = 0x1000;
    private const ushort SelfRelative = 0x8000;
    private const byte Allowed = 0;
    private const byte Denied = 1;
    private const uint Sticky = 0x200;

    private const uint EveryonesRights = Access.ReadControl | Access.ReadAttributes | Access.ReadExtended | Access.Synchronize;
    private const uint OwnersRights = EveryonesRights | Access.Delete | Access.WriteDacl | Access.WriteOwner | Access.WriteAttributes | Access.WriteExtended;

    private readonly record struct Entry(byte Type, uint Rights, byte[] Sid);

    /// <param name="mode">With file type bits.</param>
    /// <param name="allowOthers">False: nobody but the owner has any right, whatever the mode says.</param>
    public static byte[] Of(uint mode, ReadOnlySpan<byte> user, ReadOnlySpan<byte> group, bool allowOthers)
    {
        var (owner, ofGroup, others) = allowOthers ? (mode >> 6 & 7, mode >> 3 & 7, mode & 7) : (mode >> 6 & 7, 0u, 0u);
        var entries = new List<Entry> { new(Allowed, OwnersRights | RightsOf(mode & ~Sticky, owner), user.ToArray()) };
        if ((~owner & (ofGroup | others)) is > 0 and var ownerDenied)
        {
            entries.Add(new Entry(Denied, RightsOf(mode & ~Sticky, ownerDenied) & ~Access.WriteAttributes, user.ToArray()));
        }
        if (allowOthers)
        {
            entries.Add(new Entry(Allowed, EveryonesRights | RightsOf(mode, ofGroup), group.ToArray()));
            if ((~ofGroup & others) is > 0 and var groupDenied)
            {
                entries.Add(new Entry(Denied, RightsOf(mode, groupDenied), group.ToArray()));
            }
            entries.Add(new Entry(Allowed, EveryonesRights | RightsOf(mode, others), SecurityIds.Everyone));
        }
        return Write(user, group, entries);
    }

    /// <summary>Permission bits, sticky bit included, that a descriptor's access list amounts to; null if it has no list.</summary>
    /// <param name="user">The file's owner.</param>
    public static uint? ModeOf(ReadOnlySpan<byte> descriptor, ReadOnlySpan<byte> user, ReadOnlySpan<byte> group)
    {
        if (Section(descriptor, 16) is not { Length: >= AclHeaderSize } acl || (BinaryPrimitives.ReadUInt16LittleEndian(descriptor[2..]) & DaclPresent) == 0)
        {
            return null;
        }
        var (owner, ofGroup, others) = (default(Rights), default(Rights), default(Rights));
        foreach (var (type, rights, sid) in Read(acl))
        {
            var isEveryone = sid.AsSpan().SequenceEqual(SecurityIds.Everyone) || sid.AsSpan().SequenceEqual(SecurityIds.AuthenticatedUsers);
            if (isEveryone)
            {
                others.Add(type, rights);
            }
            if (isEveryone || group.SequenceEqual(sid))
            {
                ofGroup.Add(type, rights);
            }
            if (isEveryone || user.SequenceEqual(sid))
            {
                owner.Add(type, rights);
            }
        }
        var mode = owner.Bits << 6 | ofGroup.Bits << 3 | others.Bits;
        var isSticky = owner.MayDeleteChild && (!ofGroup.MayDeleteChild && (mode & 0x10) != 0 || !others.MayDeleteChild && (mode & 2) != 0);
        return isSticky ? mode | Sticky : mode;
    }

    /// <summary>The owner's security identifier; empty if the descriptor names none.</summary>
    public static ReadOnlySpan<byte> UserOf(ReadOnlySpan<byte> descriptor) => SidAt(descriptor, 4);

    public static ReadOnlySpan<byte> GroupOf(ReadOnlySpan<byte> descriptor) => SidAt(descriptor, 8);

    private static uint RightsOf(uint mode, uint bits) =>
        ((bits & 4) != 0 ? Access.ReadData : 0)
        | ((bits & 2) != 0 ? Access.WriteAttributes | Access.WriteData | Access.AppendData : 0)
        | ((bits & 2) != 0 && (mode & FileType.Mask) == FileType.Directory && (mode & Sticky) == 0 ? Access.DeleteChild : 0)
        | ((bits & 1) != 0 ? Access.Execute : 0);

    private static byte[] Write(ReadOnlySpan<byte> user, ReadOnlySpan<byte> group, List<Entry> entries)
    {
        var aclSize = AclHeaderSize + entries.Sum(entry => AceHeaderSize + entry.Sid.Length);
        var descriptor = new byte[HeaderSize + user.Length + group.Length + aclSize];
        var (userAt, groupAt, aclAt) = (HeaderSize, HeaderSize + user.Length, HeaderSize + user.Length + group.Length);
        descriptor[0] = 1;
        BinaryPrimitives.WriteUInt16LittleEndian(descriptor.AsSpan(2), DaclPresent | DaclProtected | SelfRelative);
        BinaryPrimitives.WriteInt32LittleEndian(descriptor.AsSpan(4), userAt);
        BinaryPrimitives.WriteInt32LittleEndian(descriptor.AsSpan(8), groupAt);
        BinaryPrimitives.WriteInt32LittleEndian(descriptor.AsSpan(16), aclAt);
        user.CopyTo(descriptor.AsSpan(userAt));
        group.CopyTo(descriptor.AsSpan(groupAt));
        var acl = descriptor.AsSpan(aclAt);
        acl[0] = 2;
        BinaryPrimitives.WriteUInt16LittleEndian(acl[2..], (ushort)aclSize);
        BinaryPrimitives.WriteUInt16LittleEndian(acl[4..], (ushort)entries.Count);
        var ace = acl[AclHeaderSize..];
        foreach (var (type, rights, sid) in entries)
        {
            ace[0] = type;
            BinaryPrimitives.WriteUInt16LittleEndian(ace[2..], (ushort)(AceHeaderSize + sid.Length));
            BinaryPrimitives.WriteUInt32LittleEndian(ace[4..], rights);
            sid.CopyTo(ace[AceHeaderSize..]);
            ace = ace[(AceHeaderSize + sid.Length)..];
        }
        return descriptor;
    }

    /// <summary>Entries that allow or deny; of others, and of what leads out of the list, nothing is made.</summary>
    private static List<Entry> Read(ReadOnlySpan<byte> acl)
    {
        var result = new List<Entry>();
        var ace = acl[AclHeaderSize..];
        for (var left = BinaryPrimitives.ReadUInt16LittleEndian(acl[4..]); left > 0 && ace.Length >= AceHeaderSize; left--)
        {
            var size = BinaryPrimitives.ReadUInt16LittleEndian(ace[2..]);
            if (size < AceHeaderSize || size > ace.Length)
            {
                break;
            }
            var sid = ace[AceHeaderSize..size];
            if (ace[0] is Allowed or Denied && SecurityIds.LengthOf(sid) is > 0 and var length)
            {
                result.Add(new Entry(ace[0], Access.Map(BinaryPrimitives.ReadUInt32LittleEndian(ace[4..])), sid[..length].ToArray()));
            }
            ace = ace[size..];
        }
        return result;
    }

    private static ReadOnlySpan<byte> SidAt(ReadOnlySpan<byte> descriptor, int field)
    {
        var section = Section(descriptor, field);
        return section[..SecurityIds.LengthOf(section)];
    }

    /// <summary>From where a field of the header points to, to the end; empty if it points nowhere.</summary>
    private static ReadOnlySpan<byte> Section(ReadOnlySpan<byte> descriptor, int field)
    {
        if (descriptor.Length < HeaderSize)
        {
            return [];
        }
        var offset = BinaryPrimitives.ReadInt32LittleEndian(descriptor[field..]);
        return offset >= HeaderSize && offset < descriptor.Length ? descriptor[offset..] : [];
    }

    /// <summary>What has been allowed and what denied by the entries so far: of each right, the first one counts.</summary>
    private struct Rights
    {
        private uint _allowed;
        private uint _denied;

        public readonly bool MayDeleteChild => (_allowed & Access.DeleteChild) != 0;

        public readonly uint Bits =>
            ((_allowed & Access.ReadData) != 0 ? 4u : 0)
            | ((_allowed & (Access.WriteData | Access.AppendData)) == (Access.WriteData | Access.AppendData) ? 2u : 0)
            | ((_allowed & Access.Execute) != 0 ? 1u : 0);

        public void Add(byte type, uint rights)
        {
            if (type == Allowed)
            {
                _allowed |= rights & ~_denied;
            }
            else
            {
                _denied |= rights & ~_allowed;
            }
        }
    }
}
