using SseCFs.Fuse;
using SseCFs.Tool.CommandLine;
using Xunit;

namespace SseCFs.Tool.Tests.CommandLine;

public sealed class MountOptionListTests
{
    private static readonly HashSet<string> Valued = ["--key", "--endpoint", "--uid"];
    private static readonly HashSet<string> Switches = ["--allow-other", "--read-only", "--write-back"];

    [Theory]
    [InlineData("key=file:/k", "--key|file:/k")]
    [InlineData("endpoint=https://h/?a=b,uid=5", "--endpoint|https://h/?a=b|--uid|5")]
    [InlineData("allow_other", "--allow-other")]
    [InlineData("allow-other", "--allow-other")]
    [InlineData("ro", "--read-only")]
    [InlineData("rw,defaults,_netdev,noauto,user,nofail,x-systemd.automount,x-gvfs-show", "")]
    [InlineData("nosuid,noexec", "-o|nosuid|-o|noexec")]
    [InlineData(@"key=command:a\,b\\c,ro", @"--key|command:a,b\c|--read-only")]
    [InlineData("", "")]
    [InlineData("write-back", "--write-back")]
    [InlineData("write_back=/j,ro", "--write-back|--journal|/j|--read-only")]
    public void OneListBecomesLongOptions(string list, string expected) =>
        Assert.Equal(expected, string.Join('|', MountOptionList.Expand(["-o", list], Valued, Switches)));

    [Fact]
    public void OtherArgumentsStayAsTheyAre()
    {
        string[] arguments = ["s3://b", "/m", "--key", "-o", "-oro", "--", "-o", "x"];
        Assert.Equal(["s3://b", "/m", "--key", "-o", "--read-only", "--", "-o", "x"], MountOptionList.Expand(arguments, Valued, Switches));
    }

    [Fact]
    public void WriteBackMayNameTheJournal() =>
        Assert.Equal(["s3://b", "--write-back", "--journal", "/j", "/m"], MountOptionList.Expand(["s3://b", "--write-back=/j", "/m"], Valued, Switches));

    [Theory]
    [InlineData("nonsense")]
    [InlineData("nonsense=1")]
    [InlineData("key")]
    [InlineData("allow_other=1")]
    [InlineData("background-child")]
    public void WhatNobodyKnowsIsAUsageError(string list)
    {
        var refusal = Assert.Throws<ToolException>(() => MountOptionList.Expand(["-o", list], Valued, Switches));
        Assert.Equal(ExitCode.Usage, refusal.Code);
    }

    [Fact]
    public void SloppyPassesOverUnknownOptions() =>
        Assert.Equal(["--read-only"], MountOptionList.Expand(["-o", "nonsense,ro"], Valued, Switches, sloppy: true));

    [Fact]
    public void LaterFlagsWinAndSafeOnesAreTheDefault()
    {
        Assert.Equal(FuseMountFlags.NoSetUserId | FuseMountFlags.NoDevices, MountOptionList.ToFlags([]));
        Assert.Equal(FuseMountFlags.NoDevices | FuseMountFlags.NoExecute, MountOptionList.ToFlags(["suid", "noexec"]));
        Assert.Equal(FuseMountFlags.NoSetUserId | FuseMountFlags.NoDevices, MountOptionList.ToFlags(["noexec", "exec"]));
        Assert.Throws<ToolException>(() => MountOptionList.ToFlags(["nonsense"]));
    }
}
