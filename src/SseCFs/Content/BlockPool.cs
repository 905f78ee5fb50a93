using System.Collections.Concurrent;
using System.Numerics;

namespace SseCFs.Content;

/// <summary>
/// Pinned buffers for reuse, in sizes from 4 KiB to <see cref="Block.Size"/> by powers of two, so that a small file costs
/// little. Keeps at most <paramref name="retainedBytes"/> of unused memory; more is given back. Thread-safe.
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

    /// <summary>Parts of slabs that have their addresses and perhaps nothing behind them.</summary>
    private readonly ConcurrentStack<Block> _withoutMemory = new();
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
            block = index == Classes - 1 ? RentWhole() : new Block(this, GC.AllocateUninitializedArray<byte>(1 << (index + SmallestShift), pinned: true));
        }
        block.Start(length);
        return block;
    }

    internal void Return(Block block)
    {
        if (Interlocked.Add(ref _retained, block.Capacity) <= retainedBytes)
        {
            _free[ClassOf(block.Capacity)].Push(block);
            return;
        }
        Interlocked.Add(ref _retained, -block.Capacity);
        if (block.Capacity == Block.Size)
        {
            Slab.Discard(block.Buffer);
            _withoutMemory.Push(block);
        }
    }

    private Block RentWhole()
    {
        if (_withoutMemory.TryPop(out var block))
        {
            return block;
        }
        var slab = new Slab();
        for (var offset = Block.Size; offset < Slab.Size; offset += Block.Size)
        {
            _withoutMemory.Push(new Block(this, slab.Memory.Slice(offset, Block.Size)));
        }
        return new Block(this, slab.Memory[..Block.Size]);
    }

    private static int ClassOf(int length) =>
        length <= 1 << SmallestShift ? 0 : BitOperations.Log2((uint)length - 1) + 1 - SmallestShift;
}
