using System.Globalization;
using SseCFs.Simulation.Stage;

namespace SseCFs.Simulation.Running;

internal enum StepKind
{
    // Programs: one or several calls, in a task of their own.
    Save,
    Claim,
    Append,
    Overwrite,
    Replace,
    Read,
    Truncate,
    Open,
    WriteOpen,
    AppendOpen,
    ReadOpen,
    SyncOpen,
    TruncateOpen,
    Close,
    Rename,
    Unlink,
    MakeDirectory,
    RemoveDirectory,
    ChangeMode,
    ChangeTime,
    SetAttribute,
    List,

    // Other programs.
    ForeignPut,
    ForeignReplace,
    ForeignDelete,

    // What happens to a machine.
    Pass,
    Remount,
    Crash,
    Cancel,
    KeepJournal,
    PutJournalBack,

    // What happens to the nth request from here on.
    LoseRequest,
    LoseReply,
    Delay,
    CrashBefore,
    CrashAfter,

    /// <summary>The next n requests are lost.</summary>
    Outage,
}

/// <summary>One step of a plan.</summary>
/// <param name="Number">Records, seconds, or which request, as the kind wants it.</param>
/// <param name="Events">How many requests and replies pass before the next step; -1: all, until nothing is under way.</param>
internal sealed record Step(StepKind Kind, int Machine, string Path, string To, int Slot, int Number, int Events)
{
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Kind} {Machine} {Path} {To} {Slot} {Number} {Events}");

    public static Step Parse(string line)
    {
        var words = line.Split(' ');
        int Int(int i) => int.Parse(words[i], CultureInfo.InvariantCulture);
        return new Step(Enum.Parse<StepKind>(words[0]), Int(1), words[2], words[3], Int(4), Int(5), Int(6));
    }
}

/// <summary>All that one run is made of: the same plan gives the same run.</summary>
/// <param name="Seed">Of the order in which requests pass.</param>
/// <param name="WriteBack">For each machine, whether its mount has --write-back.</param>
internal sealed record Plan(int Seed, Service Service, IReadOnlyList<bool> WriteBack, IReadOnlyList<Step> Steps)
{
    /// <summary>Readable, and what <see cref="Parse"/> reads.</summary>
    public override string ToString() => string.Join('\n', [$"{Seed} {Service} {string.Join(' ', WriteBack)}", .. Steps.Select(step => step.ToString())]);

    public static Plan Parse(string text)
    {
        var lines = text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Where(line => line[0] is not '#' and not '!').ToList();
        var words = lines[0].Split(' ');
        return new Plan(
            int.Parse(words[0], CultureInfo.InvariantCulture), Enum.Parse<Service>(words[1]), [.. words[2..].Select(bool.Parse)], [.. lines[1..].Select(Step.Parse)]);
    }
}
