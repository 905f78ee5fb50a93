namespace SseCFs.Tree;

/// <summary>A directory: a common prefix of keys, with or without a marker object. Members are guarded by <see cref="Namespace.Sync"/>.</summary>
internal sealed class DirectoryInode : Inode
{
    public DirectoryInode(ulong number)
        : base(number) => AnyCase = new CaseIndex(Children);

    public Dictionary<string, Inode> Children { get; } = new(StringComparer.Ordinal);

    /// <summary>The children's names, for who ignores case.</summary>
    public CaseIndex AnyCase { get; }

    /// <summary>The number of requests in flight that ask for names in it, listings included.</summary>
    public int Questions { get; set; }

    /// <summary>The sequence when the oldest of them may have begun.</summary>
    public long QuestionsSince { get; set; }

    /// <summary>The latest change of an entry at or below it, also of one that was dropped from memory since.</summary>
    public long ChangedBelowAt { get; set; }

    /// <summary>The sequence when a name in it was last dropped from memory: what was missed before may have been there since.</summary>
    public long EvictedAt { get; set; }

    /// <summary>Its place among the directories that have children, in the order of their last use.</summary>
    public LinkedListNode<DirectoryInode> Use => field ??= new LinkedListNode<DirectoryInode>(this);

    /// <summary>Those who need its names to be complete: none is dropped from memory meanwhile.</summary>
    public int Readers { get; set; }

    /// <summary>Names removed here while a request about names was under way, with the sequence of the removal: its answer may still show them.</summary>
    public Dictionary<string, long> Removed { get; } = new(StringComparer.Ordinal);

    /// <summary>When the last complete listing began, as a timestamp of the clock: it knows nothing that came later. Null if there was none.</summary>
    public long? ListedAt { get; set; }

    /// <summary>The number of pages that a listing takes, or more; 0 if there was none.</summary>
    public int Pages { get; set; }

    /// <summary>The one listing under way.</summary>
    public Task? Listing { get; set; }

    /// <summary>The current run of look-ups; null if the last operation in it was another one.</summary>
    public LookupRun? Run { get; set; }

    /// <summary>What a program does with name after name; null if the last operation took a name.</summary>
    public NameSeries? Series { get; set; }

    /// <summary>Whether an object "name/" stands for the directory; null when not known.</summary>
    public bool? HasMarker { get; set; }

    /// <summary>When the marker's metadata was asked for, as a timestamp of the clock.</summary>
    public long MetadataAt { get; set; }

    /// <summary>The marker's time as the listing showed it: changed metadata shows in nothing else.</summary>
    public DateTimeOffset MarkerModified { get; set; }

    /// <summary>The marker's ETag; null if it is not known.</summary>
    public string? MarkerETag { get; set; }

    /// <summary>Ends with the move of this directory's objects to another prefix; null while there is none.</summary>
    public Task? Move { get; set; }

    /// <summary>Keys directly below that no file system can show.</summary>
    public int HiddenEntries { get; set; }
}
