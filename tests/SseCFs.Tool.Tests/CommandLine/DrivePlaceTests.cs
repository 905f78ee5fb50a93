using SseCFs.Tool.Mounting.Windows;
using Xunit;

namespace SseCFs.Tool.Tests.CommandLine;

public sealed class DrivePlaceTests
{
    [Theory]
    [InlineData("x:", "X:", "")]
    [InlineData(@"X:\", "X:", "")]
    [InlineData("*", null, "")]
    [InlineData(@"\\ssecfs\documents", null, @"\ssecfs\documents")]
    [InlineData(@"\\ssecfs\documents\", null, @"\ssecfs\documents")]
    public void A_place_for_a_drive_has_one_spelling(string place, string? mountPoint, string networkName) =>
        Assert.Equal(new DrivePlace(mountPoint, networkName), DrivePlace.Parse(place));

    [Theory]
    [InlineData(@"\\ssecfs")]
    [InlineData(@"\\ssecfs\a\b")]
    [InlineData("")]
    public void Others_are_refused_with_what_to_give(string place) =>
        Assert.Equal(ExitCode.Directory, Assert.Throws<ToolException>(() => DrivePlace.Parse(place)).Code);
}
