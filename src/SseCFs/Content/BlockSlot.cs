namespace SseCFs.Content;

/// <summary>The place of one block of one stored version: its identity in the cache, and the fetch that is filling it.</summary>
internal sealed class BlockSlot
{
    /// <summary>Guarded by the lock of the <see cref="StoredContent"/> it belongs to.</summary>
    public PendingBlock? Pending { get; set; }
}

/// <summary>
/// A block on its way from the store, awaited by any number of readers; each is given a reference of its own, so that the block
/// cannot be evicted between its arrival and its use. Guarded by the lock of the <see cref="StoredContent"/>.
/// </summary>
internal sealed class PendingBlock
{
    public TaskCompletionSource<Block> Arrival { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public int Waiters { get; set; }
}
