using Xunit;

namespace SseCFs.Tool.Tests.Documentation;

/// <summary>README is short, and every link within the repository leads somewhere.</summary>
public sealed class PageTests
{
    private const int MostLines = 120;
    private const int MostColumns = 120;

    [Fact]
    public void ReadmeIsAScreenAndAHalf()
    {
        var lines = Page.Read("README.md").Text.TrimEnd('\n').Split('\n');
        Assert.InRange(lines.Length, 1, MostLines);
        Assert.All(lines, line => Assert.InRange(line.Length, 0, MostColumns));
    }

    [Fact]
    public void EveryRelativeLinkLeadsToAFileAndAHeading()
    {
        var broken =
            from page in Page.All
            from link in page.RelativeLinks
            where !Leads(page, link)
            select $"{page.Path}: {link}";
        Assert.Empty(broken);
    }

    [Fact]
    public void ReadmeLeadsToEveryPage()
    {
        var linked = Page.Read("README.md").RelativeLinks.Select(link => link.Split('#')[0]);
        Assert.Empty(Page.All.Select(page => page.Path).Except(linked).Except(["README.md"]));
    }

    private static bool Leads(Page from, string link)
    {
        var (path, anchor) = link.Split('#') is [var before, var after] ? (before, after) : (link, null);
        var file = path.Length == 0 ? Page.Full(from.Path) : Path.GetFullPath(path, Path.GetDirectoryName(Page.Full(from.Path))!);
        var isInside = file.StartsWith(Page.Full(".") + Path.DirectorySeparatorChar, StringComparison.Ordinal);
        return isInside && Path.Exists(file) && (anchor is null || Page.Read(Path.GetRelativePath(Page.Root, file)).Anchors.Contains(anchor));
    }
}
