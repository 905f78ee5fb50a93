using System.CommandLine;
using System.Globalization;
using System.Text.RegularExpressions;
using SseCFs.Tool.CommandLine;
using Xunit;

namespace SseCFs.Tool.Tests.CommandLine;

/// <summary>The documentation and --help tell the same.</summary>
public sealed partial class ReadmeTests
{
    private static readonly string Documents = Path.Combine(AppContext.BaseDirectory, "docs");
    private static readonly string Options = File.ReadAllText(Path.Combine(Documents, "options.md"));
    private static readonly Command Root = SseCFs.Tool.CommandLine.Entry.BuildRoot(new MountCommand());

    [Fact]
    public void EveryOptionStandsInBothWithTheCommandsThatHaveIt()
    {
        var offered = Root.Subcommands
            .SelectMany(command => command.Subcommands.Count == 0 ? [(command.Name, Command: command)] : command.Subcommands.Select(sub => (Name: $"{command.Name} {sub.Name}", Command: sub)))
            .SelectMany(one => one.Command.Options.Where(option => !option.Hidden).Select(option => $"{option.Name} of {one.Name}"))
            .Where(line => !line.StartsWith("--help", StringComparison.Ordinal) && !line.StartsWith("--version", StringComparison.Ordinal));
        var documented =
            from row in RowsOf("## Options")
            where row[1] != "all"
            from option in OptionName().Matches(row[0]).Select(match => match.Value)
            from command in row[1].Split(',', StringSplitOptions.TrimEntries)
            select $"{option} of {command}";
        Assert.Equal(offered.Order(StringComparer.Ordinal), documented.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void EveryExitCodeStandsInTheTable()
    {
        var codes = Enum.GetValues<ExitCode>().Select(code => (int)code);
        Assert.Equal(codes, RowsOf("## Exit codes").Select(row => int.Parse(row[0], CultureInfo.InvariantCulture)));
    }

    [Fact]
    public void EveryCommandIsShown()
    {
        var all = string.Concat(Directory.EnumerateFiles(Documents, "*.md").Select(File.ReadAllText));
        Assert.All(Root.Subcommands, command => Assert.Contains("ssecfs " + command.Name, all, StringComparison.Ordinal));
    }

    /// <summary>The cells of the table below a heading, without its head.</summary>
    private static IEnumerable<string[]> RowsOf(string heading) =>
        Options[Options.IndexOf(heading + "\n", StringComparison.Ordinal)..].Split('\n')
            .SkipWhile(line => !line.StartsWith('|')).TakeWhile(line => line.StartsWith('|')).Skip(2)
            .Select(line => line.Split('|', StringSplitOptions.TrimEntries)[1..^1]);

    [GeneratedRegex("(?<=`)--?[a-z-]+")]
    private static partial Regex OptionName();
}
