using SseCFs.Tool.CommandLine;
using Xunit;

namespace SseCFs.Tool.Tests.CommandLine;

public sealed class QuantitiesTests
{
    [Theory]
    [InlineData("67108864", 67108864)]
    [InlineData("64M", 64L << 20)]
    [InlineData("64MiB", 64L << 20)]
    [InlineData("512m", 512L << 20)]
    [InlineData("2G", 2L << 30)]
    [InlineData("1T", 1L << 40)]
    [InlineData("3K", 3072)]
    public void SizesAreBytes(string text, long bytes) => Assert.Equal(bytes, Quantities.ParseSize(text));

    [Theory]
    [InlineData("")]
    [InlineData("M")]
    [InlineData("-1M")]
    [InlineData("1.5G")]
    [InlineData("12X")]
    [InlineData("99999999999T")]
    [InlineData("99999999999999999999")]
    public void WhatIsNoSizeIsRefused(string text) => Assert.Throws<FormatException>(() => Quantities.ParseSize(text));

    [Theory]
    [InlineData("90", 90)]
    [InlineData("90s", 90)]
    [InlineData("5m", 300)]
    [InlineData("2h", 7200)]
    [InlineData("1d", 86400)]
    [InlineData("0", 0)]
    public void DurationsAreSeconds(string text, int seconds) => Assert.Equal(TimeSpan.FromSeconds(seconds), Quantities.ParseDuration(text));

    [Theory]
    [InlineData("")]
    [InlineData("s")]
    [InlineData("1w")]
    [InlineData("-5s")]
    public void WhatIsNoDurationIsRefused(string text) => Assert.Throws<FormatException>(() => Quantities.ParseDuration(text));

    [Theory]
    [InlineData("022", 0x12u)]
    [InlineData("77", 0x3Fu)]
    [InlineData("0", 0u)]
    [InlineData("0777", 0x1FFu)]
    public void MasksAreOctal(string text, uint mask) => Assert.Equal(mask, Quantities.ParseUmask(text));

    [Theory]
    [InlineData("")]
    [InlineData("8")]
    [InlineData("0x12")]
    [InlineData("1000")]
    [InlineData("00022")]
    public void WhatIsNoMaskIsRefused(string text) => Assert.Throws<FormatException>(() => Quantities.ParseUmask(text));
}
