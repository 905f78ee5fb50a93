using System.CommandLine;
using SseCFs.Tool.CommandLine;
using SseCFs.Tool.Tests.Running;
using Xunit;

namespace SseCFs.Tool.Tests.CommandLine;

/// <summary>No argument stands for the content of a file.</summary>
public sealed class EntryTests : IDisposable
{
    private const string Content = "SECRETKEYsecretkey0123456789ABCDE";

    private readonly string _folder = Directory.CreateTempSubdirectory("tool-tests-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void NoCommandTakesArgumentsFromAFile()
    {
        var file = MakeFile("--help\n" + Content);
        Assert.All(PathsOf(SseCFs.Tool.CommandLine.Entry.BuildRoot(new MountCommand())), path =>
        {
            string[] given = [.. path, "@" + file, "--key", "@" + file];
            var taken = SseCFs.Tool.CommandLine.Entry.Parse(SseCFs.Tool.CommandLine.Entry.BuildRoot(new MountCommand()), given);
            Assert.Equal(given, taken.Tokens.Select(token => token.Value));
        });
    }

    [Theory]
    [InlineData("mount s3://bucket DIR --key @FILE")]
    [InlineData("mount s3://bucket DIR -o key=@FILE")]
    [InlineData("mount @FILE DIR --key env:NONE")]
    [InlineData("status @FILE")]
    [InlineData("umount @FILE")]
    [InlineData("reload @FILE")]
    [InlineData("key show @FILE")]
    [InlineData("key new @FILE --name x --store nonsense")]
    [InlineData("recover s3://bucket --key env:NONE --journal @FILE")]
    [InlineData("serve /dev/null/store --credentials @FILE")]
    public async Task NoMessageHasWhatIsInAFile(string line)
    {
        // Two words, which would be two arguments.
        var file = MakeFile($"--version {Content}\n");
        var arguments = line.Replace("FILE", file, StringComparison.Ordinal).Replace("DIR", _folder, StringComparison.Ordinal).Split(' ');
        var result = await ToolProcess.RunAsync(new Dictionary<string, string> { ["HOME"] = _folder, ["XDG_STATE_HOME"] = _folder }, arguments);
        Assert.NotEqual(0, result.ExitCode);
        Assert.Equal("", result.Output);
        Assert.DoesNotContain(Content, result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task NeitherDoTheMountHelpers()
    {
        var file = MakeFile($"--help {Content}\n");
        foreach (var (helper, arguments) in new[]
        {
            ("mount.ssecfs", new[] { "@" + file, _folder, "-o", "rw,key=@" + file }),
            ("umount.fuse.ssecfs", ["@" + file]),
        })
        {
            var result = await ToolProcess.RunAsHelperAsync(new Dictionary<string, string> { ["HOME"] = _folder }, helper, arguments);
            Assert.NotEqual(0, result.ExitCode);
            Assert.Equal("", result.Output);
            Assert.DoesNotContain(Content, result.Error, StringComparison.Ordinal);
        }
    }

    private string MakeFile(string content)
    {
        var path = Path.Combine(_folder, "file");
        File.WriteAllText(path, content);
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        return path;
    }

    /// <summary>The words of every command, those below others too, and of none.</summary>
    private static IEnumerable<string[]> PathsOf(Command command) =>
        [[], .. command.Subcommands.SelectMany(below => PathsOf(below).Select(path => (string[])[below.Name, .. path]))];
}
