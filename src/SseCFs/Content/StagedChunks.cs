using SseCFs.Content.Extents;

namespace SseCFs.Content;

/// <summary>
/// The buffers of one file's written bytes. Guarded by the owner's lock, but for what is asynchronous and takes it
/// itself.
/// </summary>
/// <param name="sync">The owner's lock.</param>
internal sealed class StagedChunks(StagedContent owner, StagingArea area, Lock sync)
{
    private readonly Dictionary<long, StagedChunk> _chunks = [];
    private long _bytesInMemory;

    public long BytesInMemory => Interlocked.Read(ref _bytesInMemory);

    public IEnumerable<StagedChunk> All => _chunks.Values;

    public StagedChunk? Find(long index) => _chunks.GetValueOrDefault(index);

    /// <summary>The buffers that a range has are large enough to be written to.</summary>
    public bool HavePlaceFor(long offset, long length)
    {
        for (var index = offset / Block.Size; index * Block.Size < offset + length; index++)
        {
            var needed = Math.Min(Block.Size, offset + length - index * Block.Size);
            if (!_chunks.TryGetValue(index, out var chunk) || (chunk.Memory?.Capacity ?? chunk.Spilled?.Length ?? 0) < needed)
            {
                return false;
            }
        }
        return true;
    }

    /// <summary>Whether nothing of a range is in the spill file.</summary>
    public bool AreLoaded(long offset, long length)
    {
        for (var index = offset / Block.Size; index * Block.Size < offset + length; index++)
        {
            if (_chunks.TryGetValue(index, out var chunk) && chunk.Spilled is not null)
            {
                return false;
            }
        }
        return true;
    }

    /// <summary>Keeps bytes; what is spilled of the range must have been loaded.</summary>
    /// <param name="stamp">The number of the last change; counted up with each chunk.</param>
    public void Write(long offset, ReadOnlySpan<byte> data, ref long stamp)
    {
        while (data.Length > 0)
        {
            var start = (int)(offset % Block.Size);
            var count = Math.Min(Block.Size - start, data.Length);
            var index = offset / Block.Size;
            if (!_chunks.TryGetValue(index, out var chunk))
            {
                _chunks[index] = chunk = new StagedChunk(owner, index);
            }
            EnsureCapacity(chunk, start + count);
            data[..count].CopyTo(chunk.Memory!.Buffer.Span[start..]);
            chunk.Used = Math.Max(chunk.Used, start + count);
            chunk.ChangedAt = ++stamp;
            offset += count;
            data = data[count..];
        }
    }

    /// <summary>Drops the buffers of the blocks that lie in a range as a whole. The map still tells which were written.</summary>
    public void DropInside(ExtentMap map, long start, long end)
    {
        for (var from = start; map.TryNext(ExtentSource.Written, from, end, out var extent); from = extent.End)
        {
            for (var index = extent.Start / Block.Size; index * Block.Size < extent.End; index++)
            {
                if (index * Block.Size >= start && end - index * Block.Size >= Block.Size)
                {
                    Drop(index);
                }
            }
        }
    }

    /// <summary>Drops the buffer of the block at a byte if the map tells that nothing written is left of it.</summary>
    public void DropUnwritten(ExtentMap map, long offset)
    {
        var start = offset / Block.Size * Block.Size;
        if (!map.TryNext(ExtentSource.Written, start, start + Block.Size, out _))
        {
            Drop(offset / Block.Size);
        }
    }

    public void Clear()
    {
        foreach (var chunk in _chunks.Values)
        {
            Free(chunk);
        }
        _chunks.Clear();
    }

    /// <summary>Brings a chunk back from the spill file, if it is there.</summary>
    public async ValueTask LoadAsync(long index, CancellationToken cancellation)
    {
        SpillPlace place;
        StagedChunk? chunk;
        lock (sync)
        {
            if (!_chunks.TryGetValue(index, out chunk) || chunk.Spilled is null)
            {
                return;
            }
            place = chunk.Spilled.Value;
        }
        var block = area.Pool.Rent(Block.Size);
        try
        {
            await area.Spill.ReadAsync(place, block.Buffer, cancellation).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            block.Release();
            if (e is FsException && HasMoved(chunk, place))
            {
                // Its place holds another one by now, or nothing.
                return;
            }
            throw;
        }
        lock (sync)
        {
            if (chunk.Spilled != place)
            {
                block.Release();
                return;
            }
            chunk.Spilled = null;
            chunk.Memory = block;
            Account(chunk, 0, block.Capacity);
        }
        area.Spill.Free(place);
    }

    /// <summary>Whether a chunk is no longer at a place in the spill file: it was loaded, dropped, or spilled again.</summary>
    public bool HasMoved(StagedChunk chunk, SpillPlace place)
    {
        lock (sync)
        {
            return chunk.Spilled != place;
        }
    }

    /// <summary>Moves a chunk to the spill file, unless it is written to meanwhile.</summary>
    public async ValueTask SpillAsync(StagedChunk chunk, CancellationToken cancellation)
    {
        Block block;
        long changes;
        int length;
        lock (sync)
        {
            if (chunk.Memory is null)
            {
                return;
            }
            block = chunk.Memory;
            block.AddReference();
            changes = chunk.ChangedAt;
            length = chunk.Used;
        }
        try
        {
            var place = await area.Spill.WriteAsync(block.Buffer.Slice(0, length), cancellation).ConfigureAwait(false);
            lock (sync)
            {
                if (chunk.ChangedAt == changes && ReferenceEquals(chunk.Memory, block))
                {
                    chunk.Spilled = place;
                    chunk.Memory = null;
                    Account(chunk, block.Capacity, 0);
                    block.Release();
                    return;
                }
            }
            area.Spill.Free(place);
        }
        finally
        {
            block.Release();
        }
    }

    /// <summary>
    /// The buffer of a chunk in memory, held for the caller: it stays as it is, and a write takes another one. Null if
    /// it is not in memory.
    /// </summary>
    public Block? Lease(long index)
    {
        if (_chunks.TryGetValue(index, out var chunk) && chunk.Memory is { } block)
        {
            block.AddReference();
            return block;
        }
        return null;
    }

    /// <summary>
    /// Gives the chunk a buffer of its own of at least so many bytes: one that is on its way to the service or to disk
    /// goes there as it was.
    /// </summary>
    private void EnsureCapacity(StagedChunk chunk, int needed)
    {
        var old = chunk.Memory;
        if (old is { IsShared: false } && old.Capacity >= needed)
        {
            return;
        }
        var block = area.Pool.Rent(Math.Max(needed, old?.Capacity ?? 0));
        if (old is not null)
        {
            old.Buffer.Span.CopyTo(block.Buffer.Span);
            old.Release();
        }
        chunk.Memory = block;
        Account(chunk, old?.Capacity ?? 0, block.Capacity);
    }

    private void Drop(long index)
    {
        if (_chunks.Remove(index, out var chunk))
        {
            Free(chunk);
        }
    }

    private void Account(StagedChunk chunk, int before, int after)
    {
        Interlocked.Add(ref _bytesInMemory, after - before);
        area.Account(chunk, before, after);
    }

    private void Free(StagedChunk chunk)
    {
        if (chunk.Memory is { } block)
        {
            chunk.Memory = null;
            Account(chunk, block.Capacity, 0);
            block.Release();
        }
        if (chunk.Spilled is { } place)
        {
            chunk.Spilled = null;
            area.Spill.Free(place);
        }
    }
}
