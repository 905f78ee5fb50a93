namespace SseCFs.Content;

/// <summary>
/// What a file will be once it is uploaded: staged chunks over the stored version they change. Thread-safe; whoever
/// uploads keeps writers out meanwhile.
/// </summary>
/// <param name="stored">The version under it; null for a new or emptied file.</param>
internal sealed class StagedContent(StagingArea area, StoredContent? stored) : IDisposable
{
    private StoredContent? _stored = stored;
    private readonly Lock _lock = new();
    private readonly Dictionary<long, StagedChunk> _chunks = [];
    private long _size = stored?.Size ?? 0;
    private readonly List<(long Start, long End)> _dropped = [];
    private long _stamp;
    private long _cutAt;
    private long _contiguous = stored?.Size ?? 0;
    private long _bytesInMemory;
    private bool _isDisposed;

    /// <summary>How far the stored version still shows through; a cut that is grown again reads as zeros.</summary>
    private long _storedEnd = stored?.Size ?? 0;

    public StoredContent? Stored => _stored;

    /// <summary>Up to where the stored version shows through where nothing was written.</summary>
    public long StoredEnd => Volatile.Read(ref _storedEnd);

    /// <summary>The upload that goes on while the file is written; null before it is large enough. Changed under its file's lock.</summary>
    public StreamedUpload? Streamed { get; set; }

    /// <summary>Some of it is with the service alone, in an upload that is not completed.</summary>
    public bool HasDropped => Streamed is { HasDropped: true };

    /// <summary>The number of the last change.</summary>
    public long Stamp
    {
        get
        {
            lock (_lock)
            {
                return _stamp;
            }
        }
    }

    /// <summary>The number of the last change that made the file shorter; 0 if none did.</summary>
    public long CutAt
    {
        get
        {
            lock (_lock)
            {
                return _cutAt;
            }
        }
    }

    /// <summary>Up to here, from the file's start, is nothing but stored content and after it what was written.</summary>
    public long Contiguous => Interlocked.Read(ref _contiguous);

    /// <summary>Bytes that were written behind the stored content, without a gap.</summary>
    public long Appended => Contiguous - Volatile.Read(ref _storedEnd);

    /// <summary>It was stored, or dropped: what was read from it since is of no use.</summary>
    public bool IsDisposed
    {
        get
        {
            lock (_lock)
            {
                return _isDisposed;
            }
        }
    }

    /// <summary>Bytes of the file as it will be.</summary>
    public long Size => Interlocked.Read(ref _size);

    public long BytesInMemory => Interlocked.Read(ref _bytesInMemory);

    /// <summary>Writing the range takes no more room than is taken already, in memory or in the spill file.</summary>
    public bool HasPlaceFor(long offset, long length)
    {
        lock (_lock)
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
    }

    /// <summary>Stages data if no spilled chunk is in the way.</summary>
    /// <returns>False: nothing was done, call <see cref="LoadAsync"/> for the range and try again.</returns>
    public bool TryWrite(long offset, ReadOnlySpan<byte> data)
    {
        lock (_lock)
        {
            if (!IsLoaded(offset, data.Length))
            {
                return false;
            }
            while (data.Length > 0)
            {
                var start = (int)(offset % Block.Size);
                var count = Math.Min(Block.Size - start, data.Length);
                var chunk = ChunkAt(offset / Block.Size);
                EnsureCapacity(chunk, start + count);
                data[..count].CopyTo(chunk.Memory!.Buffer.Span[start..]);
                chunk.Staged.Add(start, start + count);
                chunk.ChangedAt = ++_stamp;
                offset += count;
                data = data[count..];
                _size = Math.Max(_size, offset);
            }
            if (offset > _contiguous)
            {
                ExtendContiguous();
            }
            return true;
        }
    }

    /// <summary>Brings the spilled chunks of a range back into memory.</summary>
    public async ValueTask LoadAsync(long offset, long length, CancellationToken cancellation)
    {
        for (var index = offset / Block.Size; index * Block.Size < offset + length; index++)
        {
            SpillPlace place;
            StagedChunk? chunk;
            lock (_lock)
            {
                if (!_chunks.TryGetValue(index, out chunk) || chunk.Spilled is null)
                {
                    continue;
                }
                place = chunk.Spilled.Value;
            }
            var block = area.Pool.Rent(Block.Size);
            await area.Spill.ReadAsync(place, block.Buffer, cancellation).ConfigureAwait(false);
            lock (_lock)
            {
                if (chunk.Spilled != place)
                {
                    block.Release();
                    continue;
                }
                chunk.Spilled = null;
                chunk.Memory = block;
                Account(chunk, 0, block.Capacity);
            }
            area.Spill.Free(place);
        }
    }

    /// <summary>Cuts the file, or grows it with zeros.</summary>
    /// <returns>False: nothing was done; some of what would be left was dropped.</returns>
    public bool TrySetSize(long size)
    {
        // Not under the lock, which the upload takes under its own.
        var isCut = Streamed is { } streamed && streamed.End > size;
        if (isCut && !Streamed!.TryAbandon(keep: size))
        {
            return false;
        }
        lock (_lock)
        {
            if (isCut)
            {
                Streamed = null;
                _dropped.Clear();
            }
            if (size < _size)
            {
                _contiguous = Math.Min(_contiguous, size);
                _cutAt = ++_stamp;
                foreach (var (index, chunk) in _chunks.ToList())
                {
                    var start = index * Block.Size;
                    if (start >= size)
                    {
                        Drop(chunk);
                        _chunks.Remove(index);
                    }
                    else if (start + Block.Size > size)
                    {
                        chunk.Staged.Cut((int)(size - start));
                        chunk.ChangedAt = ++_stamp;
                    }
                }
                _storedEnd = Math.Min(_storedEnd, size);
            }
            _size = size;
            return true;
        }
    }

    /// <summary>Some of the range is with the service alone, and can be had only by storing the file.</summary>
    public bool IsDropped(long offset, long length)
    {
        lock (_lock)
        {
            foreach (var (start, end) in _dropped)
            {
                if (start < offset + length && offset < end)
                {
                    return true;
                }
            }
            return false;
        }
    }

    /// <summary>Whether nothing of a range was changed after a change of that number.</summary>
    public bool IsUnchangedSince(long start, long end, long stamp)
    {
        lock (_lock)
        {
            for (var index = start / Block.Size; index * Block.Size < end; index++)
            {
                if (_chunks.TryGetValue(index, out var chunk) && chunk.ChangedAt > stamp)
                {
                    return false;
                }
            }
            return true;
        }
    }

    /// <summary>Staged ranges, in order, of the chunks that were changed after a change of that number. Bytes of the file.</summary>
    public IReadOnlyList<(long Start, long End)> ChangedSince(long stamp)
    {
        var ranges = new List<(long Start, long End)>();
        lock (_lock)
        {
            foreach (var chunk in _chunks.Values.Where(chunk => chunk.ChangedAt > stamp).OrderBy(chunk => chunk.Index))
            {
                for (var i = 0; i < chunk.Staged.Count; i++)
                {
                    var start = chunk.Index * Block.Size;
                    ranges.Add((start + chunk.Staged[i].Start, Math.Min(_size, start + chunk.Staged[i].End)));
                }
            }
        }
        return ranges;
    }

    /// <summary>The version under it was replaced by one that an upload of this content made: where nothing was written, the bytes are the same.</summary>
    public void Rebase(StoredContent own)
    {
        lock (_lock)
        {
            if (_stored is not null)
            {
                _stored = own;
            }
        }
    }

    /// <summary>Drops a range, whose ends are multiples of <see cref="Block.Size"/>, from memory and disk, unless it was changed after that change.</summary>
    public bool TryDrop(long start, long end, long stamp)
    {
        lock (_lock)
        {
            if (_isDisposed || !IsUnchangedSince(start, end, stamp))
            {
                return false;
            }
            for (var index = start / Block.Size; index * Block.Size < end; index++)
            {
                if (_chunks.Remove(index, out var chunk))
                {
                    Drop(chunk);
                }
            }
            _dropped.Add((start, end));
            return true;
        }
    }

    /// <summary>The stored version is gone: what it alone had reads as zeros from now on.</summary>
    /// <returns>How many bytes that are.</returns>
    public long DropStored()
    {
        lock (_lock)
        {
            var lost = _storedEnd;
            foreach (var (index, chunk) in _chunks)
            {
                for (var i = 0; i < chunk.Staged.Count; i++)
                {
                    var start = index * Block.Size;
                    lost -= Math.Max(0, Math.Min(start + chunk.Staged[i].End, _storedEnd) - Math.Min(start + chunk.Staged[i].Start, _storedEnd));
                }
            }
            _storedEnd = 0;
            return lost;
        }
    }

    /// <summary>Makes a range inside the file read as zeros. Spilled chunks that it covers in part must have been loaded.</summary>
    public bool TryZero(long offset, long length)
    {
        lock (_lock)
        {
            var end = Math.Min(offset + length, _size);
            if (!IsLoaded(offset, Math.Max(0, end - offset)))
            {
                return false;
            }
            while (offset < end)
            {
                var start = (int)(offset % Block.Size);
                var count = (int)Math.Min(Block.Size - start, end - offset);
                var index = offset / Block.Size;
                if (_chunks.TryGetValue(index, out _) || offset < _storedEnd)
                {
                    var chunk = ChunkAt(index);
                    if (count == Block.Size)
                    {
                        Drop(chunk);
                    }
                    else
                    {
                        EnsureCapacity(chunk, start + count);
                        chunk.Memory!.Buffer.Span.Slice(start, count).Clear();
                    }
                    chunk.Staged.Add(start, start + count);
                    chunk.ChangedAt = ++_stamp;
                }
                offset += count;
            }
            return true;
        }
    }

    /// <summary>Adds the bytes of a range; fewer only at the end.</summary>
    /// <returns>False: some of it is dropped, and what was added is of no use.</returns>
    public async ValueTask<bool> TryReadAsync(long offset, int length, long fetchTo, ReadSegments into, CancellationToken cancellation)
    {
        var end = Math.Min(offset + length, Size);
        while (offset < end)
        {
            var count = (int)Math.Min(Block.Size - offset % Block.Size, end - offset);
            if (IsUntouched(offset, offset + count))
            {
                await _stored!.ReadAsync(offset, count, fetchTo, into, cancellation).ConfigureAwait(false);
            }
            else
            {
                var block = area.Pool.Rent(count);
                into.Add(block.Content, block);
                if (!await TryComposeAsync(offset, block.Buffer[..count], cancellation).ConfigureAwait(false))
                {
                    return false;
                }
            }
            offset += count;
        }
        return true;
    }

    /// <summary>Whether a range, which must not be empty, is wholly as in the stored version.</summary>
    public bool IsUntouched(long start, long end)
    {
        lock (_lock)
        {
            if (_stored is null || end > _storedEnd || IsDropped(start, end - start))
            {
                return false;
            }
            for (var index = start / Block.Size; index * Block.Size < end; index++)
            {
                if (_chunks.ContainsKey(index))
                {
                    return false;
                }
            }
            return true;
        }
    }

    /// <summary>Up to where all is as in the stored version from a byte on, at most to <paramref name="limit"/>; the byte itself if it is not.</summary>
    public long UntouchedTo(long start, long limit)
    {
        lock (_lock)
        {
            limit = _stored is null ? start : Math.Min(limit, _storedEnd);
            var end = start;
            while (end < limit && !_chunks.ContainsKey(end / Block.Size) && !IsDropped(end, 1))
            {
                end = Math.Min(limit, (end / Block.Size + 1) * Block.Size);
            }
            return end;
        }
    }

    /// <summary>
    /// The bytes of a range as slices of memory that stays as it is until <paramref name="leases"/> are released: the staged buffers
    /// themselves where they hold a chunk wholly, copies elsewhere.
    /// </summary>
    public async ValueTask GatherAsync(long start, long end, List<ReadOnlyMemory<byte>> slices, List<ISharedMemory> leases, CancellationToken cancellation)
    {
        while (start < end)
        {
            var from = (int)(start % Block.Size);
            var count = (int)Math.Min(Block.Size - from, end - start);
            var block = LeaseWhole(start / Block.Size, from, count);
            if (block is not null)
            {
                slices.Add(block.Buffer.Slice(from, count));
            }
            else
            {
                block = area.Pool.Rent(count);
                leases.Add(block);
                if (!await TryComposeAsync(start, block.Buffer[..count], cancellation).ConfigureAwait(false))
                {
                    throw new FsException(FsError.InputOutput, "what was dropped from memory, as the service has it, is to be sent again");
                }
                slices.Add(block.Content);
                start += count;
                continue;
            }
            leases.Add(block);
            start += count;
        }
    }

    /// <summary>Hands what is wholly in memory over to the version that was made of it, so that it need not be fetched.</summary>
    public void Seed(StoredContent uploaded)
    {
        lock (_lock)
        {
            foreach (var (index, chunk) in _chunks)
            {
                var length = (int)Math.Min(Block.Size, uploaded.Size - index * Block.Size);
                if (length > 0 && chunk.Memory is { } block && chunk.Staged.Covers(0, length))
                {
                    block.Length = length;
                    uploaded.Seed(index, block);
                }
            }
        }
    }

    /// <summary>Makes room: drops a chunk, with its part, that the service has; moves another one to the spill file.</summary>
    /// <param name="mustGo">Also if it had better stay.</param>
    /// <param name="maySpill">False: the spill file is not tried.</param>
    /// <returns>False: it stays.</returns>
    public async ValueTask<bool> TryEvictAsync(StagedChunk chunk, bool mustGo, bool maySpill, CancellationToken cancellation)
    {
        var isFreed = Streamed is { } streamed ? await streamed.TryFreeAsync(chunk.Index * Block.Size, cancellation).ConfigureAwait(false) : false;
        if (isFreed == true)
        {
            return true;
        }
        if (!maySpill || isFreed is null && !mustGo)
        {
            return false;
        }
        await SpillAsync(chunk, cancellation).ConfigureAwait(false);
        return true;
    }

    /// <summary>Moves one chunk to the spill file, unless it is written to meanwhile.</summary>
    private async ValueTask SpillAsync(StagedChunk chunk, CancellationToken cancellation)
    {
        Block block;
        long changes;
        int length;
        lock (_lock)
        {
            if (chunk.Memory is null)
            {
                return;
            }
            block = chunk.Memory;
            block.AddReference();
            changes = chunk.ChangedAt;
            length = chunk.Staged.End;
        }
        try
        {
            var place = await area.Spill.WriteAsync(block.Buffer.Slice(0, length), cancellation).ConfigureAwait(false);
            lock (_lock)
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

    public void Dispose()
    {
        lock (_lock)
        {
            _isDisposed = true;
            foreach (var chunk in _chunks.Values)
            {
                Drop(chunk);
            }
            _chunks.Clear();
        }
        _ = Streamed?.AbandonAsync();
    }

    private void ExtendContiguous()
    {
        while (_chunks.TryGetValue(_contiguous / Block.Size, out var chunk))
        {
            var end = chunk.Index * Block.Size + chunk.Staged.EndFrom((int)(_contiguous % Block.Size));
            if (end == _contiguous)
            {
                return;
            }
            Interlocked.Exchange(ref _contiguous, end);
        }
    }

    private bool IsLoaded(long offset, long length)
    {
        if (_dropped.Count > 0 && IsDropped(offset, length))
        {
            return false;
        }
        for (var index = offset / Block.Size; index * Block.Size < offset + length; index++)
        {
            if (_chunks.TryGetValue(index, out var chunk) && chunk.Spilled is not null)
            {
                return false;
            }
        }
        return true;
    }

    private StagedChunk ChunkAt(long index)
    {
        if (!_chunks.TryGetValue(index, out var chunk))
        {
            _chunks[index] = chunk = new StagedChunk(this, index);
        }
        return chunk;
    }

    /// <summary>
    /// Gives the chunk a buffer of its own of at least so many bytes: one that is on its way to the service or to disk goes there as it was.
    /// One without a buffer had only zeros staged.
    /// </summary>
    private void EnsureCapacity(StagedChunk chunk, int needed)
    {
        var old = chunk.Memory;
        if (old is { IsShared: false } && old.Capacity >= needed)
        {
            return;
        }
        var block = area.Pool.Rent(Math.Max(Math.Max(needed, chunk.Staged.End), old?.Capacity ?? 0));
        if (old is not null)
        {
            old.Buffer.Span.CopyTo(block.Buffer.Span);
            old.Release();
        }
        else
        {
            block.Buffer.Span.Slice(0, chunk.Staged.End).Clear();
        }
        chunk.Memory = block;
        Account(chunk, old?.Capacity ?? 0, block.Capacity);
    }

    private void Account(StagedChunk chunk, int before, int after)
    {
        Interlocked.Add(ref _bytesInMemory, after - before);
        area.Account(chunk, before, after);
    }

    private void Drop(StagedChunk chunk)
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

    private Block? LeaseWhole(long index, int from, int count)
    {
        lock (_lock)
        {
            if (_chunks.TryGetValue(index, out var chunk) && chunk.Memory is { } block && chunk.Staged.Covers(from, from + count))
            {
                block.AddReference();
                return block;
            }
            return null;
        }
    }

    /// <summary>Copies a range that lies inside one chunk, from wherever its bytes are; false if some are dropped.</summary>
    private async ValueTask<bool> TryComposeAsync(long offset, Memory<byte> destination, CancellationToken cancellation)
    {
        var index = offset / Block.Size;
        var from = (int)(offset % Block.Size);
        var fromStored = new List<(int Start, int End)>();
        SpillPlace? spilled = null;
        var staged = new List<(int Start, int End)>();
        lock (_lock)
        {
            if (_dropped.Count > 0 && IsDropped(offset, destination.Length))
            {
                return false;
            }
            destination.Span.Clear();
            var position = from;
            var end = from + destination.Length;
            if (_chunks.TryGetValue(index, out var chunk))
            {
                spilled = chunk.Spilled;
                for (var i = 0; i < chunk.Staged.Count; i++)
                {
                    var (start, stop) = (Math.Max(from, chunk.Staged[i].Start), Math.Min(end, chunk.Staged[i].End));
                    if (start >= stop)
                    {
                        continue;
                    }
                    AddStored(fromStored, index, position, start);
                    position = stop;
                    if (chunk.Memory is { } block)
                    {
                        block.Buffer.Span.Slice(start, stop - start).CopyTo(destination.Span[(start - from)..]);
                    }
                    else if (spilled is not null)
                    {
                        staged.Add((start, stop));
                    }
                }
            }
            AddStored(fromStored, index, position, end);
        }
        foreach (var (start, end) in fromStored)
        {
            await _stored!.CopyToAsync(index * Block.Size + start, destination[(start - from)..(end - from)], 0, cancellation).ConfigureAwait(false);
        }
        if (spilled is { } place && staged.Count > 0)
        {
            await CopySpilledAsync(index, place, staged, from, destination, cancellation).ConfigureAwait(false);
        }
        return true;
    }

    private void AddStored(List<(int Start, int End)> list, long index, int start, int end)
    {
        end = (int)Math.Min(end, Math.Max(0, _storedEnd - index * Block.Size));
        if (start < end)
        {
            list.Add((start, end));
        }
    }

    private async ValueTask CopySpilledAsync(long index, SpillPlace place, List<(int Start, int End)> staged, int from, Memory<byte> destination, CancellationToken cancellation)
    {
        var block = area.Pool.Rent(Block.Size);
        try
        {
            try
            {
                await area.Spill.ReadAsync(place, block.Buffer, cancellation).ConfigureAwait(false);
            }
            catch (FsException) when (TryCopyLoaded(index, place, block))
            {
                // It came back to memory meanwhile, and its place on disk holds another chunk by now.
            }
            foreach (var (start, end) in staged)
            {
                block.Buffer.Span.Slice(start, end - start).CopyTo(destination.Span[(start - from)..]);
            }
        }
        finally
        {
            block.Release();
        }
    }

    private bool TryCopyLoaded(long index, SpillPlace place, Block into)
    {
        lock (_lock)
        {
            if (!_chunks.TryGetValue(index, out var chunk) || chunk.Spilled == place || chunk.Memory is not { } loaded)
            {
                return false;
            }
            loaded.Buffer.Span.CopyTo(into.Buffer.Span);
            return true;
        }
    }
}
