namespace SseCFs.Content;

/// <summary>
/// Up to <see cref="Block.Size"/> staged bytes at one place of a file: in memory, in the spill file, or (neither) zeros.
/// Guarded by its owner's lock.
/// </summary>
/// <param name="index">Its place in the file, in blocks.</param>
internal sealed class StagedChunk(StagedContent owner, long index)
{
    public long Index { get; } = index;

    public StagedContent Owner { get; } = owner;

    /// <summary>The bytes of the chunk that are staged; the others come from the stored version.</summary>
    public ByteRanges Staged { get; } = new();

    public Block? Memory { get; set; }

    public SpillPlace? Spilled { get; set; }

    /// <summary>The number of its last change among the owner's, so that a spill or upload that was overtaken by a write is noticed.</summary>
    public long ChangedAt { get; set; }

    /// <summary>Guarded by the <see cref="StagingArea"/>.</summary>
    public LinkedListNode<StagedChunk>? Place { get; set; }
}
