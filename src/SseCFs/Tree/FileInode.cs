using SseCFs.Content;
using SseCFs.Store;

namespace SseCFs.Tree;

/// <summary>A regular file, symbolic link, FIFO or socket. Members are guarded by <see cref="Inode.Sync"/>.</summary>
internal sealed class FileInode(ulong number) : Inode(number)
{
    private PendingAttempts? _attempts;

    /// <summary>The version in the store as last seen; null until the first upload.</summary>
    public StoredVersion? Stored { get; set; }

    /// <summary>
    /// A listing shows another version than <see cref="Stored"/>, which programs have open: whether it is another file, or the same one encrypted anew, is asked for when the
    /// name or its attributes are next wanted.
    /// </summary>
    public bool IsInDoubt { get; set; }

    /// <summary><see cref="Stored"/> is empty and only holds the name for what is to be written first: see <see cref="Creation.ClaimFileAsync"/>.</summary>
    public bool IsClaim { get; set; }

    /// <summary>The store has it under a key that is not ours, or not encrypted where that is refused.</summary>
    public bool IsUnreadable { get; set; }

    /// <summary>It is unreadable because it is not encrypted.</summary>
    public bool IsPlain { get; set; }

    /// <summary>The cached content of <see cref="Stored"/>; made on first use.</summary>
    public StoredContent? Content { get; set; }

    /// <summary>What was written and not uploaded yet.</summary>
    public StagedContent? Staged { get; set; }

    /// <summary>Attempts to store it whose outcome is not known.</summary>
    public PendingAttempts Attempts => _attempts ??= new PendingAttempts();

    public bool HasAttempts => _attempts is { IsEmpty: false };

    /// <summary>A version that stands after all of them is known.</summary>
    public void ForgetAttempts() => _attempts = null;

    /// <summary>An upload reads the staged content: writers wait at the gate.</summary>
    public bool IsUploading { get; set; }

    /// <summary>Open handles, and those of them that may read, or write.</summary>
    public int Handles { get; set; }
    public int Readers { get; set; }
    public int Writers { get; set; }

    /// <summary>Removed while nobody could read it: what it held is gone, and those who have it open can only write.</summary>
    public bool IsGivenUp { get; set; }

    /// <summary>Grows when another writer's version takes the place of ours.</summary>
    public int Generation { get; set; }

    /// <summary>What the kernel has pages of, as far as is proven: a handle that was opened on it has been used, and so the kernel has seen the answer to the open.</summary>
    public int KernelGeneration { get; set; }

    /// <summary>What the kernel was told to ask for the attributes of.</summary>
    public int AnnouncedGeneration { get; set; }

    /// <summary>When <see cref="Staged"/> was last written to, unless a program has set the times since; null if it has, or nothing is staged.</summary>
    public Timestamp? WrittenAt { get; set; }

    /// <summary>When the first byte was written that is neither stored nor in the journal, as a timestamp of the clock; null: there is none.</summary>
    public long? UnsavedSince { get; set; }

    /// <summary>All that was written since was appended.</summary>
    public bool IsOnlyAppended { get; set; }

    public override PosixMetadata? Metadata => WrittenAt is { } written && Attributes.Current is { } known
        ? known with { ModifyTime = written, ChangeTime = Attributes.Patch?.ChangeTime is { } changed && changed > written ? changed : written }
        : Attributes.Current;

    /// <summary>A lookup just asked the store: the open that follows from the same thread need not ask again.</summary>
    public (uint Thread, long Until) Validated { get; set; }

    public long Size => Staged?.Size ?? Stored?.Size ?? Content?.Size ?? 0;

    public uint Type => (Metadata?.Mode ?? FileType.Regular) & FileType.Mask;

    /// <summary>There is content that the store has not, and that nobody knows better than we do.</summary>
    public bool HoldsUnsaved => Stored is null || Staged is not null || IsUploading;

    /// <summary>Something is here that the store has not.</summary>
    public bool IsDirty => Staged is not null || AreAttributesNewer || Stored is null;
}

/// <summary>One version of an object. Size in bytes.</summary>
/// <param name="IsOwnWrite">LastModified is by our reckoning, not by a listing: it may be a little off.</param>
internal sealed record StoredVersion(string ETag, long Size, DateTimeOffset LastModified, Encryption Encryption, bool IsOwnWrite = false)
{
    /// <summary>By how much the time of our own write may differ from what a listing shows later.</summary>
    private static readonly TimeSpan OwnWriteTolerance = TimeSpan.FromSeconds(3);

    /// <summary>
    /// Whether a listing shows this version. Its time counts too: a change of metadata alone leaves the ETag. HEAD gives whole seconds, a listing may give milliseconds.
    /// </summary>
    public bool IsShownBy(in ListedObject listed) =>
        listed.ETag == ETag && listed.Size == Size && (listed.LastModified - LastModified).Duration() < (IsOwnWrite ? OwnWriteTolerance : TimeSpan.FromSeconds(1));
}
