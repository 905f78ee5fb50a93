namespace SseCFs.Content.Extents;

/// <summary>Where the bytes of a range of a file come from.</summary>
internal enum ExtentSource : byte
{
    /// <summary>The stored version that the draft stands on.</summary>
    Stored,

    /// <summary>A hole: it reads as zeros and takes no room.</summary>
    Zeros,

    /// <summary>Bytes that were written, in memory or in the spill file.</summary>
    Written,

    /// <summary>Parts of an upload that is not completed: the service has them, and nobody can read them yet.</summary>
    Uploaded,
}

/// <summary>A range of a file whose bytes come from one source.</summary>
/// <param name="End">First byte after it.</param>
/// <param name="ChangedAt">For zeros: the number of the last change that made some of them; 0 for those that no change made.</param>
internal readonly record struct Extent(long Start, long End, ExtentSource Source, long ChangedAt = 0)
{
    public long Length => End - Start;
}
