using System.Reflection;
using System.Text;
using System.Text.RegularExpressions;

namespace SseCFs.Tool.Tests.Documentation;

/// <summary>A page of documentation in the repository that this program was built from.</summary>
/// <param name="Path">From the repository's root, as in docs/guide.md.</param>
internal sealed partial record Page(string Path, string Text)
{
    public static string Root { get; } = typeof(Page).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(one => one.Key == "Repository").Value!;

    /// <summary>README and all pages below docs.</summary>
    public static IReadOnlyList<Page> All { get; } =
        [Read("README.md"), .. Directory.EnumerateFiles(Full("docs"), "*.md").Order(StringComparer.Ordinal).Select(file => Read("docs/" + System.IO.Path.GetFileName(file)))];

    /// <summary>The targets of its links that stay in the repository, as they are written.</summary>
    public IEnumerable<string> RelativeLinks =>
        Links().Matches(CodeBlocks().Replace(Text, "")).Select(match => match.Groups["target"].Value).Where(target => !target.Contains("://", StringComparison.Ordinal));

    /// <summary>What a link may have behind '#', as GitHub makes it of the headings.</summary>
    public IReadOnlySet<string> Anchors =>
        Headings().Matches(CodeBlocks().Replace(Text, "")).Select(match => AnchorOf(match.Groups["heading"].Value)).ToHashSet();

    public static string Full(string path) => System.IO.Path.GetFullPath(System.IO.Path.Combine(Root, path));

    public static Page Read(string path) => new(path, File.ReadAllText(Full(path)));

    /// <summary>The rows of all tables between a heading of the second level and the next, without their heads, each as its cells.</summary>
    public IEnumerable<string[]> RowsOf(string heading)
    {
        var section = Text[(Text.IndexOf($"\n## {heading}\n", StringComparison.Ordinal) + 1)..].Split('\n');
        var rows = section.Skip(1).TakeWhile(line => !line.StartsWith("## ", StringComparison.Ordinal)).ToList();
        return rows
            .Where((line, i) => line.StartsWith('|') && !IsRule(line) && !(i + 1 < rows.Count && IsRule(rows[i + 1])))
            .Select(line => line.Split('|', StringSplitOptions.TrimEntries)[1..^1]);
    }

    private static bool IsRule(string line) => line.StartsWith("|-", StringComparison.Ordinal);

    private static string AnchorOf(string heading)
    {
        var anchor = new StringBuilder();
        foreach (var c in heading.ToLowerInvariant())
        {
            if (char.IsLetterOrDigit(c) || c is '-' or '_')
            {
                anchor.Append(c);
            }
            else if (c == ' ')
            {
                anchor.Append('-');
            }
        }
        return anchor.ToString();
    }

    [GeneratedRegex(@"\[[^\]]*\]\((?<target>[^)\s]+)\)")]
    private static partial Regex Links();

    [GeneratedRegex("^#+ (?<heading>.*)$", RegexOptions.Multiline)]
    private static partial Regex Headings();

    [GeneratedRegex("^```.*?^```$", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex CodeBlocks();
}
