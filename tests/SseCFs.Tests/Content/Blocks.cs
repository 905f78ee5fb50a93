using SseCFs.Content;

namespace SseCFs.Tests.Content;

public sealed class Blocks
{
    [Fact]
    public void A_scan_larger_than_the_cache_is_kept_as_far_as_there_is_room()
    {
        const int limit = 32 * Block.Size;
        var pool = new BlockPool(limit);
        using var cache = new BlockCache(limit, pool);
        var slots = new List<BlockSlot>();
        for (var i = 0; i < 200; i++)
        {
            Add(cache, slots);
            Assert.InRange(slots.Count(cache.Contains), Math.Min(i + 1, 28), 32);
            Assert.True(cache.Contains(slots[^1]), "the newest block was refused");
        }
    }

    [Fact]
    public void A_reader_keeps_a_block_that_is_evicted()
    {
        var pool = new BlockPool(1 << 20);
        using var cache = new BlockCache(1 << 20, pool);
        var slots = new List<BlockSlot>();
        Add(cache, slots, 77);
        var held = cache.TryGet(slots[0]);
        Assert.NotNull(held);
        cache.Remove(slots[0]);
        Assert.Null(cache.TryGet(slots[0]));
        for (var i = 0; i < 10; i++)
        {
            var other = pool.Rent(Block.Size);
            Assert.NotSame(held, other);
            other.Buffer.Span.Fill(1);
        }
        Assert.False(held.Content.Span.ContainsAnyExcept((byte)77));
        held.Release();
    }

    [Theory]
    [InlineData(0, 4096)]
    [InlineData(4096, 4096)]
    [InlineData(4097, 8192)]
    [InlineData(Block.Size, Block.Size)]
    public void Small_content_takes_small_buffers_and_they_are_reused(int length, int capacity)
    {
        var pool = new BlockPool(1 << 20);
        var block = pool.Rent(length);
        Assert.Equal((length, capacity), (block.Length, block.Capacity));
        block.Release();
        Assert.Same(block, pool.Rent(capacity));
        Assert.NotSame(block, pool.Rent(capacity));
    }

    private static void Add(BlockCache cache, List<BlockSlot> slots, byte fill = 0)
    {
        var block = cache.Pool.Rent(Block.Size);
        block.Buffer.Span.Fill(fill);
        slots.Add(new BlockSlot());
        cache.Add(slots[^1], block);
        block.Release();
    }
}
