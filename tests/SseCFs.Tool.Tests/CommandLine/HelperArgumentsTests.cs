using SseCFs.Tool.CommandLine;
using Xunit;

namespace SseCFs.Tool.Tests.CommandLine;

public sealed class HelperArgumentsTests
{
    [Theory]
    [InlineData("mount.ssecfs", "s3://b /m -o rw,key=stdin", "mount|s3://b|/m|-o|rw,key=stdin")]
    [InlineData("mount.fuse.ssecfs", "s3://b /m -n -v -t fuse.ssecfs -o rw", "mount|s3://b|/m|-o|rw")]
    [InlineData("umount.fuse.ssecfs", "/m -l", "umount|/m|--lazy")]
    [InlineData("umount.ssecfs", "-nv /m", "umount|/m")]
    public void WhatMountGivesBecomesACommand(string program, string arguments, string expected) =>
        Assert.Equal(expected, string.Join('|', HelperArguments.Parse(program, arguments.Split(' '))!.Arguments));

    [Theory]
    [InlineData("rw,key=stdin", "dev suid", "rw,key=stdin|-o|dev|-o|suid")]
    [InlineData("rw,nodev", "dev suid", "rw,nodev|-o|suid")]
    [InlineData("rw,nodev,nosuid", "dev suid", "rw,nodev,nosuid")]
    [InlineData("rw", "", "rw")]
    public void WhatMountDroppedIsAddedUnlessItWasTakenBack(string handedOn, string dropped, string expected)
    {
        var parsed = HelperArguments.Parse("mount.ssecfs", ["s3://b", "/m", "-o", handedOn])!.WithDropped((source, directory) =>
        {
            Assert.Equal(("s3://b", "/m"), (source, directory));
            return dropped.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        });
        Assert.Equal("mount|s3://b|/m|-o|" + expected, string.Join('|', parsed.Arguments));
    }

    [Fact]
    public void NothingIsAddedToUnmounting() =>
        Assert.Equal(["umount", "/m"], HelperArguments.Parse("umount.ssecfs", ["/m"])!.WithDropped((_, _) => ["dev"]).Arguments);

    [Fact]
    public void SloppyAndFakeAreTakenNotOfThem()
    {
        var parsed = HelperArguments.Parse("mount.ssecfs", ["s3://b", "/m", "-sf"])!;
        Assert.True(parsed.IsSloppy);
        Assert.True(parsed.IsFake);
    }

    [Fact]
    public void TheToolsOwnNameIsNoHelper() => Assert.Null(HelperArguments.Parse("ssecfs", ["mount"]));

    [Theory]
    [InlineData("mount.ssecfs", "s3://b")]
    [InlineData("mount.ssecfs", "s3://b /m /n")]
    [InlineData("mount.ssecfs", "s3://b /m -o")]
    [InlineData("mount.ssecfs", "s3://b /m -N 4")]
    [InlineData("mount.ssecfs", "s3://b /m -x")]
    [InlineData("umount.ssecfs", "-l")]
    public void WhatMountNeverGivesIsAUsageError(string program, string arguments) =>
        Assert.Equal(ExitCode.Usage, Assert.Throws<ToolException>(() => HelperArguments.Parse(program, arguments.Split(' '))).Code);

    [Theory]
    [InlineData(0, 0)]
    [InlineData(2, 1)]
    [InlineData(7, 32)]
    [InlineData(130, 8)]
    public void ExitCodesAreThoseOfMount(int own, int ofMount) => Assert.Equal(ofMount, HelperArguments.ToMountExitCode(own));
}
