using System.Diagnostics;

namespace SseCFs.Content;

/// <summary>
/// A piece of file content in pinned memory, shared by reference count: whoever holds a reference may read it,
/// and the memory goes back to the pool when the last one lets go. Thread-safe but for <see cref="Length"/> and the bytes,
/// which only the sole owner may change.
/// </summary>
internal sealed class Block : ISharedMemory
{
    /// <summary>Bytes of a file that one block covers; blocks begin at multiples of it.</summary>
    public const int Size = 128 << 10;

    private readonly BlockPool _pool;
    private int _references;

    internal Block(BlockPool pool, Memory<byte> buffer)
    {
        _pool = pool;
        Buffer = buffer;
    }

    internal Memory<byte> Buffer { get; }

    public int Capacity => Buffer.Length;

    /// <summary>Bytes of content in the buffer.</summary>
    public int Length { get; set; }

    public ReadOnlyMemory<byte> Content => Buffer[..Length];

    /// <summary>Others than the caller hold it.</summary>
    public bool IsShared => Volatile.Read(ref _references) > 1;

    /// <summary>Only when a reference is held already.</summary>
    public void AddReference()
    {
        var count = Interlocked.Increment(ref _references);
        Debug.Assert(count > 1, "a block nobody holds cannot be shared");
    }

    /// <summary>False when the last reference is gone and the memory may serve another block by now.</summary>
    public bool TryAddReference()
    {
        var seen = Volatile.Read(ref _references);
        while (seen > 0)
        {
            var before = Interlocked.CompareExchange(ref _references, seen + 1, seen);
            if (before == seen)
            {
                return true;
            }
            seen = before;
        }
        return false;
    }

    public void Release()
    {
        var left = Interlocked.Decrement(ref _references);
        Debug.Assert(left >= 0, "a block was released twice");
        if (left == 0)
        {
            _pool.Return(this);
        }
    }

    internal void Start(int length)
    {
        Length = length;
        Volatile.Write(ref _references, 1);
    }
}
