using Microsoft.Extensions.Logging;
using SseCFs.Contract;
using SseCFs.Fuse;
using SseCFs.Tool.CommandLine;

namespace SseCFs.Tool.Mounting;

/// <summary>One mount as it was asked for; null leaves a value to its default.</summary>
internal sealed record MountSettings
{
    public required BucketUrl Bucket { get; init; }

    /// <summary>As given: relative to the current directory, perhaps.</summary>
    public required string Directory { get; init; }

    /// <summary>Where the key comes from; never the key.</summary>
    public required KeySettings Key { get; init; }

    public ServiceSettings Service { get; init; } = new();

    public bool IsReadOnly { get; init; }

    public bool AllowOther { get; init; }

    public bool NonEmpty { get; init; }

    public bool AllowUnreadable { get; init; }

    public PlainObjects Plain { get; init; }

    public uint? Uid { get; init; }

    public uint? Gid { get; init; }

    public uint? Umask { get; init; }

    /// <summary>Bytes.</summary>
    public long? Memory { get; init; }

    public string? SpillDirectory { get; init; }

    /// <summary>close and fsync wait for the journal only.</summary>
    public bool IsWriteBack { get; init; }

    public string? JournalDirectory { get; init; }

    /// <summary>How long what is appended to a file that stays open waits.</summary>
    public TimeSpan? StoreOpenAfter { get; init; }

    /// <summary>Until what cannot be stored at the end is kept in the journal.</summary>
    public TimeSpan? UnmountTimeout { get; init; }

    public LogLevel LogLevel { get; init; } = LogLevel.Information;

    public string? LogFile { get; init; }

    /// <summary>On Windows: \SERVER\SHARE, by which it is a network drive; null: a disk, unless the place is such a name.</summary>
    public string? NetworkName { get; init; }

    /// <summary>On Windows: the security descriptor of all files, in the security descriptor definition language.</summary>
    public string? Sddl { get; init; }

    public FuseMountFlags Flags { get; init; }
}
