using SseCFs.Content.Extents;

namespace SseCFs.Content;

/// <summary>
/// What a file will be once it is uploaded: a map that tells where each byte of it comes from, the buffers of the
/// written ones, and the stored version that they change. Thread-safe; whoever uploads keeps writers out meanwhile.
/// </summary>
internal sealed class StagedContent : IDisposable
{
    private readonly Lock _lock = new();
    private readonly ExtentMap _map;
    private readonly StagedChunks _chunks;
    private readonly StagedReader _reader;
    private StoredContent? _stored;
    private long _stamp;
    private long _cutAt;
    private long _contiguous;
    private bool _hasUploaded;
    private bool _isDisposed;

    /// <param name="stored">The version under it; null for a new or emptied file.</param>
    public StagedContent(StagingArea area, StoredContent? stored)
    {
        _stored = stored;
        _contiguous = stored?.Size ?? 0;
        _map = new ExtentMap(_contiguous);
        _chunks = new StagedChunks(this, area, _lock);
        _reader = new StagedReader(this, _map, _chunks, area, _lock);
    }

    public StoredContent? Stored => Volatile.Read(ref _stored);

    /// <summary>Up to where the stored version shows through where nothing was changed.</summary>
    public long StoredEnd => _map.StoredEnd;

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
    public long Appended => Contiguous - StoredEnd;

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
    public long Size => _map.Size;

    public long BytesInMemory => _chunks.BytesInMemory;

    /// <summary>Extents that are kept because of changes.</summary>
    public int ExtentCount
    {
        get
        {
            lock (_lock)
            {
                return _map.Count;
            }
        }
    }

    /// <summary>Writing the range takes no more room than is taken already, in memory or in the spill file.</summary>
    public bool HasPlaceFor(long offset, long length)
    {
        lock (_lock)
        {
            return _chunks.HavePlaceFor(offset, length);
        }
    }

    /// <summary>Stages data if nothing of the range is spilled, or was dropped.</summary>
    /// <returns>False: nothing was done, call <see cref="LoadAsync"/> for the range and try again.</returns>
    public bool TryWrite(long offset, ReadOnlySpan<byte> data)
    {
        lock (_lock)
        {
            var end = offset + data.Length;
            if (IsUploaded(offset, end) || !_chunks.AreLoaded(offset, data.Length))
            {
                return false;
            }
            if (data.Length > 0)
            {
                _chunks.Write(offset, data, ref _stamp);
                _map.Write(offset, end);
                if (offset <= _contiguous && end > _contiguous)
                {
                    // What was written behind it before is one extent with it now.
                    Interlocked.Exchange(ref _contiguous, _map.At(_contiguous).End);
                }
            }
            return true;
        }
    }

    /// <summary>Brings what is spilled of a range back into memory.</summary>
    public async ValueTask LoadAsync(long offset, long length, CancellationToken cancellation)
    {
        // Whole blocks, as they are spilled: what was written of one need not lie in the range.
        var end = (offset + length + Block.Size - 1) / Block.Size * Block.Size;
        offset -= offset % Block.Size;
        while (NextWritten(offset, end) is { } written)
        {
            for (var index = written.Start / Block.Size; index * Block.Size < written.End; index++)
            {
                await _chunks.LoadAsync(index, cancellation).ConfigureAwait(false);
            }
            offset = written.End;
        }
    }

    /// <summary>Cuts the file, or grows it with zeros.</summary>
    /// <returns>False: nothing was done; some of what would be left was dropped.</returns>
    public bool TrySetSize(long size)
    {
        if (Streamed is not { } streamed)
        {
            SetSize(size);
            return true;
        }
        // Under the upload's lock: a part that left in the middle of this would be of bytes that are cut off.
        if (!streamed.TryResize(size, SetSize, out var isAbandoned))
        {
            return false;
        }
        Streamed = isAbandoned ? null : streamed;
        return true;
    }

    private void SetSize(long size)
    {
        lock (_lock)
        {
            var old = _map.Size;
            if (size < old)
            {
                _contiguous = Math.Min(_contiguous, size);
                _cutAt = ++_stamp;
                _chunks.DropInside(_map, size, long.MaxValue);
            }
            else if (size > old)
            {
                _stamp++;
            }
            _map.Resize(size);
            if (size < old)
            {
                _chunks.DropUnwritten(_map, size);
            }
        }
    }

    /// <summary>Makes a range inside the file read as zeros.</summary>
    /// <returns>False: nothing was done; some of it was dropped.</returns>
    public bool TryZero(long offset, long length)
    {
        lock (_lock)
        {
            var end = Math.Min(offset + length, _map.Size);
            if (IsUploaded(offset, end))
            {
                return false;
            }
            if (offset < end)
            {
                _chunks.DropInside(_map, offset, end);
                _map.Zero(offset, end, ++_stamp);
                _chunks.DropUnwritten(_map, offset);
                _chunks.DropUnwritten(_map, end);
            }
            return true;
        }
    }

    /// <summary>Some of the range is with the service alone, and can be had only by storing the file.</summary>
    public bool IsDropped(long offset, long length)
    {
        lock (_lock)
        {
            return IsUploaded(offset, offset + length);
        }
    }

    /// <summary>Whether nothing of a range was changed after a change of that number.</summary>
    public bool IsUnchangedSince(long start, long end, long stamp)
    {
        lock (_lock)
        {
            return !StagedChanges.AreIn(_map, _chunks, start, end, stamp);
        }
    }

    /// <summary>Written ranges, in order, of the blocks that were written to after a change of that number. Bytes of the file.</summary>
    public IReadOnlyList<(long Start, long End)> ChangedSince(long stamp)
    {
        lock (_lock)
        {
            return StagedChanges.WrittenSince(_map, _chunks, stamp);
        }
    }

    /// <summary>Ranges, in order, that were made zeros after a change of that number, and are zeros still. Bytes of the file.</summary>
    public IReadOnlyList<(long Start, long End)> ZeroedSince(long stamp)
    {
        lock (_lock)
        {
            return StagedChanges.ZeroedSince(_map, stamp);
        }
    }

    /// <summary>
    /// The version under it was replaced by one that an upload of this content made: where nothing was written, the
    /// bytes are the same.
    /// </summary>
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

    /// <summary>
    /// Drops a range, whose ends are multiples of <see cref="Block.Size"/>, from memory and disk, unless it was changed
    /// after that change.
    /// </summary>
    public bool TryDrop(long start, long end, long stamp)
    {
        lock (_lock)
        {
            if (_isDisposed || !IsUnchangedSince(start, end, stamp))
            {
                return false;
            }
            _chunks.DropInside(_map, start, end);
            _map.Upload(start, end);
            _hasUploaded = true;
            return true;
        }
    }

    /// <summary>The stored version is gone: what it alone had reads as zeros from now on.</summary>
    /// <returns>How many bytes that are.</returns>
    public long DropStored()
    {
        lock (_lock)
        {
            return _map.DropStored();
        }
    }

    /// <summary>Adds the bytes of a range; fewer only at the end.</summary>
    /// <returns>False: some of it is dropped, and what was added is of no use.</returns>
    public ValueTask<bool> TryReadAsync(long offset, int length, long fetchTo, ReadSegments into, CancellationToken cancellation) =>
        _reader.TryReadAsync(offset, length, fetchTo, into, cancellation);

    /// <summary>See <see cref="StagedReader.GatherAsync"/>.</summary>
    public ValueTask GatherAsync(
        long start, long end, List<ReadOnlyMemory<byte>> slices, List<ISharedMemory> leases, CancellationToken cancellation) =>
        _reader.GatherAsync(start, end, slices, leases, cancellation);

    /// <summary>Whether a range, which must not be empty, is wholly as in the stored version.</summary>
    public bool IsUntouched(long start, long end)
    {
        lock (_lock)
        {
            return _map.Covers(ExtentSource.Stored, start, end);
        }
    }

    /// <summary>Whether any of a range is as in the stored version.</summary>
    public bool NeedsStored(long start, long end)
    {
        lock (_lock)
        {
            return _map.Has(ExtentSource.Stored, start, end);
        }
    }

    /// <summary>From a byte of the file to where another source begins, or to its end.</summary>
    public Extent RunAt(long offset)
    {
        lock (_lock)
        {
            return _map.RunAt(offset, long.MaxValue);
        }
    }

    /// <summary>
    /// Hands what is in memory, written or cached, over to the version that was made of it, so that it need not be
    /// fetched.
    /// </summary>
    public void Seed(StoredContent uploaded)
    {
        lock (_lock)
        {
            foreach (var chunk in _chunks.All)
            {
                var length = (int)Math.Min(Block.Size, uploaded.Size - chunk.Start);
                if (length > 0 && _reader.TryComplete(chunk, length))
                {
                    chunk.Memory!.Length = length;
                    uploaded.Seed(chunk.Index, chunk.Memory);
                }
            }
            if (_stored is { } former)
            {
                uploaded.TakeOver(former, (start, end) => _map.Covers(ExtentSource.Stored, start, end));
            }
        }
    }

    /// <summary>Makes room: drops a chunk, with its part, that the service has; moves another one to the spill file.</summary>
    /// <param name="mustGo">Also if it had better stay.</param>
    /// <param name="maySpill">False: the spill file is not tried.</param>
    /// <returns>False: it stays.</returns>
    public async ValueTask<bool> TryEvictAsync(StagedChunk chunk, bool mustGo, bool maySpill, CancellationToken cancellation)
    {
        var isFreed = Streamed is { } streamed ? await streamed.TryFreeAsync(chunk.Start, cancellation).ConfigureAwait(false) : false;
        if (isFreed == true)
        {
            return true;
        }
        if (!maySpill || isFreed is null && !mustGo)
        {
            return false;
        }
        await _chunks.SpillAsync(chunk, cancellation).ConfigureAwait(false);
        return true;
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _isDisposed = true;
            _chunks.Clear();
        }
        _ = Streamed?.AbandonAsync();
    }

    private Extent? NextWritten(long start, long end)
    {
        lock (_lock)
        {
            return _map.TryNext(ExtentSource.Written, start, end, out var extent) ? extent : null;
        }
    }

    private bool IsUploaded(long start, long end) => _hasUploaded && _map.Has(ExtentSource.Uploaded, start, end);
}
