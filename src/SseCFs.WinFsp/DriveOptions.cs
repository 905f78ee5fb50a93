using SseCFs.WinFsp.Security;

namespace SseCFs.WinFsp;

/// <summary>How a drive behaves.</summary>
public sealed record DriveOptions
{
    /// <summary>What Explorer calls the drive; 32 characters at most are shown.</summary>
    public required string Label { get; init; }

    /// <summary>Who owners and groups are here.</summary>
    public required Owners Owners { get; init; }

    /// <summary>Of files that are made.</summary>
    public uint Uid { get; init; }

    /// <summary>Of files that are made.</summary>
    public uint Gid { get; init; }

    /// <summary>Permission bits taken from 0666 and 0777 for files that are made.</summary>
    public uint Umask { get; init; } = SseFileSystemOptions.UsualUmask;

    /// <summary>Users other than the owner have the rights that the mode gives them, else none.</summary>
    public bool AllowOthers { get; init; }

    /// <summary>A self-relative security descriptor for all files instead of what their modes say; null: the modes.</summary>
    public byte[]? Security { get; init; }

    public bool IsReadOnly { get; init; }

    /// <summary>\SERVER\SHARE, by which it is a network drive; empty: a disk.</summary>
    public string NetworkName { get; init; } = "";

    /// <summary>How long the driver believes attributes and listings without asking.</summary>
    public TimeSpan AttributesValid { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Threads that requests come in by; most of them wait for the service, so that this is not a matter of processors.</summary>
    public int Threads { get; init; } = 64;

    public TimeProvider Time { get; init; } = TimeProvider.System;
}
