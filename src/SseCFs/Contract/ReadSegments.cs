namespace SseCFs.Contract;

/// <summary>Memory whose owner must keep it unchanged while a reader holds a reference. Thread-safe.</summary>
public interface ISharedMemory
{
    void AddReference();

    void Release();
}

/// <summary>
/// The answer to one read: slices of pinned memory, in order, to be sent as they are and let go afterwards.
/// The adapter makes a few and reuses them. Not thread-safe; one read at a time.
/// </summary>
public sealed class ReadSegments
{
    private (ReadOnlyMemory<byte> Memory, ISharedMemory? Owner)[] _segments = new (ReadOnlyMemory<byte>, ISharedMemory?)[16];

    public int Count { get; private set; }

    /// <summary>Bytes in all segments together.</summary>
    public int Length { get; private set; }

    public ReadOnlyMemory<byte> this[int index] => _segments[index].Memory;

    /// <summary>
    /// Adds pinned memory. Takes over one reference to the owner, which <see cref="Release"/> gives back.
    /// Null: memory that is never changed or reused.
    /// </summary>
    public void Add(ReadOnlyMemory<byte> memory, ISharedMemory? owner)
    {
        if (Count == _segments.Length)
        {
            Array.Resize(ref _segments, 2 * Count);
        }
        _segments[Count++] = (memory, owner);
        Length += memory.Length;
    }

    /// <summary>Lets go of all memory; the object can then serve the next read.</summary>
    public void Release()
    {
        for (var i = 0; i < Count; i++)
        {
            _segments[i].Owner?.Release();
            _segments[i] = default;
        }
        Count = 0;
        Length = 0;
    }
}
