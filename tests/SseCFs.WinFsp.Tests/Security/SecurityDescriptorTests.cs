using SseCFs.WinFsp.Security;

namespace SseCFs.WinFsp.Tests.Security;

public sealed class SecurityDescriptorTests
{
    private static readonly byte[] User = SecurityIds.OfUid(1000);
    private static readonly byte[] Group = SecurityIds.OfGid(100);

    [Fact]
    public void It_is_laid_out_as_Windows_reads_it()
    {
        // 0600, nobody else: header; S-1-22-1-1000; S-1-22-2-100; a list of one entry.
        Assert.Equal(
            "01" + "00" + "0490" + "14000000" + "24000000" + "00000000" + "34000000"
            + "0102000000000016" + "01000000" + "E8030000" + "0102000000000016" + "02000000" + "64000000"
            + "02" + "00" + "2000" + "0100" + "0000" + "00" + "00" + "1800" + "9F011F00" + "0102000000000016" + "01000000" + "E8030000",
            Convert.ToHexString(SecurityDescriptor.Of(FileType.Regular | 0x180, User, Group, allowOthers: false)));
    }

    [Theory]
    [InlineData(FileType.Regular)]
    [InlineData(FileType.Directory)]
    public void Every_mode_comes_back_as_it_was(uint type)
    {
        for (var mode = 0u; mode <= 0x1FF; mode++)
        {
            var descriptor = SecurityDescriptor.Of(type | mode, User, Group, allowOthers: true);
            Assert.Equal(mode, SecurityDescriptor.ModeOf(descriptor, User, Group));
            Assert.Equal(User, SecurityDescriptor.UserOf(descriptor).ToArray());
            Assert.Equal(Group, SecurityDescriptor.GroupOf(descriptor).ToArray());
        }
    }

    [Fact]
    public void A_sticky_directory_lets_others_write_and_not_delete()
    {
        var descriptor = SecurityDescriptor.Of(FileType.Directory | 0x3FF, User, Group, allowOthers: true);
        Assert.Equal(0x3FFu, SecurityDescriptor.ModeOf(descriptor, User, Group));
    }

    [Fact]
    public void Without_others_only_the_owners_bits_are_there()
    {
        for (var mode = 0u; mode <= 0x1FF; mode++)
        {
            Assert.Equal(mode & 0x1C0, SecurityDescriptor.ModeOf(SecurityDescriptor.Of(FileType.Regular | mode, User, Group, allowOthers: false), User, Group));
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("0100049014000000240000000000000034000000")]
    [InlineData("01000490FFFFFF7FFFFFFF7F00000000FFFFFF7F")]
    [InlineData("0100049000000000000000000000000014000000" + "0200FFFFFFFF0000")]
    [InlineData("0100049000000000000000000000000014000000" + "02001000010000000000FFFF")]
    public void A_broken_one_is_read_as_far_as_it_goes(string hex)
    {
        var descriptor = Convert.FromHexString(hex);
        Assert.Equal(0, SecurityDescriptor.UserOf(descriptor).Length);
        Assert.True(SecurityDescriptor.ModeOf(descriptor, User, Group) is null or 0);
    }

    [Fact]
    public void Numbers_become_owners_and_back()
    {
        var all = new Owners(User, null, null);
        Assert.Equal(User, all.UserOf(0).ToArray());
        Assert.Equal(7u, all.UidOf(User, 7));
        var some = new Owners(User, 1000, 1000);
        Assert.Equal(User, some.UserOf(1000).ToArray());
        Assert.Equal(SecurityIds.OfUid(33), some.UserOf(33).ToArray());
        Assert.Equal(33u, some.UidOf(SecurityIds.OfUid(33), 7));
        Assert.Equal(1000u, some.UidOf(User, 7));
        Assert.Equal(1000u, some.GidOf(SecurityIds.Users, 7));
        Assert.Equal(5u, some.GidOf(SecurityIds.OfGid(5), 7));
        Assert.Null(some.UidOf(SecurityIds.Everyone, 7));
        Assert.Null(some.GidOf(SecurityIds.OfUid(5), 7));
    }
}
