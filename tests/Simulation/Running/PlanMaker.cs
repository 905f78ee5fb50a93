using SseCFs.Simulation.Stage;

namespace SseCFs.Simulation.Running;

/// <summary>Draws a plan from a seed. Seeds differ in what they are about, so that each has a chance to get far with a few steps.</summary>
internal static class PlanMaker
{
    private static readonly string[] Files = ["a", "b", "d/a"];
    private static readonly string[] Deeper = ["a", "b", "d/a", "d/b", "e/a", "d/s/a"];
    private static readonly string[] Directories = ["d", "e", "d/s"];

    private static readonly (StepKind Kind, int Weight)[] Content =
    [
        (StepKind.Save, 8), (StepKind.Append, 4), (StepKind.Overwrite, 3), (StepKind.Read, 4), (StepKind.Truncate, 1), (StepKind.Open, 5), (StepKind.WriteOpen, 6),
        (StepKind.AppendOpen, 2), (StepKind.ReadOpen, 2), (StepKind.SyncOpen, 3), (StepKind.TruncateOpen, 1), (StepKind.Close, 5), (StepKind.Claim, 1), (StepKind.List, 1),
    ];

    private static readonly (StepKind Kind, int Weight)[] Names = [(StepKind.Rename, 6), (StepKind.Unlink, 4), (StepKind.Replace, 4)];

    private static readonly (StepKind Kind, int Weight)[] Folders = [(StepKind.MakeDirectory, 3), (StepKind.RemoveDirectory, 2), (StepKind.Rename, 2)];

    private static readonly (StepKind Kind, int Weight)[] Attributes = [(StepKind.ChangeMode, 3), (StepKind.ChangeTime, 3), (StepKind.SetAttribute, 3)];

    private static readonly (StepKind Kind, int Weight)[] Others = [(StepKind.ForeignPut, 3), (StepKind.ForeignReplace, 3), (StepKind.ForeignDelete, 2)];

    private static readonly (StepKind Kind, int Weight)[] Losses =
        [(StepKind.LoseRequest, 3), (StepKind.LoseReply, 5), (StepKind.Delay, 3), (StepKind.Outage, 2)];

    private static readonly (StepKind Kind, int Weight)[] Ends =
        [(StepKind.CrashBefore, 3), (StepKind.CrashAfter, 3), (StepKind.Crash, 2), (StepKind.Remount, 1)];

    private static readonly (StepKind Kind, int Weight)[] Copies = [(StepKind.KeepJournal, 2), (StepKind.PutJournalBack, 1)];

    public static Plan Make(int seed)
    {
        var random = new Random(seed);
        var machines = random.Next(4) switch { 0 => 1, 3 => 3, _ => 2 };
        var kinds = new List<(StepKind Kind, int Weight)>(Content) { (StepKind.Pass, 3) };
        void Perhaps(int outOf, (StepKind, int)[] more)
        {
            if (random.Next(outOf) == 0)
            {
                kinds.AddRange(more);
            }
        }
        var hasFolders = random.Next(3) == 0;
        if (hasFolders)
        {
            kinds.AddRange(Folders);
        }
        Perhaps(2, Names);
        Perhaps(3, Attributes);
        Perhaps(2, Others);
        Perhaps(2, Losses);
        Perhaps(2, Ends);
        Perhaps(8, Copies);
        if (random.Next(6) == 0)
        {
            kinds.Add((StepKind.Cancel, 3));
        }
        var isParallel = random.Next(3) > 0;
        var names = hasFolders ? Deeper : Files[..random.Next(1, Files.Length + 1)];
        // A few kinds in one plan get further with each other than all of them: each seed leaves some out, and has much of others.
        kinds = [.. kinds.Where(kind => kind.Kind == StepKind.Save || random.Next(5) > 1).Select(kind => (kind.Kind, kind.Weight * random.Next(1, 4)))];
        var total = kinds.Sum(kind => kind.Weight);
        var steps = new List<Step>();
        if (random.Next(4) > 0)
        {
            steps.AddRange(Directories.Select(directory => new Step(StepKind.ForeignPut, 0, directory + "/", "-", 0, 0, 0)));
        }
        var count = steps.Count + random.Next(4, 40);
        while (steps.Count < count)
        {
            var kind = Draw(kinds, random.Next(total));
            var isFolder = kind is StepKind.MakeDirectory or StepKind.RemoveDirectory || hasFolders && kind is StepKind.Rename or StepKind.ChangeMode && random.Next(3) == 0;
            string Name() => isFolder ? Directories[random.Next(Directories.Length)] : names[random.Next(names.Length)];
            var number = kind switch
            {
                StepKind.LoseRequest or StepKind.LoseReply or StepKind.Delay or StepKind.CrashBefore or StepKind.CrashAfter => random.Next(1, 9),
                StepKind.Outage => random.Next(3, 20),
                StepKind.Pass => random.Next(1, 12),
                _ => random.Next(1, 4),
            };
            var events = isParallel && random.Next(3) > 0 ? random.Next(0, 7) : -1;
            var (machine, name, other) = (random.Next(machines), Name(), Name());
            if (kind == StepKind.Rename && name == other)
            {
                continue;
            }
            steps.Add(new Step(kind, machine, name, other, random.Next(3), number, events));
        }
        return new Plan(
            seed, random.Next(2) == 0 ? Service.Aws : Service.Ceph16, [.. Enumerable.Range(0, machines).Select(_ => random.Next(2) == 0)], steps);
    }

    private static StepKind Draw(List<(StepKind Kind, int Weight)> kinds, int at)
    {
        foreach (var (kind, weight) in kinds)
        {
            at -= weight;
            if (at < 0)
            {
                return kind;
            }
        }
        throw new InvalidOperationException("the weights do not add up");
    }
}
