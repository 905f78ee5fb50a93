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
            if (Promise(write) is { } kind && !IsThere(write.Tag) && WhyGone(write.Tag, write) is var (cause, why))
            {
                Add(kind, cause, $"{write}: {why}");
            }
        }
        foreach (var foreign in _world.Bucket.Versions.Where(version => version.By == World.Foreign && version.Tags.Count > 0))
        {
            if (!IsThere(foreign.Tags[0]) && WhyGone(foreign.Tags[0], null) is var (cause, why))
            {
                Add(FindingKind.LostForeign, cause, $"{foreign.Tags[0]}, stored by another program as {foreign.Key}: {why}");
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

    private bool IsSavedBefore(Operation write, long moment) =>
        _history.Any(one => one.Session == write.Session && one.Kind is OperationKind.Flush or OperationKind.Sync && one.Session == write.Session && one.IsDone && one.Start > write.End && one.End < moment);

    private bool IsThere(long tag) => _versionsOf[tag].Any(version => version.IsCurrent);

    /// <summary>Null: something legitimate took its place.</summary>
    /// <param name="write">Null: it was another program's.</param>
    private (Cause Cause, string Text)? WhyGone(long tag, Operation? write)
    {
        var last = _versionsOf[tag].MaxBy(version => version.Removed);
        if (last is null)
        {
            // Nobody can bring back what was only in a journal that an older one has replaced.
            if (write!.Start < _machines[write.Machine].SetBack || _removers.Could(write))
            {
                return null;
            }
            var opened = _history.First(one => one.Kind == OperationKind.Open && one.Session == write.Session).Start;
            var isInConflict = _history.Any(one => one.Machine == write.Machine && one.Path == write.Path && one.Error == FsError.Conflict && one.End > opened);
            return (isInConflict ? Cause.AfterConflict : Cause.NeverStored, "it never came to the bucket");
        }
        if (IsLegitimate(last, tag, write, depth: 0))
        {
            return null;
        }
        var by = $"m{last.RemovedBy}{(last.IsRemovedLate ? ", by a late request," : "")}";
        return last.ReplacedBy is { } replacement
            ? (last.IsRemovedLate ? Cause.LateReplacement : Cause.Replaced, $"{by} replaced it at {last.Key} with {Tagged.Text(replacement.Data)} at {last.Removed}, without having seen it")
            : (last.IsRemovedLate ? Cause.LateRemoval : Cause.Removed, $"{by} removed it from {last.Key} at {last.Removed}, without a reason");
    }

    private bool IsLegitimate(Version gone, long tag, Operation? write, int depth)
    {
        if (gone.RemovedBy == World.Foreign || gone.IsRemovedInWindow || depth > 8)
        {
            return true;
        }
        var machine = gone.RemovedBy;
        // Whoever had it under this name by own doing knows it; anyone else must have looked after it came. Of versions with the same bytes one is as good as the other.
        var first = gone;
        while (first.Before is { } before && before.Removed == first.Stored && before.Has(tag) && (first.By == machine || before.Data.AsSpan().SequenceEqual(first.Data)))
        {
            first = before;
        }
        long seen;
        if (first.By != machine)
        {
            // The same bytes may have the same ETag when they come back: then one cannot be told from the other.
            seen = _versionsOf[tag].Where(version => version.Key == first.Key && version.ETag == first.ETag).Min(version => version.Stored);
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
        foreach (var same in _world.Bucket.Objects.Values.Where(version => version.Tags.Count > 0 && !version.IsConflictCopy).GroupBy(version => Tagged.Text(version.Data)).Where(same => same.Count() > 1))
        {
            if (same.Any(version => version.IsLate) || _machines.Any(machine => machine.SetBack > 0))
            {
                continue;
            }
            var keys = same.Select(version => version.Key).ToList();
            var rename = _history.LastOrDefault(one => one.Kind == OperationKind.Rename && one.To != one.Path && keys.Any(key => Removers.Covers(one.To!, key)) && keys.Any(key => Removers.Covers(one.Path, key)));
            var cause = rename?.Outcome switch
            {
                Outcome.Done when same.Any(version => HasFailedToSave(version)) => Cause.CloseFailed,
                Outcome.Done => Cause.RenameDone,
                Outcome.Crashed => Cause.RenameCrashed,
                _ => Cause.RenameFailed,
            };
            Add(FindingKind.TwoPlaces, cause, $"{same.Key} is {string.Join(" and ", keys)}, after {rename}");
        }
        foreach (var copy in _world.Bucket.Versions.Where(version => version.IsConflictCopy))
        {
            var key = copy.Key[..copy.Key.IndexOf(".conflict-", StringComparison.Ordinal)];
            if (_world.Bucket.Versions.All(version => version.By == copy.By && (version.IsCurrent || version.RemovedBy == copy.By) || version.Tags.Count == 0 && version.Key.EndsWith('/')) && _machines[copy.By].SetBack == 0)
            {
                Add(FindingKind.NeedlessConflict, CauseOf(copy.By, key, copy.Stored), $"{copy.Key} with {Tagged.Text(copy.Data)}, though nobody else touched {key}");
            }
        }
        foreach (var removal in _history.Where(one => one.IsDone && one.Kind is OperationKind.Unlink or OperationKind.Rename && one.IsDone && one.To != one.Path))
        {
            foreach (var key in removal.To is { } to ? new[] { removal.Path, to } : [removal.Path])
            {
                CheckStaysGone(removal, key);
            }
        }
    }

    /// <summary>Whether a program was told that this content could not be stored.</summary>
    private bool HasFailedToSave(Version version) => version.Tags.Any(tag => _writes.TryGetValue(tag, out var write)
        && _history.Any(one => one.Session == write.Session && one.Kind is OperationKind.Flush or OperationKind.Sync && one.Session == write.Session && one.IsOver && !one.IsDone));

    /// <summary>What of the machine's own can have come between.</summary>
    private Cause CauseOf(int machine, string key, long moment) =>
        _world.Bucket.Versions.Any(version => version.Key == key && (version.IsLate || version.IsRemovedLate)) ? Cause.Late
            : _history.Count(one => one.Kind == OperationKind.Mount && one.Machine == machine && one.Start < moment) > 1 ? Cause.Restart
            : Cause.None;

    private void CheckStaysGone(Operation removal, string key)
    {
        if (_machines.Any(machine => machine.SetBack > 0))
        {
            return;
        }
        var gone = _world.Bucket.Versions.FirstOrDefault(version => version.Key == key && version.Tags.Count > 0 && version.Stored < removal.Start && version.Removed > removal.Start && version.Removed < removal.End
            && version.RemovedBy == removal.Machine && (key == removal.To || version.ReplacedBy is null));
        // What nobody was told to be stored may be stored once more.
        if (gone is not null && gone.Tags.All(tag => !_writes.TryGetValue(tag, out var write) || IsSavedBefore(write, removal.Start)))
        {
            var back = _world.Bucket.Versions.FirstOrDefault(version => version.Key == key && version.Stored > removal.End && version.By != World.Foreign && !version.IsLate
                && version.Tags.Any(gone.Has));
            if (back is not null && !_history.Any(one => one != removal && one.Kind == OperationKind.Rename && one.End > removal.Start && Removers.Covers(one.To!, key)))
            {
                Add(FindingKind.CameBack, Cause.None, $"{Tagged.Text(gone.Data)} was taken from {key} by {removal}, and m{back.By} stored {Tagged.Text(back.Data)} there at {back.Stored}");
            }
        }
        if (_world.Bucket.Objects.TryGetValue(key, out var there) && there.Tags.Count > 0 && there.By == removal.Machine && !there.IsLate && there.Stored < removal.Start && (removal.Kind == OperationKind.Unlink || key == removal.To))
        {
            Add(FindingKind.NotRemoved, HasFailedToSave(there) ? Cause.CloseFailed : CauseOf(removal.Machine, key, removal.End), $"{Tagged.Text(there.Data)}, there since {there.Stored}, is still {key} after {removal}");
        }
    }

    private void CheckReads()
    {
        foreach (var read in _history.Where(one => one is { Kind: OperationKind.Read, IsDone: true, Found.Length: > 0 }))
        {
            var tags = Tagged.TagsIn(read.Found!);
            var open = _history.First(one => one.Kind == OperationKind.Open && one.Session == read.Session);
            var isOwn = tags.Any(tag => _writes.TryGetValue(tag, out var write) && write.Machine == read.Machine);
            if (tags.Count == 0 || isOwn)
            {
                continue;
            }
            var same = _versionsOf[tags[0]].Where(version => version.Data.AsSpan().SequenceEqual(read.Found)).ToList();
            if (same.Count == 0)
            {
                if (_removers.Changes(read.Machine, read.Path))
                {
                    continue;
                }
                Add(FindingKind.MixedRead, Cause.None, $"{read}: no version was so");
            }
            else if (same.TrueForAll(version => version.Removed < open.Start) && !IsOpenElsewhere(open) && !_history.Any(one => one.Kind == OperationKind.Truncate))
            {
                Add(FindingKind.StaleRead, Cause.None, $"{read}, opened at {open.Start}: it was gone at {same.Max(version => version.Removed)}");
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
                    || _history.Any(one => one.Kind == OperationKind.Truncate);
                var found = isSaved ? null : _versionsOf[writes[0].Tag].FirstOrDefault(version => version.By == open.Machine && version.Data.AsSpan().SequenceEqual(half));
                if (found is not null)
                {
                    Add(FindingKind.Half, Cause.None, $"{found.Key} was {Tagged.Text(half)} from {found.Stored}, where m{open.Machine} meant to write {writes.Count} records");
                }
            }
        }
    }

    private void CheckAttributes()
    {
        foreach (var change in _history.Where(one => one.IsDone && one.Kind is OperationKind.ChangeMode or OperationKind.ChangeTime or OperationKind.SetAttribute && one.IsDone))
        {
            if (_machines[change.Machine].LastCrash > change.Start || _machines[change.Machine].SetBack > 0 || IsTouchedSince(change) || !_attributes.TryGetValue(change.Path, out var found))
            {
                continue;
            }
            var value = change.Kind switch { OperationKind.ChangeMode => found.Mode, OperationKind.ChangeTime => found.Modified, _ => found.Tag };
            if (value != change.Tag)
            {
                var isUnseen = _world.Bucket.Versions.Any(version => version.By != change.Machine && version.Key == change.Path && version.Stored < change.Start && !HasSeen(change, version));
                Add(FindingKind.LostAttribute, isUnseen ? Cause.Unseen : Cause.None, $"{change}, but it is {value}");
            }
        }
    }

    /// <summary>Whether anything else since could have changed it, or what is under its name.</summary>
    private bool IsTouchedSince(Operation change)
    {
        bool Concerns(string path) => Removers.Covers(path, change.Path) || path.StartsWith(change.Path + ".conflict-", StringComparison.Ordinal);
        // Without a marker, a directory is there for as long as anything is in it.
        return _world.Bucket.Versions.Any(version => version.Key.StartsWith(change.Path + "/", StringComparison.Ordinal) && !version.IsCurrent && version.RemovedBy != change.Machine)
            || _world.Bucket.Versions.Any(version => Concerns(version.Key.TrimEnd('/')) && (version.By != change.Machine && version.Stored > change.Start || version.IsConflictCopy || version.IsLate
                || version.Removed > change.Start && version.Removed != long.MaxValue && version.RemovedBy != change.Machine))
            || change.Kind == OperationKind.ChangeTime && _removers.ChangesSince(change)
            || _history.Any(one => one != change && one.End > change.Start && (Concerns(one.Path) || one.To is { } to && Concerns(to)) && one.Kind switch
            {
                OperationKind.Read or OperationKind.List or OperationKind.Mount or OperationKind.Unmount => false,
                OperationKind.ChangeMode or OperationKind.ChangeTime or OperationKind.SetAttribute => one.Kind == change.Kind || one.Machine != change.Machine,
                OperationKind.Rename or OperationKind.Unlink or OperationKind.RemoveDirectory => true,
                OperationKind.Open => one.Machine != change.Machine || one.Truncates,
                _ => one.Machine != change.Machine || change.Kind == OperationKind.ChangeTime || one.Outcome != Outcome.Done,
            });
    }

    private bool HasSeen(Operation change, Version version) => _history.Any(
        one => one.Kind == OperationKind.Open && one.Machine == change.Machine && one.Path == change.Path && one.IsDone && one.Start > version.Stored && one.End < change.Start);

    private void Add(FindingKind kind, Cause cause, string text) => _findings.Add(new Finding(kind, cause, text));
}
