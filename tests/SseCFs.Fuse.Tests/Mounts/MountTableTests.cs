using SseCFs.Fuse.Mounting;

namespace SseCFs.Fuse.Tests.Mounts;

public sealed class MountTableTests
{
    private static readonly string[] Lines =
    [
        "22 1 259:1 / / rw,relatime shared:1 - ext4 /dev/root rw",
        @"41 22 0:38 / /mnt/with\040space rw,nosuid,nodev - fuse.ssecfs ssecfs#a rw,user_id=0",
        "42 22 0:39 / /mnt/twice rw shared:7 master:3 - ext4 /dev/sdb rw",
        "43 42 0:40 / /mnt/twice rw - fuse.s3fs s3fs rw",
    ];

    [Fact]
    public void Entries_are_found_by_directory()
    {
        Assert.Equal(new MountEntry(41, "0:38", "/mnt/with space", "fuse.ssecfs", 0), MountTable.Find(Lines, "/mnt/with space"));
        Assert.Equal("38", MountTable.Find(Lines, "/mnt/with space")!.Value.Minor);
        Assert.Equal("fuse.s3fs", MountTable.Find(Lines, "/mnt/twice")!.Value.Type);
        Assert.Null(MountTable.Find(Lines, "/mnt"));
    }

    [Fact]
    public void Devices_are_found_by_the_mounts_number()
    {
        Assert.Equal("0:38", MountTable.DeviceOf(Lines, 41));
        Assert.Null(MountTable.DeviceOf(Lines, 4));
    }

    [Fact]
    public void Flags_become_bits_and_words()
    {
        var flags = FuseMountFlags.ReadOnly | FuseMountFlags.NoSetUserId | FuseMountFlags.NoDevices
            | FuseMountFlags.NoExecute | FuseMountFlags.NoAccessTime;
        Assert.Equal(1u | 2 | 4 | 8 | 1024, MountFlagTable.Bits(flags));
        Assert.Equal(["ro", "nosuid", "nodev", "noexec", "noatime"], MountFlagTable.Options(flags));
        Assert.Equal(Enum.GetValues<FuseMountFlags>().Length - 1, MountFlagTable.Rows.Count);
    }

    [Fact]
    public void Values_for_fusermount3_have_their_commas_and_backslashes_escaped()
    {
        var options = new FuseMountOptions { Source = @"ssecfs#a,b\c", AllowOther = true };
        Assert.Equal(
            @"nosuid,nodev,default_permissions,allow_other,fsname=ssecfs#a\,b\\c,subtype=ssecfs", Fusermount.OptionsFor(options));
    }
}
