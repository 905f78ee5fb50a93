namespace SseCFs.Content;

/// <summary>
/// The memory that all staged data shares. When it runs short the chunks staged longest ago go to the spill file. Thread-safe.
/// Lock order: a <see cref="StagedContent"/>'s lock, then this.
/// </summary>
/// <param name="limit">Bytes of staged data kept in memory.</param>
internal sealed class StagingArea(long limit, BlockPool pool, SpillFile spill) : IDisposable
{
    /// <summary>Kept for files that hold little, so that a large one does not take the room from all others when the disk under the spill file is full.</summary>
    private readonly long _reserve = limit / 8;
    private readonly Lock _lock = new();
    private readonly LinkedList<StagedChunk> _inMemory = [];
    private long _bytes;

    public BlockPool Pool => pool;

    public SpillFile Spill => spill;

    /// <summary>Bytes of staged data kept in memory.</summary>
    public long Limit => limit;

    /// <summary>Room is to be made before more is staged.</summary>
    public bool IsShort => Bytes > limit - _reserve;

    /// <summary>Bytes staged in memory now.</summary>
    public long Bytes => Interlocked.Read(ref _bytes);

    /// <summary>A chunk's buffer came, grew or went.</summary>
    public void Account(StagedChunk chunk, int before, int after)
    {
        Interlocked.Add(ref _bytes, after - before);
        lock (_lock)
        {
            if (before == 0 && after > 0)
            {
                chunk.Place ??= new LinkedListNode<StagedChunk>(chunk);
                _inMemory.AddLast(chunk.Place);
            }
            else if (after == 0 && chunk.Place?.List is not null)
            {
                _inMemory.Remove(chunk.Place);
            }
        }
    }

    /// <summary>Whether a file may be written to although no room can be made: it holds little, or only writes over what is staged.</summary>
    /// <param name="staged">Null: nothing of it is staged.</param>
    public bool HasRoomFor(StagedContent? staged, long offset, long length) =>
        Bytes < limit && (staged?.BytesInMemory ?? 0) < _reserve || staged is not null && staged.HasPlaceFor(offset, length);

    /// <summary>Drops what the service has already, or spills, until there is room; a writer that outruns the service or the disk waits here.</summary>
    /// <exception cref="FsException"><see cref="FsError.NoSpace"/>: the disk under the spill file is full, and the service takes nothing off memory.</exception>
    public async ValueTask MakeRoomAsync(CancellationToken cancellation)
    {
        FsException? full = null;
        var passedOver = 0;
        while (IsShort)
        {
            StagedChunk? oldest;
            bool mustGo;
            lock (_lock)
            {
                oldest = _inMemory.First?.Value;
                if (oldest is null)
                {
                    return;
                }
                // To the end at once, so that two writers making room do not pick the same chunk.
                _inMemory.Remove(oldest.Place!);
                _inMemory.AddLast(oldest.Place!);
                mustGo = passedOver >= _inMemory.Count;
            }
            if (full is not null && mustGo)
            {
                throw full;
            }
            try
            {
                passedOver = await oldest.Owner.TryEvictAsync(oldest, mustGo, maySpill: full is null, cancellation).ConfigureAwait(false) ? 0 : passedOver + 1;
            }
            catch (FsException e) when (e.Reason == FsError.NoSpace)
            {
                full = e;
                passedOver++;
            }
        }
    }

    public void Dispose() => spill.Dispose();
}
