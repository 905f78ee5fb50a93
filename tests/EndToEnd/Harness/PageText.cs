using System.Text;
using System.Text.RegularExpressions;

namespace SseCFs.EndToEnd.Harness;

/// <summary>
/// The code blocks of a page of documentation. A block of <c>sh</c> is run as it stands; a block of <c>text</c> after it is what it prints, where
/// <c>…</c> stands for anything within a line, and for any lines where it stands alone. Blocks of <c>console</c> are not run.
/// </summary>
public sealed partial class PageText
{
    /// <summary>Reads a page that the project copies beside the program.</summary>
    public static PageText Read(string name) => new(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, name)));

    private PageText(string text)
    {
        var (section, steps, given) = ("", new List<PageStep>(), new List<string>());
        foreach (Match match in Parts().Matches(text))
        {
            var (heading, kind, block) = (match.Groups["heading"], match.Groups["kind"].Value, match.Groups["block"].Value);
            if (heading.Success) section = heading.Value;
            else if (kind == "sh") steps.Add(new PageStep(section, block, null));
            else if (kind == "text") steps[^1] = steps[^1] with { Prints = block };
            else if (steps.Count == 0) given.AddRange(Exports().Matches(block).Select(export => export.Value));
        }

        (Steps, Given) = (steps, given);
    }

    public IReadOnlyList<PageStep> Steps { get; }

    /// <summary>The variables that the reader is told to set before the first command.</summary>
    public IReadOnlyList<string> Given { get; }

    [GeneratedRegex(@"^##+ (?<heading>[^\n]*)$|^```(?<kind>\w+)\n(?<block>.*?)^```$", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Parts();

    [GeneratedRegex(@"(?<=^export .*?)\b\w+(?==)", RegexOptions.Multiline)]
    private static partial Regex Exports();
}

/// <summary>Commands of a page, and what the page says that they print; null where it says nothing.</summary>
public sealed record PageStep(string Section, string Commands, string? Prints)
{
    public bool IsAsPromised(string printed)
    {
        if (Prints is null) return true;
        var pattern = new StringBuilder("^");
        foreach (var line in Prints.TrimEnd('\n').Split('\n'))
            pattern.Append(line == "…" ? @"(.*\n)*?" : Regex.Escape(line).Replace("…", ".*", StringComparison.Ordinal) + @" *\n");
        return Regex.IsMatch(printed, pattern.Append('$').ToString(), RegexOptions.None, TimeSpan.FromSeconds(10));
    }
}
