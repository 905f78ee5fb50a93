using SseCFs.Store;

namespace SseCFs.Content;

/// <summary>
/// The content of one stored version of an object, read through the block cache. One fetch per block, shared by
/// all who wait for it. Thread-safe.
/// </summary>
/// <param name="size">Bytes of the version.</param>
internal sealed class StoredContent(IObjectStore store, BlockCache cache, string key, string etag, long size) : IDisposable
{
    /// <summary>Bytes that one GET asks for at most: long enough to hide the round trip, short enough to run several at once.</summary>
    private const int UsualGet = 4 << 20;

    /// <summary>The most for one GET of what is sent again: a file that is sent as one PUT is fetched with one request.</summary>
    public const int LongestGet = 16 << 20;

    private readonly Lock _lock = new();
    private readonly Dictionary<long, BlockSlot> _slots = [];
    private readonly CancellationTokenSource _closing = new();
    private (string Key, string ETag) _place = (key, etag);

    public long Size { get; } = size;

    public string ETag
    {
        get
        {
            lock (_lock)
            {
                return _place.ETag;
            }
        }
    }

    /// <summary>
    /// The same bytes now stand under another key or version mark (a rename, a change of metadata); what is cached
    /// stays good.
    /// </summary>
    public void MoveTo(string newKey, string newETag)
    {
        lock (_lock)
        {
            _place = (newKey, newETag);
        }
    }

    /// <summary>
    /// Adds cached blocks from <paramref name="offset"/> on, up to the first that is not in memory.
    /// </summary>
    /// <returns>Bytes added. Allocates nothing.</returns>
    public int AddCached(long offset, int length, ReadSegments into)
    {
        var added = 0;
        var end = Math.Min(offset + length, Size);
        while (offset + added < end)
        {
            var position = offset + added;
            var index = position / Block.Size;
            Block? block = null;
            lock (_lock)
            {
                if (_slots.TryGetValue(index, out var slot))
                {
                    block = cache.TryGet(slot);
                }
            }
            if (block is null)
            {
                break;
            }
            added += AddSlice(block, position, end, into);
        }
        return added;
    }

    /// <summary>Adds the bytes of a range, fetching what is missing; fewer only at the end.</summary>
    /// <param name="fetchTo">Start fetching up to here as well.</param>
    public async ValueTask ReadAsync(long offset, int length, long fetchTo, ReadSegments into, CancellationToken cancellation)
    {
        var end = Math.Min(offset + length, Size);
        while (offset < end)
        {
            var block = await GetBlockAsync(offset / Block.Size, Math.Max(end, fetchTo), cancellation).ConfigureAwait(false);
            offset += AddSlice(block, offset, end, into);
        }
    }

    /// <summary>Copies a range, which must lie inside the content.</summary>
    public async ValueTask CopyToAsync(long offset, Memory<byte> destination, long fetchTo, CancellationToken cancellation)
    {
        while (destination.Length > 0)
        {
            var block = await GetBlockAsync(offset / Block.Size, Math.Max(offset + destination.Length, fetchTo), cancellation).ConfigureAwait(false);
            try
            {
                var slice = block.Content[(int)(offset % Block.Size)..];
                slice = slice[..Math.Min(slice.Length, destination.Length)];
                slice.CopyTo(destination);
                destination = destination[slice.Length..];
                offset += slice.Length;
            }
            finally
            {
                block.Release();
            }
        }
    }

    /// <summary>The block at a byte of the content, fetched if it is missing, with a reference for the caller.</summary>
    public ValueTask<Block> LeaseAsync(long offset, CancellationToken cancellation) => GetBlockAsync(offset / Block.Size, 0, cancellation);

    /// <summary>A block with a reference for the caller; null if it is not in memory.</summary>
    public Block? TryLease(long index)
    {
        lock (_lock)
        {
            return _slots.TryGetValue(index, out var slot) ? cache.TryGet(slot) : null;
        }
    }

    /// <summary>Starts the fetch of whatever is missing up to <paramref name="end"/>; waits for nothing.</summary>
    /// <param name="longest">Bytes of one GET at most.</param>
    public void Prefetch(long offset, long end, int longest = UsualGet)
    {
        var last = (Math.Min(end, Size) + Block.Size - 1) / Block.Size;
        var index = offset / Block.Size;
        lock (_lock)
        {
            while (index < last)
            {
                index = IsAwaited(index) ? index + 1 : StartFetch(index, Math.Min(last, index + longest / Block.Size));
            }
        }
    }

    /// <summary>Whether all of it is in memory.</summary>
    public bool IsCached()
    {
        lock (_lock)
        {
            for (long index = 0; index * Block.Size < Size; index++)
            {
                if (!_slots.TryGetValue(index, out var slot) || !cache.Contains(slot))
                {
                    return false;
                }
            }
        }
        return true;
    }

    /// <summary>Keeps a block that is known already (it was just uploaded, or came with another request).</summary>
    public void Seed(long index, Block block)
    {
        lock (_lock)
        {
            cache.Add(SlotAt(index), block);
        }
    }

    /// <summary>Takes what is cached of another version whose bytes are the same in some ranges; that version has it no more.</summary>
    /// <param name="isSame">Of a range of the file.</param>
    public void TakeOver(StoredContent former, Func<long, long, bool> isSame)
    {
        List<(long Index, BlockSlot Slot)> taken = [];
        lock (former._lock)
        {
            foreach (var (index, slot) in former._slots)
            {
                var (start, end) = (index * Block.Size, Math.Min((index + 1) * Block.Size, Size));
                if (slot.Pending is null && start < end && cache.Contains(slot) && isSame(start, end))
                {
                    taken.Add((index, slot));
                }
            }
            taken.ForEach(one => former._slots.Remove(one.Index));
        }
        lock (_lock)
        {
            foreach (var (index, slot) in taken)
            {
                _slots.TryAdd(index, slot);
            }
        }
    }

    /// <summary>Drops what is cached and ends fetches under way; readers of them fail as cancelled by the version's end.</summary>
    public void Dispose()
    {
        _closing.Cancel();
        lock (_lock)
        {
            foreach (var slot in _slots.Values)
            {
                cache.Remove(slot);
            }
            _slots.Clear();
        }
    }

    private static int AddSlice(Block block, long position, long end, ReadSegments into)
    {
        var from = (int)(position % Block.Size);
        var count = (int)Math.Min(block.Length - from, end - position);
        into.Add(block.Content.Slice(from, count), block);
        return count;
    }

    private async ValueTask<Block> GetBlockAsync(long index, long fetchTo, CancellationToken cancellation)
    {
        PendingBlock pending;
        lock (_lock)
        {
            if (_slots.TryGetValue(index, out var slot) && cache.TryGet(slot) is { } block)
            {
                return block;
            }
            if (slot?.Pending is null)
            {
                StartFetch(index, Math.Min((Math.Min(fetchTo, Size) + Block.Size - 1) / Block.Size, index + UsualGet / Block.Size));
                slot = _slots[index];
            }
            pending = slot.Pending!;
            pending.Waiters++;
        }
        Prefetch((index + 1) * Block.Size, fetchTo);
        try
        {
            return await pending.Arrival.Task.WaitAsync(cancellation).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            lock (_lock)
            {
                pending.Waiters--;
                if (pending.Arrival.Task.IsCompletedSuccessfully)
                {
                    ReleaseArrived(pending.Arrival.Task);
                }
            }
            throw;
        }
    }

#pragma warning disable RS0030 // completed already: this does not block
    private static void ReleaseArrived(Task<Block> arrived) => arrived.Result.Release();
#pragma warning restore RS0030

    private bool IsAwaited(long index) =>
        _slots.TryGetValue(index, out var slot) && (slot.Pending is not null || cache.Contains(slot));

    private BlockSlot SlotAt(long index)
    {
        if (!_slots.TryGetValue(index, out var slot))
        {
            _slots[index] = slot = new BlockSlot();
        }
        return slot;
    }

    /// <summary>
    /// Starts one GET from a missing block to the next one that is not missing, at most to <paramref name="last"/>;
    /// returns the index after it. Under the lock.
    /// </summary>
    private long StartFetch(long first, long last)
    {
        var fetch = new List<(BlockSlot Slot, PendingBlock Pending)>();
        var index = first;
        do
        {
            var slot = SlotAt(index++);
            slot.Pending = new PendingBlock();
            fetch.Add((slot, slot.Pending));
        }
        while (index < last && !IsAwaited(index));
        _ = Task.Run(() => FetchAsync(first, fetch), CancellationToken.None);
        return index;
    }

    private async Task FetchAsync(long first, List<(BlockSlot Slot, PendingBlock Pending)> fetch)
    {
        var arrived = 0;
        try
        {
            (string Key, string ETag) place;
            lock (_lock)
            {
                place = _place;
            }
            for (; ; )
            {
                try
                {
                    var offset = first * Block.Size;
                    var length = Math.Min((long)fetch.Count * Block.Size, Size - offset);
                    var body = await store.GetAsync(place.Key, offset, length, place.ETag, null, _closing.Token).ConfigureAwait(false);
                    await using (body!.ConfigureAwait(false))
                    {
                        while (arrived < fetch.Count)
                        {
                            var count = (int)Math.Min(Block.Size, length - (long)arrived * Block.Size);
                            Arrive(fetch[arrived], await ReadBlockAsync(body!, count).ConfigureAwait(false));
                            arrived++;
                        }
                    }
                    return;
                }
                catch (FsException e) when (e.Reason is FsError.Stale or FsError.NotFound && arrived == 0 && HasMoved(ref place))
                {
                    // A rename moved the bytes while the request was on its way: ask again where they are now.
                }
            }
        }
        catch (Exception e)
        {
            // Also when the store or the pool fails in an unforeseen way: whoever waits must be told.
            var shown = e is OperationCanceledException ? new FsException(FsError.Stale, $"the version of {key} that was being read is gone", e) : e;
            Fail(fetch, arrived, shown is FsException { Reason: FsError.NotFound } ? new FsException(FsError.Stale, shown.Message, shown) : shown);
        }
    }

    private bool HasMoved(ref (string Key, string ETag) place)
    {
        lock (_lock)
        {
            var moved = place != _place;
            place = _place;
            return moved;
        }
    }

    private async ValueTask<Block> ReadBlockAsync(ObjectBody body, int count)
    {
        var block = cache.Pool.Rent(count);
        try
        {
            var filled = 0;
            while (filled < count)
            {
                var read = await body.ReadAsync(block.Buffer.Slice(filled, count - filled), _closing.Token).ConfigureAwait(false);
                if (read == 0)
                {
                    throw new FsException(FsError.BadReply, $"the service sent {body.Length} bytes of {key} where more were due");
                }
                filled += read;
            }
            return block;
        }
        catch
        {
            block.Release();
            throw;
        }
    }

    private void Arrive((BlockSlot Slot, PendingBlock Pending) target, Block block)
    {
        lock (_lock)
        {
            target.Slot.Pending = null;
            if (!_closing.IsCancellationRequested)
            {
                cache.Add(target.Slot, block);
            }
            for (var i = 0; i < target.Pending.Waiters; i++)
            {
                block.AddReference();
            }
            target.Pending.Arrival.SetResult(block);
        }
        block.Release();
    }

    private void Fail(List<(BlockSlot Slot, PendingBlock Pending)> fetch, int from, Exception error)
    {
        lock (_lock)
        {
            for (var i = from; i < fetch.Count; i++)
            {
                fetch[i].Slot.Pending = null;
                fetch[i].Pending.Arrival.SetException(error);
                // Nobody may be waiting for a block that was fetched ahead: the error is then seen by the next reader's own fetch.
                _ = fetch[i].Pending.Arrival.Task.Exception;
            }
        }
    }
}
