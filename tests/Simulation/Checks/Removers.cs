using SseCFs.Simulation.Programs;

namespace SseCFs.Simulation.Checks;

/// <summary>The calls that can have taken content away: by overwriting it, by cutting or removing its file, or by putting another one in its place.</summary>
internal sealed class Removers
{
    private readonly IReadOnlyList<Operation> _history;
    private readonly ILookup<int, Operation> _renames;
    private readonly List<Remover> _all = [];
    private readonly Dictionary<(int, string, long), HashSet<string>> _names = [];

    public Removers(IReadOnlyList<Operation> history)
    {
        _history = history;
        _renames = history.Where(one => one.Kind == OperationKind.Rename && one.To != one.Path).ToLookup(one => one.Machine);
        var opens = history.Where(one => one is { Kind: OperationKind.Open, Session: not null }).ToDictionary(one => one.Session!);
        foreach (var one in history)
        {
            switch (one.Kind)
            {
                case OperationKind.Write or OperationKind.Truncate when one.Session is { } session:
                    var names = Names(one.Machine, one.Path, opens[session].Start);
                    _all.Add(new Remover(one, LastLook(one, names), names));
                    break;
                case OperationKind.Open when one.Truncates:
                case OperationKind.Truncate:
                case OperationKind.Unlink:
                    _all.Add(new Remover(one, one.End, Names(one.Machine, one.Path, one.Start)));
                    break;
                case OperationKind.Rename when one.To != one.Path:
                    _all.Add(new Remover(one, one.End, Names(one.Machine, one.To!, one.Start)));
                    break;
            }
        }
    }

    /// <summary>Whether a path is the other one, or a directory above it.</summary>
    public static bool Covers(string path, string other) => other == path || other.StartsWith(path + "/", StringComparison.Ordinal);

    /// <summary>Whether what was written and never stored can have been overwritten or removed by its own machine.</summary>
    public bool Could(Operation write)
    {
        var names = Names(write.Machine, write.Path, OpenOf(write).Start);
        return _all.Any(one => one.Call.Machine == write.Machine && IsAfter(one, write) && (one.Call.Session == write.Session || names.Any(name => one.Takes(name))) && one.Reaches(write));
    }

    /// <summary>Whether a machine can have taken content from a key that it can have seen there.</summary>
    /// <param name="seen">It was there from this moment on.</param>
    /// <param name="own">The write, if it is the machine's own.</param>
    /// <param name="write">The write, if it was no other program's.</param>
    public bool Could(int machine, string key, long seen, Operation? own, Operation? write) =>
        _all.Any(one => one.Call.Machine == machine && one.Takes(key) && one.Seen > seen && (own is null || IsAfter(one, own)) && (write is null || one.Reaches(write)));

    /// <summary>Where a machine can have moved what was under a key, and since when.</summary>
    public IEnumerable<(string Key, long Start)> MovesOf(int machine, string key) => _renames[machine].Where(one => Covers(one.Path, key)).Select(one => (one.To + key[one.Path.Length..], one.Start));

    /// <summary>Whether a machine changes the content of what is under a path.</summary>
    public bool Changes(int machine, string path) => _all.Any(one => one.Call.Machine == machine && one.Call.Kind is not OperationKind.Unlink and not OperationKind.Rename && one.Takes(path));

    /// <summary>Whether content under the path of a call changes after it, by the same machine.</summary>
    public bool ChangesSince(Operation call) => _all.Any(one => one.Call.Machine == call.Machine && one.Call.End > call.Start && one.Takes(call.Path));

    /// <summary>
    /// All handles of a mount write to one file. Any call that looks its name up brings them up to date, and so does a conflict, after which they go on with the other writer's version.
    /// </summary>
    private long LastLook(Operation call, HashSet<string> names) => _history
        .Where(one => one.Machine == call.Machine && one.Start <= call.End && names.Contains(one.Path) && (one.Session is null || one.Kind == OperationKind.Open || one.Error == FsError.Conflict))
        .Max(one => one.End);

    private Operation OpenOf(Operation call) => _history.First(one => one.Kind == OperationKind.Open && one.Session == call.Session);

    private bool IsAfter(Remover one, Operation write) => one.Call != write
        && one.Call.End > (one.Call.Kind is OperationKind.Unlink or OperationKind.Rename ? OpenOf(write).Start : write.Start);

    /// <summary>All names that a machine's renames since then can have given to what had this one.</summary>
    private HashSet<string> Names(int machine, string path, long since)
    {
        if (_names.TryGetValue((machine, path, since), out var known))
        {
            return known;
        }
        var names = new HashSet<string> { path };
        for (var grown = true; grown;)
        {
            grown = false;
            foreach (var rename in _renames[machine].Where(rename => rename.End > since))
            {
                foreach (var name in names.Where(name => Covers(rename.Path, name)).ToList())
                {
                    grown |= names.Count < 64 && names.Add(rename.To + name[rename.Path.Length..]);
                }
            }
        }
        _names[(machine, path, since)] = names;
        return names;
    }

    /// <param name="Seen">Until this moment it can have looked at what it takes away.</param>
    private sealed record Remover(Operation Call, long Seen, HashSet<string> Names)
    {
        public bool Takes(string key) => Call.Kind == OperationKind.Rename ? Names.Any(name => Covers(name, key)) : Names.Contains(key);

        /// <summary>Whether it concerns the records of a write: what is appended takes nothing away.</summary>
        public bool Reaches(Operation write) => Call.Kind switch
        {
            OperationKind.Write => Call.Offset >= 0 && (write.Offset < 0 || Call.Offset < write.Offset + write.Records && write.Offset < Call.Offset + Call.Records),
            OperationKind.Truncate => write.Offset < 0 || Call.Offset < write.Offset + write.Records,
            _ => true,
        };
    }
}
