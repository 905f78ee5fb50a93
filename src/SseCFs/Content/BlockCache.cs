using Microsoft.Extensions.Caching.Memory;

namespace SseCFs.Content;

/// <summary>
/// The blocks of stored content that are kept in memory, the least recently used going first. Bounded in bytes of capacity. Thread-safe.
/// </summary>
internal sealed class BlockCache : IDisposable
{
    /// <summary>Share of the entries dropped when room is needed: large enough to be rare, small enough to keep what is hot.</summary>
    private const double CompactionShare = 0.08;

    private readonly MemoryCache _cache;
    private readonly Lock _compaction = new();
    private readonly long _limit;
    private long _bytes;
    private long _reserved;

    /// <param name="limit">Bytes of block capacity kept at most.</param>
    public BlockCache(long limit, BlockPool pool)
    {
        _limit = limit;
        Pool = pool;
        _cache = new MemoryCache(new MemoryCacheOptions { SizeLimit = limit, CompactionPercentage = CompactionShare, TrackStatistics = true });
    }

    public BlockPool Pool { get; }

    private long Room => _limit - Interlocked.Read(ref _reserved);

    /// <summary>Leaves some of the limit to what else is kept, but a third for blocks in any case. Blocks that are here go when the next one comes.</summary>
    public void Reserve(long bytes) => Interlocked.Exchange(ref _reserved, Math.Min(bytes, _limit / 3 * 2));

    /// <summary>Bytes that may be fetched ahead of one reader without driving out what others use.</summary>
    public long ReadAheadLimit => _limit / 4;

    /// <summary>The cached block, with a reference for the caller; null if it is not here.</summary>
    public Block? TryGet(BlockSlot slot)
    {
        while (_cache.TryGetValue(slot, out var value) && value is Block block)
        {
            if (!block.TryAddReference())
            {
                return null;
            }
            // Between the look and the reference the block may have been evicted and reused elsewhere.
            if (_cache.TryGetValue(slot, out var again) && ReferenceEquals(again, block))
            {
                return block;
            }
            block.Release();
        }
        return null;
    }

    public bool Contains(BlockSlot slot) => _cache.TryGetValue(slot, out _);

    /// <summary>Keeps a block, with a reference of its own. A block that finds no room is simply not kept.</summary>
    public void Add(BlockSlot slot, Block block)
    {
        MakeRoom(block.Capacity);
        block.AddReference();
        Interlocked.Add(ref _bytes, block.Capacity);
        using var entry = _cache.CreateEntry(slot);
        entry.Size = block.Capacity;
        entry.Value = block;
        entry.PostEvictionCallbacks.Add(new PostEvictionCallbackRegistration { EvictionCallback = OnEvicted, State = this });
    }

    public void Remove(BlockSlot slot) => _cache.Remove(slot);

    public void Dispose() => _cache.Dispose();

    /// <summary>
    /// MemoryCache refuses an entry that would exceed its limit and only then makes room, in the background; a scan larger
    /// than the cache would never be kept. So room is made first. Its callbacks come late, from the pool: our count is never below
    /// the truth, but may be above it, and then its own is asked for, as each needless compaction drops what others use.
    /// </summary>
    private void MakeRoom(int needed)
    {
        if (Interlocked.Read(ref _bytes) + needed <= Room)
        {
            return;
        }
        lock (_compaction)
        {
            if (_cache.Count > 0 && _cache.GetCurrentStatistics()!.CurrentEstimatedSize is { } size && size + needed - Room is > 0 and var surplus)
            {
                _cache.Compact(Math.Max((double)surplus / size, Math.Max(CompactionShare, 1.0 / _cache.Count)));
            }
        }
    }

    private static void OnEvicted(object key, object? value, EvictionReason reason, object? state)
    {
        if (value is Block block && state is BlockCache cache)
        {
            Interlocked.Add(ref cache._bytes, -block.Capacity);
            block.Release();
        }
    }
}
