namespace SseCFs.Tree;

/// <summary>What is known of the attributes of an inode: those that the store has, and what was changed here since. Immutable.</summary>
internal sealed class InodeAttributes
{
    public static readonly InodeAttributes Unknown = new(null, isOutdated: false, patch: null);

    private InodeAttributes(PosixMetadata? stored, bool isOutdated, AttributePatch? patch)
    {
        Stored = stored;
        IsOutdated = isOutdated;
        Patch = patch;
        Current = stored is null || patch is null ? stored : patch.ApplyTo(stored);
    }

    /// <summary>As the store last showed them, or as the inode was made here; null before that.</summary>
    public PosixMetadata? Stored { get; }

    /// <summary><see cref="Stored"/> are those of an earlier version: the store has another one, which was not asked for yet.</summary>
    public bool IsOutdated { get; }

    /// <summary>What is to be stored; null: nothing.</summary>
    public AttributePatch? Patch { get; }

    /// <summary>With what was changed here. Once known it stays so: of an earlier version until the attributes of the new one are known.</summary>
    public PosixMetadata? Current { get; }

    /// <summary>Whether the store need not be asked.</summary>
    public bool AreKnown => Stored is not null && !IsOutdated;

    /// <param name="patch">To be stored on top of them.</param>
    public static InodeAttributes Of(PosixMetadata stored, AttributePatch? patch = null) => new(stored, isOutdated: false, patch);

    /// <summary>The same changed once more.</summary>
    public InodeAttributes Then(AttributePatch change) => new(Stored, IsOutdated, Patch?.Then(change) ?? change);

    /// <summary>The times that a program has set count no more: the file was written to.</summary>
    public InodeAttributes WithoutTimes() => new(Stored, IsOutdated, Patch is null ? null : Patch with { ModifyTime = null, ChangeTime = null });

    /// <summary>The store shows these.</summary>
    public InodeAttributes WithStored(PosixMetadata stored) => new(stored, isOutdated: false, Patch);

    /// <summary>The store has these now, into which a patch went: what was changed since is still to be stored.</summary>
    public InodeAttributes AfterStoring(SentAttributes sent) => new(sent.Metadata, isOutdated: false, ReferenceEquals(Patch, sent.Patch) ? null : Patch);

    /// <summary>The store has another version.</summary>
    public InodeAttributes Outdated() => new(Stored, isOutdated: Stored is not null, Patch);

    /// <summary>What was changed here is given up.</summary>
    public InodeAttributes WithoutPatch() => new(Stored, IsOutdated, patch: null);
}
