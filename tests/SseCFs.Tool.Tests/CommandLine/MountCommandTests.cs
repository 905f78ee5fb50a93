using System.CommandLine;
using SseCFs.Contract;
using SseCFs.Tool.CommandLine;
using Xunit;

namespace SseCFs.Tool.Tests.CommandLine;

public sealed class MountCommandTests
{
    [Theory]
    [InlineData("", PlainObjects.Read)]
    [InlineData("--plain read", PlainObjects.Read)]
    [InlineData("--plain refuse", PlainObjects.Refuse)]
    [InlineData("--plain hide", PlainObjects.Hide)]
    [InlineData("-o ro,plain=hide,_netdev", PlainObjects.Hide)]
    public void PlainObjectsAreReadRefusedOrHidden(string options, PlainObjects expected)
    {
        var mount = new MountCommand();
        var result = Parse(mount, options);
        Assert.Empty(result.Errors);
        Assert.Equal(expected, mount.Read(result).Plain);
    }

    [Theory]
    [InlineData("--plain nonsense")]
    [InlineData("--plain Hide")]
    public void AnotherPolicyIsAnError(string options) => Assert.NotEmpty(Parse(new MountCommand(), options).Errors);

    private static ParseResult Parse(MountCommand mount, string options) =>
        mount.Build().Parse(mount.Expand(["s3://bucket", "/mnt", "--key", "stdin", .. options.Split(' ', StringSplitOptions.RemoveEmptyEntries)], isSloppy: false));
}
