using System.Collections.Concurrent;
using System.Numerics;

namespace SseCFs.Cache;

/// <summary>
/// Pinned buffers for reuse, in sizes from 4 KiB to <see cref="Block.Size"/> by powers of two, so that a small file costs
/// little. Keeps at most <paramref name="retainedBytes"/> of unused memory; more is left to the collector. Thread-safe.
/// </summary>
/// <remarks>
/// Buffers are reused, <see cref="Block"/> objects too: a stale reference may try to revive one, and then finds it serving another
/// place. <see cref="BlockCache.TryGet"/> therefore asks the cache again after it has its reference.
/// </remarks>
internal sealed class BlockPool(long retainedBytes)
{
    private const int SmallestShift = 12;
    private static readonly int Classes = BitOperations.Log2(Block.Size) - SmallestShift + 1;

    private readonly ConcurrentStack<Block>[] _free = [.. Enumerable.Range(0, Classes).Select(_ => new ConcurrentStack<Block>())];
    private long _retained;

    /// <summary>A block of at least <paramref name="length"/> bytes (0 to <see cref="Block.Size"/>), its content undefined, held once by the caller.</summary>
    public Block Rent(int length)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, Block.Size);
        var index = ClassOf(length);
        if (_free[index].TryPop(out var block))
        {
            Interlocked.Add(ref _retained, -block.Capacity);
        }
        else
        {
            block = new Block(this, 1 << (index + SmallestShift));
        }
        block.Start(length);
        return block;
    }

    internal void Return(Block block)
    {
        if (Interlocked.Add(ref _retained, block.Capacity) > retainedBytes)
        {
            Interlocked.Add(ref _retained, -block.Capacity);
            return;
        }
        _free[ClassOf(block.Capacity)].Push(block);
    }

    private static int ClassOf(int length) =>
        length <= 1 << SmallestShift ? 0 : BitOperations.Log2((uint)length - 1) + 1 - SmallestShift;
}
