using System.Diagnostics;
using System.Globalization;
using SseCFs.Simulation.Checks;
using SseCFs.Simulation.Stage;
using Process = System.Diagnostics.Process;

namespace SseCFs.Simulation.Running;

/// <summary>A finding, as a child told it.</summary>
internal sealed record Told(int Seed, FindingKind Kind, Cause Cause, string Text);

/// <summary>Runs simulations in processes of their own, with one thread for each.</summary>
internal static class Children
{
    /// <summary>Seeds that a process runs before it ends: what runs that were crashed have left in memory goes with it.</summary>
    private const int Batch = 500;

    /// <returns>The hash of each seed, and all findings in the order of seeds.</returns>
    public static async Task<(SortedDictionary<int, string> Hashes, IReadOnlyList<Told> Findings)> SimulateAsync(int first, int count, Sabotage sabotage = Sabotage.None)
    {
        var hashes = new SortedDictionary<int, string>();
        var findings = new List<Told>();
        var batch = Math.Clamp((count + Environment.ProcessorCount - 1) / Environment.ProcessorCount, 1, Batch);
        await Parallel.ForEachAsync(
            Enumerable.Range(0, (count + batch - 1) / batch).Select(i => first + i * batch),
            new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount },
            async (from, token) =>
            {
                var output = await StartAsync(["simulate", Text(from), Text(Math.Min(batch, first + count - from)), .. Names(sabotage)], token);
                lock (hashes)
                {
                    foreach (var line in output)
                    {
                        var words = line.Split(' ', 5);
                        if (words[0] == "!")
                        {
                            findings.Add(new Told(Int(words[1]), Enum.Parse<FindingKind>(words[2]), Enum.Parse<Cause>(words[3].TrimEnd(':')), words[4]));
                        }
                        else if (words.Length == 2)
                        {
                            hashes[Int(words[0])] = words[1];
                        }
                    }
                }
            });
        return (hashes, [.. findings.OrderBy(told => told.Seed)]);
    }

    /// <summary>The shortest plan that shows the same as a seed, and all that happens in it.</summary>
    public static async Task<string> ShrinkAsync(Told told, Sabotage sabotage = Sabotage.None) =>
        string.Join('\n', await StartAsync(["shrink", Text(told.Seed), told.Kind.ToString(), told.Cause.ToString(), .. Names(sabotage)], default));

    /// <summary>What plans lead to: their names, and a finding in each line.</summary>
    public static Task<IReadOnlyList<string>> FindAsync(IEnumerable<string> files, Sabotage sabotage = Sabotage.None) => StartAsync(["findings", .. files, .. Names(sabotage)], default);

    private static async Task<IReadOnlyList<string>> StartAsync(IReadOnlyList<string> arguments, CancellationToken cancellation)
    {
        var start = StartOf(arguments);
        (start.RedirectStandardOutput, start.RedirectStandardError) = (true, true);
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync(cancellation);
        var output = await process.StandardOutput.ReadToEndAsync(cancellation);
        await process.WaitForExitAsync(cancellation);
        Assert.True(process.ExitCode == 0, $"{string.Join(' ', arguments)} ended with {process.ExitCode}: {await errors}{output}");
        return output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    /// <summary>This program with one thread.</summary>
    public static ProcessStartInfo StartOf(IReadOnlyList<string> arguments)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!);
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }
        start.Environment["DOTNET_PROCESSOR_COUNT"] = "1";
        start.Environment["DOTNET_TieredPGO"] = "0";
        if (Directory.Exists("/dev/shm"))
        {
            // Journals are synced with every save: where that costs nothing, a run takes a fraction of the time.
            start.Environment["TMPDIR"] = "/dev/shm";
        }
        return start;
    }

    private static IEnumerable<string> Names(Sabotage sabotage) => Enum.GetValues<Sabotage>().Where(one => one != Sabotage.None && sabotage.HasFlag(one)).Select(one => one.ToString());

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    private static int Int(string text) => int.Parse(text, CultureInfo.InvariantCulture);
}
