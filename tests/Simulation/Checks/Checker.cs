using SseCFs.Simulation.Programs;
using SseCFs.Simulation.Stage;
using Version = SseCFs.Simulation.Stage.Version;

namespace SseCFs.Simulation.Checks;

/// <summary>
/// Compares what the bucket holds in the end, and held on the way, with what programs were told. It has no model of the file system: it asks, of each content that should be there and
/// is not, whether any call could have taken its place. Where it cannot tell, it says nothing: each finding is a fault.
/// </summary>
internal sealed class Checker
{
    private readonly World _world;
    private readonly IReadOnlyList<Operation> _history;
    private readonly IReadOnlyList<Machine> _machines;
    private readonly IReadOnlyDictionary<string, (uint Mode, long Modified, long Tag)> _attributes;
    private readonly ILookup<long, Version> _versionsOf;
    private readonly Dictionary<long, Operation> _writes;
    private readonly Removers _removers;
    private readonly List<Finding> _findings = [];

    public Checker(
        World world, IReadOnlyList<Operation> history, IReadOnlyList<Machine> machines, IReadOnlyDictionary<string, (uint Mode, long Modified, long Tag)> attributes)
    {
        _world = world;
        _history = history;
        _machines = machines;
        _attributes = attributes;
        _versionsOf = world.Bucket.Versions.SelectMany(version => version.Tags.Select(tag => (tag, version))).ToLookup(pair => pair.tag, pair => pair.version);
        _writes = history.Where(one => one.Kind == OperationKind.Write).ToDictionary(one => one.Tag);
        _removers = new Removers(history);
    }

    public IReadOnlyList<Finding> Check()
    {
        CheckContent();
        CheckNames();
        CheckReads();
        CheckWhole();
        CheckAttributes();
        return _findings;
    }

    private void CheckContent()
    {
        foreach (var write in _writes.Values.Where(write => write.IsDone))
        {
            if (Promise(write) is { } kind && !IsThere(write.Tag) && WhyGone(write.Tag, write) is { } why)
            {
                Add(kind, $"{write}: {why}");
            }
        }
        foreach (var foreign in _world.Bucket.Versions.Where(version => version.By == World.Foreign))
        {
            if (!IsThere(foreign.Tags[0]) && WhyGone(foreign.Tags[0], null) is { } why)
            {
                Add(FindingKind.LostForeign, $"{foreign.Tags[0]}, stored by another program as {foreign.Key}: {why}");
            }
        }
    }

    /// <summary>What was promised of a write; null: nothing.</summary>
    private FindingKind? Promise(Operation write)
    {
        var saves = _history.Where(one => one.Session == write.Session && one.Kind is OperationKind.Flush or OperationKind.Sync && one.Session == write.Session && one.Start > write.End).ToList();
        if (saves.Any(save => save.IsDone))
        {
            return FindingKind.LostAcknowledged;
        }
        var isKept = saves.Any(save => save.Outcome == Outcome.Failed && save.Error is FsError.Unavailable or FsError.Conflict) && _machines[write.Machine].LastCrash < write.Start;
        return isKept ? FindingKind.LostKept : null;
    }

    private bool IsThere(long tag) => _versionsOf[tag].Any(version => version.IsCurrent);

    /// <summary>Null: something legitimate took its place.</summary>
    /// <param name="write">Null: it was another program's.</param>
    private string? WhyGone(long tag, Operation? write)
    {
        var last = _versionsOf[tag].MaxBy(version => version.Removed);
        if (last is null)
        {
            return _removers.Could(write!) ? null : "it never came to the bucket";
        }
        return IsLegitimate(last, tag, write, depth: 0) ? null
            : last.ReplacedBy is { } by ? $"m{last.RemovedBy} replaced it at {last.Key} with {Tagged.Text(by.Data)}{(by.IsLate ? ", late" : "")} at {last.Removed}, without having seen it"
            : $"m{last.RemovedBy} removed it from {last.Key} at {last.Removed}, without a reason";
    }

    private bool IsLegitimate(Version gone, long tag, Operation? write, int depth)
    {
        if (gone.RemovedBy == World.Foreign || gone.IsRemovedInWindow || depth > 8)
        {
            return true;
        }
        var machine = gone.RemovedBy;
        // Whoever had it under this name by own doing knows it; anyone else must have looked after it came.
        var first = gone;
        while (first.By == machine && first.Before is { } before && before.Removed == first.Stored && before.Has(tag))
        {
            first = before;
        }
        long seen;
        if (first.By != machine)
        {
            seen = first.Stored;
        }
        else
        {
            seen = write?.Machine == machine ? long.MinValue : _versionsOf[tag].Min(version => version.Stored);
        }
        if (_removers.Could(machine, gone.Key, seen, write?.Machine == machine ? write : null, write))
        {
            return true;
        }
        foreach (var target in _removers.MovesOf(machine, gone.Key))
        {
            var copy = _versionsOf[tag].Where(version => version.Key == target.Key && version.Stored > target.Start).MaxBy(version => version.Removed);
            if (copy is not null && !copy.IsCurrent && IsLegitimate(copy, tag, write, depth + 1))
            {
                return true;
            }
        }
        return false;
    }

    private void CheckNames()
    {
        foreach (var pair in _world.Bucket.Objects.Values.Where(version => version.Tags.Count > 0 && !version.IsConflictCopy && version.By != World.Foreign)
                     .Concat(_world.Bucket.Objects.Values.Where(version => version.Tags.Count > 0 && !version.IsConflictCopy && version.By == World.Foreign))
                     .GroupBy(version => Tagged.Text(version.Data)).Where(same => same.Count() > 1))
        {
            if (!pair.Any(version => version.IsLate) && !_machines.Any(machine => machine.IsSetBack))
            {
                Add(FindingKind.TwoPlaces, $"{pair.Key} is {string.Join(" and ", pair.Select(version => version.Key))}");
            }
        }
        foreach (var removal in _history.Where(one => one.IsDone && one.Kind is OperationKind.Unlink or OperationKind.Rename && one.IsDone))
        {
            foreach (var key in removal.To is { } to ? new[] { removal.Path, to } : [removal.Path])
            {
                CheckStaysGone(removal, key);
            }
        }
    }

    private void CheckStaysGone(Operation removal, string key)
    {
        var gone = _world.Bucket.Versions.FirstOrDefault(version => version.Key == key && version.Tags.Count > 0 && version.Removed > removal.Start && version.Removed < removal.End
            && version.RemovedBy == removal.Machine && (key == removal.To || version.ReplacedBy is null));
        if (gone is null || _machines.Any(machine => machine.IsSetBack))
        {
            return;
        }
        var back = _world.Bucket.Versions.FirstOrDefault(version => version.Key == key && version.Stored > removal.End && version.By != World.Foreign && !version.IsLate
            && version.Tags.Any(gone.Has));
        if (back is not null && !_history.Any(one => one != removal && one.Kind == OperationKind.Rename && one.End > removal.Start && Removers.Covers(one.To!, key)))
        {
            Add(FindingKind.CameBack, $"{Tagged.Text(gone.Data)} was taken from {key} by {removal}, and m{back.By} stored {Tagged.Text(back.Data)} there at {back.Stored}");
        }
    }

    private void CheckReads()
    {
        foreach (var read in _history.Where(one => one is { Kind: OperationKind.Read, IsDone: true, Found.Length: > 0 }))
        {
            var tags = Tagged.TagsIn(read.Found!);
            var open = _history.First(one => one.Kind == OperationKind.Open && one.Session == read.Session);
            var isOwn = tags.Any(tag => _writes.TryGetValue(tag, out var write) && write.Machine == read.Machine);
            if (tags.Count == 0 || isOwn || _removers.Changes(read.Machine, read.Path))
            {
                continue;
            }
            var same = _versionsOf[tags[0]].Where(version => version.Data.AsSpan().SequenceEqual(read.Found)).ToList();
            if (same.Count == 0)
            {
                Add(FindingKind.MixedRead, $"{read}: no version was so");
            }
            else if (same.TrueForAll(version => version.Removed < open.Start) && !IsOpenElsewhere(open))
            {
                Add(FindingKind.StaleRead, $"{read}, opened at {open.Start}: it was gone at {same.Max(version => version.Removed)}");
            }
        }
    }

    private bool IsOpenElsewhere(Operation open) => _history.Any(
        one => one.Kind == OperationKind.Open && one.Machine == open.Machine && one != open && one.Start < open.End && one.Session is { } session
            && !_history.Any(close => close.Kind == OperationKind.Flush && close.Session == session && close.IsOver && close.End < open.Start));

    /// <summary>Of a file that one program empties, writes in several calls and closes, no version has the first of them alone.</summary>
    private void CheckWhole()
    {
        foreach (var open in _history.Where(one => one is { Kind: OperationKind.Open, Truncates: true, Session: not null }))
        {
            var calls = _history.Where(one => one.Session == open.Session && one.Kind != OperationKind.Open).ToList();
            if (calls.Any(one => one.Kind is not OperationKind.Write and not OperationKind.Flush) || calls.Any(one => one.Kind == OperationKind.Write && !one.IsDone))
            {
                continue;
            }
            var writes = calls.Where(one => one.Kind == OperationKind.Write).ToList();
            for (var i = 0; i < writes.Count - 1; i++)
            {
                byte[] half = [.. writes.Take(i + 1).SelectMany(write => Tagged.Of(write.Tag, write.Records))];
                var (from, to) = (writes[i].Start, writes[i + 1].End);
                var isSaved = _history.Any(one => one.Machine == open.Machine && one.Session != open.Session && one.Start < to && one.End > from
                    && one.Kind is not OperationKind.Read and not OperationKind.Open and not OperationKind.Write and not OperationKind.List)
                    || _removers.Truncates(open.Machine, open.Path);
                var found = isSaved ? null : _versionsOf[writes[0].Tag].FirstOrDefault(version => version.Data.AsSpan().SequenceEqual(half));
                if (found is not null)
                {
                    Add(FindingKind.Half, $"{found.Key} was {Tagged.Text(half)} from {found.Stored}, where m{open.Machine} meant to write {writes.Count} records");
                }
            }
        }
    }

    private void CheckAttributes()
    {
        foreach (var change in _history.Where(one => one.IsDone && one.Kind is OperationKind.ChangeMode or OperationKind.ChangeTime or OperationKind.SetAttribute && one.IsDone))
        {
            if (_machines[change.Machine].LastCrash > change.Start || _machines[change.Machine].IsSetBack || IsTouchedSince(change) || !_attributes.TryGetValue(change.Path, out var found))
            {
                continue;
            }
            var value = change.Kind switch { OperationKind.ChangeMode => found.Mode, OperationKind.ChangeTime => found.Modified, _ => found.Tag };
            if (value != change.Tag)
            {
                Add(FindingKind.LostAttribute, $"{change}, but it is {value}");
            }
        }
    }

    /// <summary>Whether anything else since could have changed it, or what is under its name.</summary>
    private bool IsTouchedSince(Operation change)
    {
        bool Concerns(string path) => Removers.Covers(path, change.Path);
        // Attributes of a new file are known to this mount alone until it is stored: its first close, which failed, may have come to nothing.
        return _world.Bucket.Versions.Any(version => Concerns(version.Key.TrimEnd('/')) && (version.By != change.Machine && Math.Max(version.Stored, version.Removed == long.MaxValue ? 0 : version.Removed) > change.Start
                || version.Removed > change.Start && version.Removed != long.MaxValue && version.RemovedBy != change.Machine))
            || _history.Any(one => one != change && one.End > change.Start && (Concerns(one.Path) || one.To is { } to && Concerns(to)) && one.Kind switch
            {
                OperationKind.Read or OperationKind.List or OperationKind.Mount or OperationKind.Unmount => false,
                OperationKind.ChangeMode or OperationKind.ChangeTime or OperationKind.SetAttribute => one.Kind == change.Kind || one.Machine != change.Machine,
                OperationKind.Rename or OperationKind.Unlink or OperationKind.RemoveDirectory => true,
                OperationKind.Open => one.Machine != change.Machine || one.Truncates,
                _ => one.Machine != change.Machine || change.Kind == OperationKind.ChangeTime || one.Outcome != Outcome.Done,
            });
    }

    private void Add(FindingKind kind, string text) => _findings.Add(new Finding(kind, text));
}
