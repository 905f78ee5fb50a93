using SseCFs.Cache;

namespace SseCFs.Write;

/// <summary>
/// The memory that all staged data shares. Beyond its limit the chunks staged longest ago go to the spill file. Thread-safe.
/// Lock order: a <see cref="StagedContent"/>'s lock, then this.
/// </summary>
/// <param name="limit">Bytes of staged data kept in memory.</param>
internal sealed class StagingArea(long limit, BlockPool pool, SpillFile spill) : IDisposable
{
    private readonly Lock _lock = new();
    private readonly LinkedList<StagedChunk> _inMemory = [];
    private long _bytes;

    public BlockPool Pool => pool;

    public SpillFile Spill => spill;

    /// <summary>Bytes of staged data kept in memory.</summary>
    public long Limit => limit;

    public bool IsOverLimit => Interlocked.Read(ref _bytes) > limit;

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

    /// <summary>Drops what the service has already, or spills, until the limit is met; a writer that outruns the service or the disk waits here.</summary>
    public async ValueTask MakeRoomAsync(CancellationToken cancellation)
    {
        var passedOver = 0;
        while (IsOverLimit)
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
            passedOver = await oldest.Owner.TryEvictAsync(oldest, mustGo, cancellation).ConfigureAwait(false) ? 0 : passedOver + 1;
        }
    }

    public void Dispose() => spill.Dispose();
}
