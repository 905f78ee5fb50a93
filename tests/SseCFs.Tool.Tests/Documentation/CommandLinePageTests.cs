using System.CommandLine;
using System.Globalization;
using System.Text.RegularExpressions;
using SseCFs.Tool.CommandLine;
using Xunit;

namespace SseCFs.Tool.Tests.Documentation;

/// <summary>docs/options.md and --help tell the same.</summary>
public sealed partial class CommandLinePageTests
{
    private static readonly Page Options = Page.Read("docs/options.md");
    private static readonly Command Root = SseCFs.Tool.CommandLine.Entry.BuildRoot(new MountCommand());

    [Fact]
    public void EveryOptionStandsInBothWithTheCommandsThatHaveIt()
    {
        var offered = Root.Subcommands
            .SelectMany(command => command.Subcommands.Count == 0 ? [(command.Name, Command: command)] : command.Subcommands.Select(sub => (Name: $"{command.Name} {sub.Name}", Command: sub)))
            .SelectMany(one => one.Command.Options.Where(option => !option.Hidden).Select(option => $"{option.Name} of {one.Name}"))
            .Where(line => !line.StartsWith("--help", StringComparison.Ordinal) && !line.StartsWith("--version", StringComparison.Ordinal));
        var documented =
            from row in Options.RowsOf("Options")
            from option in OptionName().Matches(row[0]).Select(match => match.Value)
            from command in row[1].Split(',', StringSplitOptions.TrimEntries)
            select $"{option} of {command}";
        Assert.Equal(offered.Order(StringComparer.Ordinal), documented.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void EveryExitCodeStandsInTheTable()
    {
        var codes = Enum.GetValues<ExitCode>().Select(code => (int)code);
        Assert.Equal(codes, Options.RowsOf("Exit codes").Select(row => int.Parse(row[0], CultureInfo.InvariantCulture)));
    }

    [Fact]
    public void EveryCommandStandsInTheTable()
    {
        var shown = string.Concat(Options.RowsOf("Commands").Select(row => row[0]));
        Assert.All(Root.Subcommands, command => Assert.Contains("`ssecfs " + command.Name, shown, StringComparison.Ordinal));
    }

    [GeneratedRegex("(?<=`)--?[a-z-]+")]
    private static partial Regex OptionName();
}
