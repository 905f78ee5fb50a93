using System.Diagnostics;
using System.Globalization;
using SseCFs.Simulation.Running;
using SseCFs.Simulation.Stage;

namespace SseCFs.Simulation;

/// <summary>
/// `simulate FIRST COUNT` runs seeds, `replay FILE` (or SEED) shows all that happens in one plan, `findings FILES` what each leads to, and `shrink SEED KIND CAUSE` looks for the
/// shortest plan: each on one thread, in a process of its own. Anything else is xunit's, which needs the thread pool for itself.
/// </summary>
internal static class Program
{
    public static int Main(string[] arguments) => arguments switch
    {
        ["simulate", var first, var count, .. var more] => Alone(() => SimulateAsync(Int(first), Int(count), Sabotages(more))),
        ["replay", var file, .. var more] => Alone(() => ReplayAsync(file, Sabotages(more))),
        ["findings", .. var files] => Alone(() => FindAsync(files.Where(File.Exists), Sabotages([.. files.Where(file => !File.Exists(file))]))),
        ["shrink", var seed, var kind, var cause, .. var more] => Alone(() => ShrinkAsync(Int(seed), kind, cause, Sabotages(more))),
        _ => Xunit.Runner.InProc.SystemConsole.ConsoleRunner.Run(arguments).GetAwaiter().GetResult(),
    };

    private static int Int(string text) => int.Parse(text, CultureInfo.InvariantCulture);

    private static Sabotage Sabotages(string[] names) => names.Aggregate(Sabotage.None, (all, name) => all | Enum.Parse<Sabotage>(name));

    private static int Alone(Func<Task<int>> work)
    {
        if (Environment.ProcessorCount != 1)
        {
            // Only a new process can have fewer.
            using var child = System.Diagnostics.Process.Start(Children.StartOf(Environment.GetCommandLineArgs()[1..]))!;
            child.WaitForExit();
            return child.ExitCode;
        }
        Pool.UseOneThread();
        return Task.Run(work).GetAwaiter().GetResult();
    }

    private static async Task<int> SimulateAsync(int first, int count, Sabotage sabotage)
    {
        var clock = Stopwatch.StartNew();
        for (var seed = first; seed < first + count; seed++)
        {
            var report = await Run.DoAsync(PlanMaker.Make(seed), sabotage).ConfigureAwait(false);
            Console.WriteLine($"{seed} {report.Hash:x16}");
            foreach (var finding in report.Findings)
            {
                Console.WriteLine($"! {seed} {finding.ToString().ReplaceLineEndings(" | ")}");
            }
        }
        Console.WriteLine($"= {count} in {clock.Elapsed.TotalSeconds:0.0} s");
        return 0;
    }

    private static async Task<int> ReplayAsync(string file, Sabotage sabotage)
    {
        var plan = int.TryParse(file, out var seed) ? PlanMaker.Make(seed) : Plan.Parse(await File.ReadAllTextAsync(file).ConfigureAwait(false));
        Console.WriteLine(plan);
        var report = await Run.DoAsync(plan, sabotage, keepsNotes: true).ConfigureAwait(false);
        Console.WriteLine(string.Join('\n', report.Notes));
        Console.WriteLine($"{report.Hash:x16}");
        foreach (var finding in report.Findings)
        {
            Console.WriteLine($"! {finding}");
        }
        return 0;
    }

    private static async Task<int> FindAsync(IEnumerable<string> files, Sabotage sabotage)
    {
        foreach (var file in files)
        {
            foreach (var finding in (await Run.DoAsync(Plan.Parse(await File.ReadAllTextAsync(file).ConfigureAwait(false)), sabotage).ConfigureAwait(false)).Findings)
            {
                Console.WriteLine($"{Path.GetFileNameWithoutExtension(file)} {finding}");
            }
        }
        return 0;
    }

    private static async Task<int> ShrinkAsync(int seed, string kind, string cause, Sabotage sabotage)
    {
        var plan = await Shrinking.ShrinkAsync(PlanMaker.Make(seed), Enum.Parse<Checks.FindingKind>(kind), Enum.Parse<Checks.Cause>(cause), sabotage, TimeSpan.FromSeconds(20)).ConfigureAwait(false);
        Console.WriteLine(plan);
        foreach (var finding in (await Run.DoAsync(plan, sabotage).ConfigureAwait(false)).Findings)
        {
            Console.WriteLine($"! {finding}");
        }
        return 0;
    }
}
