using SseCFs.EndToEnd.Harness;
using Xunit;

namespace SseCFs.EndToEnd.Scenarios;

/// <summary>
/// A small scenario: files are prepared, something is done to them, and it must show now and after a remount.
/// </summary>
/// <param name="Stored">Files that must then be encrypted objects with the same bytes.</param>
public sealed record Case(string Given, string When, string Then, params string[] Stored);

/// <summary>Runs a table of cases, each on files of this mount and on files stored by an earlier one.</summary>
public abstract class Cases(Target target) : Scenario(target)
{
    protected static TheoryData<string, bool> Rows(Dictionary<string, Case> table)
    {
        var rows = new TheoryData<string, bool>();
        foreach (var name in table.Keys)
        {
            if (!Fast) rows.Add(name, false);
            rows.Add(name, true);
        }

        return rows;
    }

    protected async Task RunCaseAsync(Case one, bool earlier)
    {
        await GivenAsync(earlier, one.Given);
        await RunAsync(one.When);
        await ThenAsync(one.Then);
        await SealedAsync(one.Stored);
    }
}
