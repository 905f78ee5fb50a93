namespace SseCFs.Tool;

/// <summary>How the command ends. docs/options.md has the same table; a test compares them.</summary>
internal enum ExitCode
{
    Done = 0,

    /// <summary>Something failed that no other code names; the message says what.</summary>
    Failed = 1,

    /// <summary>The command line cannot be understood.</summary>
    Usage = 2,

    /// <summary>The key cannot be had, or is no key.</summary>
    Key = 3,

    /// <summary>The directory cannot be mounted on, or is not mounted, or is busy.</summary>
    Directory = 4,

    /// <summary>This machine or user cannot mount FUSE file systems.</summary>
    Fuse = 5,

    /// <summary>The service cannot be reached, or does not answer in time.</summary>
    Unreachable = 6,

    /// <summary>The service refuses: credentials, signature, clock, region or policy; or its certificate is not trusted.</summary>
    Refused = 7,

    /// <summary>There is no such bucket, or it cannot be made.</summary>
    Bucket = 8,

    /// <summary>The bucket does not do SSE-C, or its objects have another key.</summary>
    Encryption = 9,

    /// <summary>Not everything that was written could be stored.</summary>
    NotStored = 10,

    /// <summary>What was looked through is not all as it should be.</summary>
    Findings = 11,

    Interrupted = 130,
}

/// <summary>The command ends with this code and this one line: what is wrong, and what to do.</summary>
internal sealed class ToolException(ExitCode code, string message, Exception? cause = null) : Exception(message, cause)
{
    public ExitCode Code { get; } = code;
}
