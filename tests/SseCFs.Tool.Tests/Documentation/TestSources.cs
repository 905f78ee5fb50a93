using System.Text.RegularExpressions;

namespace SseCFs.Tool.Tests.Documentation;

/// <summary>The tests of all projects, as their sources have them: no project refers to all others, and what was built may be older than the sources.</summary>
internal sealed partial class TestSources
{
    private readonly HashSet<NamedTest> _tests = [];

    public TestSources()
    {
        foreach (var file in Directory.EnumerateFiles(Page.Full("tests"), "*.cs", SearchOption.AllDirectories).Where(IsSource))
        {
            Read(File.ReadLines(file));
        }
    }

    public int Count => _tests.Count;

    public bool Contains(NamedTest test) => _tests.Contains(test);

    /// <summary>Files have one class on the first level after the other; the methods below an attribute that ends in Fact or Theory are its tests.</summary>
    private void Read(IEnumerable<string> lines)
    {
        var (name, isTest, rows) = ("", false, new List<string>());
        foreach (var line in lines)
        {
            if (ClassDeclaration().Match(line) is { Success: true } declared)
            {
                (name, isTest) = (declared.Groups["name"].Value, false);
                rows.Clear();
            }
            else if (CaseRow().Match(line) is { Success: true } row)
            {
                rows.Add(row.Groups["row"].Value);
            }
            else if (TestAttribute().IsMatch(line))
            {
                isTest = true;
            }
            else if (isTest && Method().Match(line) is { Success: true } method)
            {
                isTest = false;
                _tests.Add(new NamedTest(name, method.Groups["name"].Value, null));
                _tests.UnionWith(rows.Select(one => new NamedTest(name, method.Groups["name"].Value, one)));
            }
        }
    }

    private static bool IsSource(string file) => !Path.GetRelativePath(Page.Root, file).Split(Path.DirectorySeparatorChar).Any(folder => folder is "bin" or "obj");

    [GeneratedRegex(@"^(?:public |internal )(?:abstract |sealed |partial )*class (?<name>\w+)")]
    private static partial Regex ClassDeclaration();

    [GeneratedRegex("""^        \["(?<row>[^"]+)"\] = new\(""")]
    private static partial Regex CaseRow();

    [GeneratedRegex(@"^    \[\w*(?:Fact|Theory)\b(?!.*\bSkip = )")]
    private static partial Regex TestAttribute();

    [GeneratedRegex(@"^    (?:public|internal) [^(=]*?\b(?<name>\w+)\(")]
    private static partial Regex Method();
}
