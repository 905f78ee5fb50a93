using System.Text.RegularExpressions;

namespace SseCFs.Tool.Tests.Documentation;

/// <summary>An item of a list of promises: what is promised, and the tests that it names.</summary>
/// <param name="Sentence">In one line.</param>
internal sealed partial record Promise(string Page, string Sentence, IReadOnlyList<NamedTest> Tests)
{
    private const string TestsFollow = " Tests: ";

    /// <summary>Its sentence is one and ends.</summary>
    public bool IsOneSentence => Sentence.EndsWith('.') && !SentenceInside().IsMatch(Code().Replace(Sentence, "code"));

    /// <summary>The items of a page from a heading on, or of all of it. What is there besides items and headings is returned as a promise without tests.</summary>
    /// <param name="section">A heading of the second level; null: all behind the introduction.</param>
    public static IEnumerable<Promise> In(Page page, string? section)
    {
        var start = page.Text.IndexOf(section is null ? "\n## " : $"\n## {section}\n", StringComparison.Ordinal) + 1;
        var end = section is null ? -1 : page.Text.IndexOf("\n## ", start, StringComparison.Ordinal);
        var text = end < 0 ? page.Text[start..] : page.Text[start..end];
        return ItemStart().Split(text)
            .Select(item => Space().Replace(item, " ").Trim())
            .Where(item => item.Length > 0 && !item.StartsWith("## ", StringComparison.Ordinal) && !IsIntroduction(item))
            .Select(item => Parse(page.Path, item));
    }

    private static bool IsIntroduction(string item) => item.StartsWith("Each item is one promise", StringComparison.Ordinal);

    private static Promise Parse(string page, string item)
    {
        var at = item.IndexOf(TestsFollow, StringComparison.Ordinal);
        if (!item.StartsWith("- ", StringComparison.Ordinal) || at < 0)
        {
            return new Promise(page, item, []);
        }
        var tests = Code().Matches(item[(at + TestsFollow.Length)..]).Select(match => NamedTest.Parse(match.Value.Trim('`')));
        return new Promise(page, item[2..at], [.. tests]);
    }

    /// <summary>Before each item, heading and paragraph.</summary>
    [GeneratedRegex(@"\n\n|\n(?=- |#)")]
    private static partial Regex ItemStart();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Space();

    [GeneratedRegex("`[^`]+`")]
    private static partial Regex Code();

    [GeneratedRegex(@"[.!?]\)? +\p{Lu}")]
    private static partial Regex SentenceInside();
}

/// <summary>A test as a page names it: <c>Class.Method</c>, and behind it in parentheses a row of the class' table of cases.</summary>
internal sealed partial record NamedTest(string Class, string Method, string? Row)
{
    /// <summary>What is not written so names no test.</summary>
    public static NamedTest Parse(string name)
    {
        var match = Form().Match(name);
        return match.Success
            ? new NamedTest(match.Groups["class"].Value, match.Groups["method"].Value, match.Groups["row"] is { Success: true } row ? row.Value : null)
            : new NamedTest(name, "", null);
    }

    public override string ToString() => Row is null ? $"{Class}.{Method}" : $"{Class}.{Method} ({Row})";

    [GeneratedRegex(@"^(?<class>\w+)\.(?<method>\w+)(?: \((?<row>.+)\))?$")]
    private static partial Regex Form();
}
