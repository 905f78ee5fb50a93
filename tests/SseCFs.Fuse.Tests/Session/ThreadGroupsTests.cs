using SseCFs.Fuse.Session;

namespace SseCFs.Fuse.Tests.Session;

public sealed class ThreadGroupsTests
{
    private static readonly string[] Status =
        ["Name:\tbash", "Uid:\t1000\t1000\t1000\t1000", "Gid:\t7\t7\t7\t7", "Groups:\t4 24 1000 ", "NStgid:\t9", "CapPrm:\tffffffffffffffff", "CapEff:\t0000000000000000"];

    [Theory]
    [InlineData(4u, true)]
    [InlineData(24u, true)]
    [InlineData(1000u, true)]
    [InlineData(2u, false)]
    [InlineData(100u, false)]
    public void The_other_groups_of_a_thread_are_known(uint group, bool isIn) => Assert.Equal(isIn, ThreadGroups.Include(Status, group));

    [Theory]
    [InlineData("0000000000000010", true)]
    [InlineData("000001ffffffffff", true)]
    [InlineData("000001ffffffffef", false)]
    public void CAP_FSETID_stands_for_every_group(string effective, bool isIn) =>
        Assert.Equal(isIn, ThreadGroups.Include(["Groups:\t", "CapEff:\t" + effective], 5));

    [Fact]
    public void A_thread_that_is_gone_is_in_no_group() => Assert.False(ThreadGroups.Includes(uint.MaxValue, 0));

    [Fact]
    public void A_request_asks_the_system_about_its_thread()
    {
        // Not the way of a test run by root, who is in every group.
        var thread = (uint)Environment.ProcessId;
        Assert.Equal(ThreadGroups.Include(File.ReadLines($"/proc/{thread}/status"), 54321), ThreadGroups.Includes(thread, 54321));
    }
}
