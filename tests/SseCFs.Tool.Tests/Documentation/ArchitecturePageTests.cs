using System.Text.RegularExpressions;
using Xunit;

namespace SseCFs.Tool.Tests.Documentation;

/// <summary>docs/architecture.md names files and layers that are there.</summary>
public sealed partial class ArchitecturePageTests
{
    private static readonly Page s_page = Page.Read("docs/architecture.md");
    private static readonly string s_core = Page.Full("src/SseCFs");

    [Fact]
    public void Files_exist()
    {
        var files = FileNames().Matches(s_page.Text).Select(match => match.Groups[1].Value).ToList();
        Assert.NotEmpty(files);
        Assert.DoesNotContain(files, name => !File.Exists(Page.Full(name)) && !File.Exists(Path.Combine(s_core, name)));
    }

    [Fact]
    public void Layers_are_the_folders()
    {
        var folders = Directory.EnumerateFiles(s_core, "*.cs", SearchOption.AllDirectories)
            .Select(file => Path.GetRelativePath(s_core, file).Split(Path.DirectorySeparatorChar)).Where(parts => parts.Length > 1).Select(parts => parts[0]).Except(["bin", "obj"]);
        Assert.Equal(folders.Order(), s_page.RowsOf("The layers of SseCFs").Select(row => row[0].Trim('`')).Order());
    }

    [GeneratedRegex("`([^`\n]+[.]cs)`")]
    private static partial Regex FileNames();
}
