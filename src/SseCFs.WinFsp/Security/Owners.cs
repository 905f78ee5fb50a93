namespace SseCFs.WinFsp.Security;

/// <summary>Who owners and groups of files are on this machine.</summary>
public sealed class Owners
{
    private readonly byte[] _user;
    private readonly byte[] _group;
    private readonly uint? _uid;
    private readonly uint? _gid;

    /// <param name="user">Security identifier of the user who mounts, in binary form.</param>
    /// <param name="uid">The number that stands for that user; null: whatever a file says, it belongs to that user.</param>
    /// <param name="gid">The number that stands for the group Users; null: every group does.</param>
    public Owners(byte[] user, uint? uid, uint? gid)
    {
        (_user, _group) = (user, SecurityIds.Users);
        (_uid, _gid) = (uid, gid);
    }

    internal ReadOnlySpan<byte> UserOf(uint uid) => _uid is null || _uid == uid ? _user : SecurityIds.OfUid(uid);

    internal ReadOnlySpan<byte> GroupOf(uint gid) => _gid is null || _gid == gid ? _group : SecurityIds.OfGid(gid);

    /// <summary>What a file's owner becomes; null: that user has no number here.</summary>
    internal uint? UidOf(ReadOnlySpan<byte> user, uint now) =>
        user.SequenceEqual(_user) ? _uid ?? now : SecurityIds.ToUid(user);

    internal uint? GidOf(ReadOnlySpan<byte> group, uint now) =>
        group.SequenceEqual(_group) ? _gid ?? now : SecurityIds.ToGid(group);
}
