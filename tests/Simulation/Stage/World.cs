namespace SseCFs.Simulation.Stage;

/// <summary>What is broken on purpose, to see that it is found.</summary>
[Flags]
internal enum Sabotage
{
    None = 0,
    IgnoreIfMatch = 1,
    IgnoreIfAbsent = 2,

    /// <summary>A process that starts finds no journal.</summary>
    LoseJournal = 4,

    /// <summary>Whatever carries an attempt's id counts as that attempt's write.</summary>
    BelieveIds = 8,

    /// <summary>What was read once counts as unchanged for ever.</summary>
    NothingChanges = 16,
}

/// <summary>What one run shares: its clock, its bucket, and what has happened in it.</summary>
internal sealed class World
{
    /// <summary>The "machine" of other programs.</summary>
    public const int Foreign = -1;

    private readonly List<string>? _notes;
    private long _moment;
    private long _lastTag;

    public World(Service service, Random random, Sabotage sabotage, bool keepsNotes)
    {
        Sabotage = sabotage;
        Time = new SimulatedTime(new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero));
        Bucket = new Bucket(this, service);
        Network = new Network(this, random);
        _notes = keepsNotes ? [] : null;
    }

    public Sabotage Sabotage { get; }

    public SimulatedTime Time { get; }

    public Bucket Bucket { get; }

    public Network Network { get; }

    /// <summary>All that happened, in order, if it is kept.</summary>
    public IReadOnlyList<string> Notes => _notes ?? [];

    /// <summary>Two runs of one seed have the same.</summary>
    public ulong Hash { get; private set; } = 14695981039346656037;

    /// <summary>A moment later than all before.</summary>
    public long Moment() => ++_moment;

    public long NewTag() => ++_lastTag;

    public void Note(string text)
    {
        foreach (var character in text)
        {
            Hash = (Hash ^ character) * 1099511628211;
        }
        _notes?.Add($"{_moment,5} {(Time.Now - DateTimeOffset.UnixEpoch).TotalSeconds % 1000:000.000} {text}");
    }
}

/// <summary>One process that mounts the bucket. IsDead: it was killed, and nothing of it runs any more.</summary>
internal sealed class Process(int machine)
{
    public int Machine => machine;

    public bool IsDead { get; set; }
}
