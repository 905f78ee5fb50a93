namespace SseCFs.Tree;

/// <summary>A sequence of look-ups of different names in one directory, with no other operation in it between them. Guarded by <see cref="Namespace.Sync"/>.</summary>
internal sealed class LookupRun(long number)
{
    public long Number { get; } = number;

    /// <summary>The number of names that were looked up.</summary>
    public int Count { get; set; }

    /// <summary>The time at which the last look-up began or ended, as a timestamp of the clock.</summary>
    public long At { get; set; }

    /// <summary>The directory's entries in the order of the listing, beginning after the name that made the run; null before that.</summary>
    public IReadOnlyList<Inode>? Order { get; set; }

    /// <summary>The index of the first of them that was not considered yet.</summary>
    public int Next { get; set; }

    /// <summary>The number of attributes that were asked for ahead and not looked up yet.</summary>
    public int Unused { get; set; }
}
