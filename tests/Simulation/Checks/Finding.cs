namespace SseCFs.Simulation.Checks;

public enum FindingKind
{
    /// <summary>Content that close or fsync acknowledged is nowhere, and nothing took its place.</summary>
    LostAcknowledged,

    /// <summary>The same of content whose close failed: it is kept and tried again, or is in a conflict copy.</summary>
    LostKept,

    /// <summary>What another program stored is nowhere, and whoever overwrote it had not seen it.</summary>
    LostForeign,

    /// <summary>A name showed half of what a program meant to write.</summary>
    Half,

    /// <summary>A read gave bytes that no version had.</summary>
    MixedRead,

    /// <summary>An open that began after a close on another machine gave what was there before.</summary>
    StaleRead,

    /// <summary>One content is under two names, though it was renamed.</summary>
    TwoPlaces,

    /// <summary>What was removed came back.</summary>
    CameBack,

    /// <summary>A removal was acknowledged, and what was there long before still is.</summary>
    NotRemoved,

    /// <summary>A conflict copy, though nobody else touched the file.</summary>
    NeedlessConflict,

    /// <summary>A change of attributes that was acknowledged is gone.</summary>
    LostAttribute,

    /// <summary>With no fault left, something is still not stored, or a mount fails.</summary>
    NotSettled,

    /// <summary>A call does not return.</summary>
    Hang,

    /// <summary>An exception that no call should end with.</summary>
    Unexpected,
}

/// <summary>What led to it, as far as a check can tell: faults that are known are told apart by it.</summary>
public enum Cause
{
    None,
    NeverStored,
    Replaced,
    Removed,
    LateReplacement,
    LateRemoval,
    RenameDone,
    RenameFailed,
    RenameCrashed,
    Late,

    /// <summary>The upload's reply was lost, its program was told that close had failed, and it had been stored.</summary>
    CloseFailed,

    /// <summary>The file had been in a conflict with another writer since it was opened.</summary>
    AfterConflict,

    /// <summary>What an earlier process of the machine left was taken up.</summary>
    Restart,

    /// <summary>It was done to a version that another machine had replaced.</summary>
    Unseen,
}

/// <summary>A promise that was broken.</summary>
internal sealed record Finding(FindingKind Kind, Cause Cause, string Text)
{
    public override string ToString() => $"{Kind} {Cause}: {Text}";
}
