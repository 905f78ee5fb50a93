namespace SseCFs.Content;

/// <summary>
/// The buffer behind the written bytes of one block of a file: in memory or in the spill file. Which of its bytes were
/// written, the extents tell. Guarded by its owner's lock.
/// </summary>
/// <param name="index">Its place in the file, in blocks.</param>
internal sealed class StagedChunk(StagedContent owner, long index)
{
    public long Index { get; } = index;

    public long Start => Index * Block.Size;

    public StagedContent Owner { get; } = owner;

    public Block? Memory { get; set; }

    public SpillPlace? Spilled { get; set; }

    /// <summary>Bytes from its start up to the last one that was ever written.</summary>
    public int Used { get; set; }

    /// <summary>The number of the last write to it, so that a spill or upload that was overtaken by a write is noticed.</summary>
    public long ChangedAt { get; set; }

    /// <summary>Guarded by the <see cref="StagingArea"/>.</summary>
    public LinkedListNode<StagedChunk>? Place { get; set; }
}
