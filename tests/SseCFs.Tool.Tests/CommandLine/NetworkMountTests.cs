using SseCFs.Tool.Mounting.Windows;
using Xunit;

namespace SseCFs.Tool.Tests.CommandLine;

public sealed class NetworkMountTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("network-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void What_the_launcher_asks_for_stands_in_a_file()
    {
        File.WriteAllText(Path.Combine(_folder, "documents.mount"), """
            # for the office
            s3://documents/2026
            --key dpapi:C:\Users\me\my key

            --endpoint https://s3.example.org
            --read-only
            """);
        Assert.Equal(
            ["s3://documents/2026", "--key", @"dpapi:C:\Users\me\my key", "--endpoint", "https://s3.example.org", "--read-only", "X:", "--network-name", @"\\ssecfs\documents", "--foreground"],
            NetworkMount.Expand([@"\ssecfs\documents", "X:", "--foreground"], _folder));
    }

    [Theory]
    [InlineData("s3://documents", "X:")]
    [InlineData("s3://documents", @"\\ssecfs\documents")]
    [InlineData(@"\\ssecfs\documents", "X:")]
    public void Anything_else_stays_as_it_is(string bucket, string place) => Assert.Equal([bucket, place], NetworkMount.Expand([bucket, place], _folder));

    [Theory]
    [InlineData(@"\ssecfs\none", "none.mount")]
    [InlineData(@"\ssecfs\", "no name")]
    [InlineData(@"\ssecfs\a/b", "no name")]
    public void A_drive_that_nobody_described_is_refused(string network, string named)
    {
        var refusal = Assert.Throws<ToolException>(() => NetworkMount.Expand([network, "X:"], _folder));
        Assert.Equal(ExitCode.Usage, refusal.Code);
        Assert.Contains(named, refusal.Message, StringComparison.Ordinal);
    }
}
