using System.Globalization;
using SseCFs.Simulation.Checks;
using SseCFs.Simulation.Running;
using SseCFs.Simulation.Stage;

namespace SseCFs.Simulation;

/// <summary>
/// Two or three mounts of one bucket, their programs, other programs, a network that loses and delays, and crashes: nothing that was acknowledged disappears. A failure prints the
/// shortest plan that shows it, and `Simulation replay FILE` all that happens in that.
/// </summary>
public sealed class Simulations
{
    /// <summary>SSECFS_SIMULATION_SEEDS: how many seeds are run; SSECFS_SIMULATION_FIRST: the first of them.</summary>
    private static readonly int Seeds = Setting("SSECFS_SIMULATION_SEEDS", 300);
    private static readonly int First = Setting("SSECFS_SIMULATION_FIRST", 0);

    [Fact]
    public async Task Nothing_acknowledged_is_lost()
    {
        var (hashes, findings) = await Children.SimulateAsync(First, Seeds);
        Assert.Equal(Seeds, hashes.Count);
        var told = new List<string>();
        foreach (var kind in findings.Where(one => !Known.All.Any(known => known.IsOf(one.Kind, one.Cause))).GroupBy(one => (one.Kind, one.Cause)))
        {
            told.Add($"{kind.Select(one => one.Seed).Distinct().Count()} of {Seeds} seeds, such as {kind.First().Seed}:\n{await Children.ShrinkAsync(kind.First())}");
        }
        Assert.True(told.Count == 0, string.Join("\n\n", told));
    }

    [Fact]
    public async Task One_seed_is_one_history()
    {
        var (all, _) = await Children.SimulateAsync(0, 60);
        var (again, _) = await Children.SimulateAsync(0, 60);
        Assert.Equal(all, again);
        // Also if others went before it in its process, or none.
        var (last, _) = await Children.SimulateAsync(40, 20);
        Assert.Equal(all.Skip(40), last);
    }

    /// <summary>One that is no longer found has been mended, most likely: without its file, the seeds are to stay green.</summary>
    [Fact]
    public async Task Known_faults_are_still_there()
    {
        var found = await Children.FindAsync(Known.All.Select(known => known.Path));
        Assert.All(Known.All, known => Assert.Contains(found, line => line.StartsWith($"{known.Name} {known.Kind} {known.Cause}:", StringComparison.Ordinal)));
    }

    /// <summary>With something broken on purpose, the same seeds fail.</summary>
    [Theory]
    [InlineData(nameof(Sabotage.IgnoreIfMatch), FindingKind.LostAcknowledged, Cause.Replaced, 0)]
    [InlineData(nameof(Sabotage.IgnoreIfAbsent), FindingKind.LostForeign, Cause.Replaced, 0)]
    [InlineData(nameof(Sabotage.LoseJournal), FindingKind.LostAcknowledged, Cause.NeverStored, 0)]
    [InlineData(nameof(Sabotage.NothingChanges), FindingKind.StaleRead, Cause.None, 60)]
    public async Task What_is_broken_is_found(string sabotage, FindingKind kind, Cause cause, int first)
    {
        var (_, findings) = await Children.SimulateAsync(first, 60, Enum.Parse<Sabotage>(sabotage));
        Assert.Contains(findings, one => one.Kind == kind && one.Cause == cause);
    }

    /// <summary>This needs so much at once that few seeds have it.</summary>
    [Fact]
    public async Task A_store_that_believes_ids_is_found()
    {
        string[] plan = [Path.Combine(AppContext.BaseDirectory, "Broken", "content-that-carries-metadata-along.txt")];
        Assert.Empty(await Children.FindAsync(plan));
        Assert.Contains(await Children.FindAsync(plan, Sabotage.BelieveIds), line => line.Contains($" {FindingKind.LostForeign} {Cause.Replaced}:", StringComparison.Ordinal));
    }

    private static int Setting(string name, int value) =>
        Environment.GetEnvironmentVariable(name) is { Length: > 0 } text ? int.Parse(text, CultureInfo.InvariantCulture) : value;
}
