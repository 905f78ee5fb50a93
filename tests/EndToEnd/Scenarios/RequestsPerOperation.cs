using System.Globalization;
using SseCFs.EndToEnd.Harness;
using Xunit;

namespace SseCFs.EndToEnd.Scenarios;

/// <summary>Requests of an operation on a name, counted between mount and service: as many in a large directory as in a small one.</summary>
[Trait("Size", "Big")]
public sealed class RequestsPerOperation : Scenario
{
    private const int Few = 10, Many = 10_000;

    private static readonly (string Operation, int Most)[] Bounds = [("read", 2), ("create", 3), ("echo", 3), ("save", 6)];

    private readonly RequestLog _log;

    public RequestsPerOperation(Target target) : base(target) => _log = RequestLog.Start(target.Endpoint, target.Home);

    protected override Endpoint Endpoint => _log.Endpoint;

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        await _log.DisposeAsync();
        if (!Target.IsEmbedded) await Target.S3.DeleteAllAsync(Prefix);
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task IsTheSameInDirectoriesOfAnySize()
    {
        await RunAsync("mkdir few many");
        await FillAsync("few", Few);
        await FillAsync("many", Many);
        var problems = new List<string>();
        // On a machine that is busy for a moment, the kernel's next question may come when the answer to the one before is too old.
        for (var attempt = 0; attempt < 3; attempt++)
        {
            problems.Clear();
            await Mount.RemountAsync();
            // Whether the service honours a condition on a removal is learnt from the first one.
            await RunAsync("echo x >a; mv a b; rm b");
            problems.AddRange(await CompareAsync($"unlisted-{attempt}", 0));
            await RunAsync($"is \"$(ls few | grep -c '^0')\" {Few}; is \"$(ls many | grep -c '^0')\" {Many}");
            problems.AddRange(await CompareAsync($"listed-{attempt}", 1));
            if (problems.Count == 0) return;
        }

        Assert.Fail(string.Join("\n", problems));
    }

    private async Task<List<string>> CompareAsync(string name, int part)
    {
        // Both at once, as each waits most of the time.
        var costs = await Task.WhenAll(MeasureAsync("few", name, part), MeasureAsync("many", name, part));
        var problems = new List<string>();
        foreach (var (operation, most) in Bounds)
        {
            var (few, many) = (costs[0][operation], costs[1][operation]);
            var what = $"{name}, {operation}: {few.Count} and {many.Count}\n  {string.Join("\n  ", few)}\n  {string.Join("\n  ", many)}";
            TestContext.Current.TestOutputHelper?.WriteLine(what);
            if (few.Count == 0 || few.Count > most || many.Count != few.Count) problems.Add(what);
        }

        return problems;
    }

    private async Task<Dictionary<string, List<string>>> MeasureAsync(string directory, string name, int part)
    {
        var said = await RunAsync($"python3 \"$PROGRAMS/requests_per_operation.py\" {directory} {name} {part}");
        return said.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(' ')).ToDictionary(
            fields => fields[0], fields => Counted(_log.Between(At(fields[1]), At(fields[2])), Prefix + directory));

        static DateTime At(string seconds) => DateTime.UnixEpoch.AddSeconds(double.Parse(seconds, CultureInfo.InvariantCulture));
    }

    /// <summary>The requests about what is in a directory.</summary>
    private static List<string> Counted(IEnumerable<SeenRequest> seen, string directory)
    {
        var lines = seen.Select(request => request.Line).Where(line => line.Contains(directory, StringComparison.Ordinal)).ToList();
        // The directory's own time is stored ten seconds after the first change in it, whatever is being done then.
        lines.RemoveAll(line => Is(line, "PUT ", directory + "/"));
        // A file stored over 10 ms ago is confirmed before it is sent again under its new name: that depends on the service's speed.
        var confirmation = lines.FindIndex(line => Is(line, "HEAD ", ".tmp"));
        if (confirmation >= 0 && confirmation < lines.FindLastIndex(line => Is(line, "PUT ", ""))) lines.RemoveAt(confirmation);
        return lines;

        static bool Is(string line, string start, string end) =>
            line.StartsWith(start, StringComparison.Ordinal) && line.EndsWith(end, StringComparison.Ordinal);
    }

    private Task FillAsync(string directory, int count) => Parallel.ForEachAsync(
        Enumerable.Range(0, count),
        new ParallelOptions { MaxDegreeOfParallelism = 32 },
        async (i, _) => await Target.S3.PutAsync($"{Prefix}{directory}/{i:D5}", [(byte)i], Target.Key));
}
