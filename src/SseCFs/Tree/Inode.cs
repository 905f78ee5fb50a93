using SseCFs.Journal;

namespace SseCFs.Tree;

/// <summary>
/// One file or directory, known by number. Its place in the tree (parent, name, lookups, from <see cref="IsDetached"/> to <see cref="InRun"/>) is guarded by
/// <see cref="Namespace.Sync"/>; everything else by <see cref="Sync"/>.
/// </summary>
/// <remarks>
/// Lock order: <see cref="Gate"/> of directories (see <see cref="Hold"/>) from above down, Gate of files by number, <see cref="Namespace.Sync"/>, then <see cref="Sync"/>.
/// A Gate is held over requests to the store, the other two never over an await.
/// </remarks>
internal abstract class Inode(ulong number)
{
    public ulong Number { get; } = number;

    public Lock Sync { get; } = new();

    private SemaphoreSlim? _gate;

    /// <summary>Held by whoever changes what the store has of this inode. Made when it is first taken: of most inodes nobody changes anything.</summary>
    public SemaphoreSlim Gate => Volatile.Read(ref _gate) ?? Interlocked.CompareExchange(ref _gate, new SemaphoreSlim(1, 1), null) ?? _gate;

    /// <summary>Nobody holds the gate.</summary>
    public bool IsGateFree => Volatile.Read(ref _gate) is not { CurrentCount: 0 };

    /// <summary>Null for the root, and for what was never attached.</summary>
    public DirectoryInode? Parent { get; set; }

    /// <summary>The segment of the key; see <see cref="FileName"/>.</summary>
    public string Name { get; set; } = "";

    /// <summary>Lookups the kernel has not taken back.</summary>
    public ulong Lookups { get; set; }

    /// <summary>No longer to be found by its name: removed, or replaced by another version.</summary>
    public bool IsDetached { get; set; }

    /// <summary>Dropped from memory: the name leads to another inode when it is next asked for. It counts as detached.</summary>
    public bool IsEvicted { get; set; }

    /// <summary>The kernel was asked to forget it, and has not looked it up since.</summary>
    public bool IsToBeForgotten { get; set; }

    /// <summary>The <see cref="Namespace"/>'s sequence when this inode's entry last changed here: a listing begun before knows less than we do.</summary>
    public long ChangedAt { get; set; }

    /// <summary>The time at which an answer or a write of our own last confirmed the entry, as a timestamp of the clock.</summary>
    public long ConfirmedAt { get; set; }

    /// <summary>Whether a caller that keeps entries was given the entry since an answer confirmed it: if it asks again while the entry is valid, it doubts it.</summary>
    public bool IsTold { get; set; }

    /// <summary>Whether the attributes were asked for ahead of a look-up that has not come yet.</summary>
    public bool IsAskedAhead { get; set; }

    /// <summary>The number of the last <see cref="LookupRun"/> that had the name.</summary>
    public long InRun { get; set; }

    public InodeAttributes Attributes { get; set; } = InodeAttributes.Unknown;

    /// <summary>The attributes as programs see them; null until they were asked for.</summary>
    public virtual PosixMetadata? Metadata => Attributes.Current;

    /// <summary>A request in flight stores attributes: until it is answered, nobody can tell which of the two another answer shows.</summary>
    public bool AreAttributesInFlight { get; set; }

    /// <summary>The attributes here are newer than what an answer shows.</summary>
    public bool AreAttributesNewer => Attributes.Patch is not null || AreAttributesInFlight;

    /// <summary>Adds a change of attributes that is to be stored. Under <see cref="Sync"/>.</summary>
    /// <exception cref="FsException"><see cref="FsError.MetadataTooLarge"/>: an object has no room for it, and nothing was changed.</exception>
    public void Change(AttributePatch change)
    {
        var changed = Attributes.Then(change);
        changed.Current?.EnsureFits(Attributes.Current);
        Attributes = changed;
    }

    /// <summary>What of it is saved in the journal and not stored yet. Changed by whoever holds the gate.</summary>
    public JournalEntry? Journal { get; set; }

    /// <summary>The store has it, or nobody wants it any more: the journal need not keep it.</summary>
    public void ForgetSave()
    {
        Journal?.Remove();
        Journal = null;
    }

    /// <summary>The one request for metadata under way.</summary>
    public Task? Loading { get; set; }
}
