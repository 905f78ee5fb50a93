using SseCFs.Tool.CommandLine;
using Xunit;

namespace SseCFs.Tool.Tests.CommandLine;

/// <summary>What mount(8) was given, from its arguments and its fstab.</summary>
public sealed class DroppedOptionsTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("tool-tests-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("-t ssecfs s3://b/p /m -o dev,suid,key=file:/k", "dev suid")]
    [InlineData("-t ssecfs s3://b/p /m -o key=file:/k,suid", "suid")]
    [InlineData("-t ssecfs s3://b/p /m -o key=file:/k -o dev", "dev")]
    [InlineData("-odev -t ssecfs s3://b/p /m", "dev")]
    [InlineData("-vo dev -t ssecfs s3://b/p /m", "dev")]
    [InlineData("--options suid -t ssecfs --source s3://b/p --target /m", "suid")]
    [InlineData("--options=rw,suid -t ssecfs s3://b/p /m", "suid")]
    [InlineData("-t ssecfs s3://b/p /m", "")]
    [InlineData("-t ssecfs s3://b/p /m -o defaults,rw", "")]
    [InlineData("-t ssecfs s3://b/p /m -o key=command:a\\,dev\\,b", "")]
    [InlineData("-t ssecfs s3://b/p /m -o key=\"command:a,dev,b\"", "")]
    [InlineData("-t ssecfs s3://b/p /m -O dev -t suid", "")]
    public void FromTheCommandLine(string arguments, string expected) => Assert.Equal(expected, Find(arguments, "s3://b/p /m ssecfs dev,suid 0 0"));

    [Theory]
    [InlineData("s3://b/p /m ssecfs dev,suid,_netdev 0 0", "dev suid")]
    [InlineData("# s3://b/p /m ssecfs dev 0 0\n\n  s3://b/p\t/m\tfuse.ssecfs\trw,suid", "suid")]
    [InlineData("s3://b/p /m ssecfs defaults 0 0", "")]
    [InlineData("s3://b/p /other ssecfs dev 0 0\ns3://b/q /m ssecfs dev 0 0\ns3://b/p /m ext4 dev 0 0\ns3://b/p /m", "")]
    public void FromFstab(string fstab, string expected)
    {
        foreach (var arguments in new[] { "/m", "-a", "-a -t ssecfs", "s3://b/p", "--target /m" })
        {
            Assert.Equal(expected, Find(arguments, fstab));
        }
    }

    [Theory]
    [InlineData("-T FILE /m")]
    [InlineData("--fstab=FILE /m")]
    [InlineData("-T FOLDER -a")]
    public void FromAnotherFstab(string arguments)
    {
        File.WriteAllText(Path.Combine(_folder, "mine.fstab"), "s3://b/p /m ssecfs suid");
        arguments = arguments.Replace("FILE", Path.Combine(_folder, "mine.fstab"), StringComparison.Ordinal).Replace("FOLDER", _folder, StringComparison.Ordinal);
        Assert.Equal("suid", Find(arguments, "s3://b/p /m ssecfs dev"));
    }

    [Fact]
    public void BlanksAndSymbolicLinksInFstab()
    {
        var real = Directory.CreateDirectory(Path.Combine(_folder, "a b")).FullName;
        Directory.CreateSymbolicLink(Path.Combine(_folder, "ä"), real);
        foreach (var place in new[] { Path.Combine(_folder, "a\\040b"), Path.Combine(_folder, "ä"), real.Replace(" b", "\\040b/", StringComparison.Ordinal) })
        {
            Assert.Equal("dev", Find(place, $"s3://b/p\\040q {place} ssecfs dev", "s3://b/p q", real));
        }
    }

    /// <summary>Both are used, and the command line may take back; what remains is told by what mount(8) hands on.</summary>
    [Fact]
    public void FromBoth() => Assert.Equal("dev suid", Find("/m -o suid", "s3://b/p /m ssecfs dev"));

    [Theory]
    [InlineData("--options-mode ignore /m -o suid")]
    [InlineData("--options-source=disable /m -o suid")]
    public void NotFromFstabWhereMountCombinesThemInItsOwnWay(string arguments) => Assert.Equal("suid", Find(arguments, "s3://b/p /m ssecfs dev"));

    [Fact]
    public void AnFstabThatIsMissingSaysNothing() => Assert.Empty(DroppedOptions.Find(["/m"], Path.Combine(_folder, "none"), "s3://b/p", "/m"));

    private string Find(string arguments, string fstab, string source = "s3://b/p", string directory = "/m")
    {
        var file = Path.Combine(_folder, "fstab");
        File.WriteAllText(file, fstab);
        return string.Join(' ', DroppedOptions.Find(arguments.Split(' '), file, source, directory));
    }
}
