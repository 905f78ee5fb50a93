namespace SseCFs.Fuse.Session;

/// <summary>What a session needs to know apart from its connection.</summary>
internal sealed record SessionSettings
{
    /// <summary>Threads that read requests, at least 1.</summary>
    public int ReaderThreads { get; init; } = Math.Clamp(Environment.ProcessorCount, 2, 4);

    /// <summary>Most bytes of one WRITE; a multiple of 4,096.</summary>
    public int MaxWrite { get; init; } = 1 << 20;

    /// <summary>Bytes that frames in flight may hold before readers wait.</summary>
    public long MaxBytesInFlight { get; init; } = 64L << 20;

    /// <summary>How long the kernel may trust attributes that GETATTR and SETATTR gave.</summary>
    public TimeSpan AttributesValid { get; init; } = TimeSpan.FromSeconds(1);

    public TimeProvider Time { get; init; } = TimeProvider.System;

    // A WRITE is its data behind two headers of 80 bytes together; a page of room keeps the data of no other request out.
    public int ReceiveBufferSize => MaxWrite + 4096;
}
