namespace SseCFs.Fuse;

/// <summary>Per-mount flags of mount(8) that the kernel enforces.</summary>
[Flags]
public enum FuseMountFlags
{
    None = 0,
    /// <summary>Writes are refused with EROFS before they reach the file system.</summary>
    ReadOnly = 1,
    NoSetUserId = 2,
    NoDevices = 4,
    NoExecute = 8,
    Synchronous = 16,
    SynchronousDirectories = 32,
    NoAccessTime = 64,
    NoDirectoryAccessTime = 128,
    RelativeAccessTime = 256,
    StrictAccessTime = 512,
}

/// <summary>How to mount. Permission checks are always the kernel's (default_permissions).</summary>
public sealed record FuseMountOptions
{
    /// <summary>What `mount` shows as the source.</summary>
    public string Source { get; init; } = "ssecfs";

    /// <summary>`mount` shows the type fuse.SUBTYPE.</summary>
    public string Subtype { get; init; } = "ssecfs";

    /// <summary>Ordinary users other than the one who mounted may enter.</summary>
    public bool AllowOther { get; init; }

    public FuseMountFlags Flags { get; init; } = FuseMountFlags.NoSetUserId | FuseMountFlags.NoDevices;

    /// <summary>Threads that read requests and answer what is in memory; 1 to 64.</summary>
    public int ReaderThreads { get; init; } = Math.Clamp(Environment.ProcessorCount, 2, 4);

    /// <summary>Most bytes of one write request; 4 KiB to 1 MiB in steps of 4 KiB.</summary>
    public int MaxWrite { get; init; } = 1 << 20;

    /// <summary>Bytes that write requests in flight may hold before the next ones wait.</summary>
    public long MaxBytesInFlight { get; init; } = 64L << 20;

    /// <summary>How far the kernel reads ahead on its own, in KiB; takes effect for root only, others get the kernel's 128.</summary>
    public int ReadAheadKiB { get; init; } = 1024;

    /// <summary>How long the kernel may trust attributes it asked for (stat) or changed.</summary>
    public TimeSpan AttributesValid { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Gives the time for utimensat(2) with UTIME_NOW.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>How long disposing waits for open files to be closed before it cuts them off.</summary>
    public TimeSpan UnmountPatience { get; init; } = TimeSpan.FromSeconds(10);

    internal void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(ReaderThreads, 1, nameof(ReaderThreads));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(ReaderThreads, 64, nameof(ReaderThreads));
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxWrite, 4096, nameof(MaxWrite));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(MaxWrite, 1 << 20, nameof(MaxWrite));
        ArgumentOutOfRangeException.ThrowIfNotEqual(MaxWrite % 4096, 0, nameof(MaxWrite));
        ArgumentOutOfRangeException.ThrowIfNegative(MaxBytesInFlight, nameof(MaxBytesInFlight));
    }
}
