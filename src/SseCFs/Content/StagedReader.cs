using SseCFs.Content.Extents;

namespace SseCFs.Content;

/// <summary>Reads a draft, range by range, from wherever its bytes are. Thread-safe.</summary>
/// <param name="sync">The lock of the draft, which guards its map and chunks.</param>
internal sealed class StagedReader(StagedContent staged, ExtentMap map, StagedChunks chunks, StagingArea area, Lock sync)
{
    /// <summary>Bytes that are fetched together of what must go through memory to be sent: a small file with one request.</summary>
    private const long FetchedAtOnce = StoredContent.LongestGet;

    /// <summary>See <see cref="StagedContent.TryReadAsync"/>.</summary>
    public async ValueTask<bool> TryReadAsync(long offset, int length, long fetchTo, ReadSegments into, CancellationToken cancellation)
    {
        var end = Math.Min(offset + length, map.Size);
        while (offset < end)
        {
            var piece = PieceAt(offset, end);
            switch (piece.Source)
            {
                case ExtentSource.Zeros:
                    Zeros.AddTo(into, piece.Length);
                    break;
                case ExtentSource.Stored:
                    await staged.Stored!.ReadAsync(piece.Start, (int)piece.Length, fetchTo, into, cancellation).ConfigureAwait(false);
                    break;
                default:
                    var block = area.Pool.Rent((int)piece.Length);
                    into.Add(block.Content, block);
                    if (!await TryComposeAsync(piece.Start, block.Buffer[..(int)piece.Length], cancellation).ConfigureAwait(false))
                    {
                        return false;
                    }
                    break;
            }
            offset = piece.End;
        }
        return true;
    }

    /// <summary>Fills in what the first bytes of a chunk have from elsewhere, if that is in memory too. Under the lock.</summary>
    /// <returns>Whether the chunk's buffer now has all of them.</returns>
    public bool TryComplete(StagedChunk chunk, int length)
    {
        if (map.Covers(ExtentSource.Written, chunk.Start, chunk.Start + length))
        {
            return chunk.Memory is not null;
        }
        if (chunk.Memory is not { IsShared: false } buffer || buffer.Capacity < length || chunk.Start + length > map.Size)
        {
            return false;
        }
        var stored = staged.Stored?.TryLease(chunk.Index);
        try
        {
            for (var start = chunk.Start; start < chunk.Start + length;)
            {
                var run = map.RunAt(start, chunk.Start + length);
                var (from, to) = ((int)(run.Start - chunk.Start), (int)(run.End - chunk.Start));
                if (run.Source == ExtentSource.Zeros)
                {
                    buffer.Buffer.Span[from..to].Clear();
                }
                else if (run.Source == ExtentSource.Stored && stored?.Length >= to)
                {
                    stored.Content.Span[from..to].CopyTo(buffer.Buffer.Span[from..]);
                }
                else if (run.Source != ExtentSource.Written)
                {
                    return false;
                }
                start = run.End;
            }
            return true;
        }
        finally
        {
            stored?.Release();
        }
    }

    /// <summary>
    /// The bytes of a range as slices of memory that stays as it is until <paramref name="leases"/> are released:
    /// buffers, cached blocks and shared zeros themselves, copies where a block is from more than one source.
    /// </summary>
    public async ValueTask GatherAsync(
        long start, long end, List<ReadOnlyMemory<byte>> slices, List<ISharedMemory> leases, CancellationToken cancellation)
    {
        var fetched = start;
        while (start < end)
        {
            var piece = PieceAt(start, end);
            if (piece.Source == ExtentSource.Zeros)
            {
                Zeros.AddTo(slices, piece.Length);
            }
            else if (piece.Source != ExtentSource.Written || !TryLease(piece, slices, leases))
            {
                if (start >= fetched)
                {
                    fetched = Math.Max(Fetch(start, end), piece.End);
                }
                if (piece.Source == ExtentSource.Stored)
                {
                    await LeaseStoredAsync(piece, slices, leases, cancellation).ConfigureAwait(false);
                }
                else
                {
                    var block = area.Pool.Rent((int)piece.Length);
                    leases.Add(block);
                    if (!await TryComposeAsync(start, block.Buffer[..(int)piece.Length], cancellation).ConfigureAwait(false))
                    {
                        throw new FsException(
                            FsError.InputOutput, "what was dropped from memory, as the service has it, is to be sent again");
                    }
                    slices.Add(block.Content);
                }
            }
            start = piece.End;
        }
    }

    /// <summary>
    /// What can be read in one go from a byte on: zeros or stored content that reach to the end of their block at
    /// least, or else the rest of the block.
    /// </summary>
    private Piece PieceAt(long offset, long end)
    {
        var blockEnd = Math.Min(end, (offset / Block.Size + 1) * Block.Size);
        lock (sync)
        {
            if (offset >= map.Size)
            {
                // It was cut while it was read.
                return new Piece(offset, end, ExtentSource.Zeros);
            }
            var run = map.RunAt(offset, end);
            return run.End < blockEnd ? new Piece(offset, blockEnd, null)
                : run.Source is ExtentSource.Zeros or ExtentSource.Stored ? new Piece(offset, run.End, run.Source)
                : new Piece(offset, blockEnd, run.Source);
        }
    }

    private bool TryLease(Piece piece, List<ReadOnlyMemory<byte>> slices, List<ISharedMemory> leases)
    {
        lock (sync)
        {
            if (chunks.Lease(piece.Start / Block.Size) is not { } block)
            {
                return false;
            }
            leases.Add(block);
            slices.Add(block.Buffer.Slice((int)(piece.Start % Block.Size), (int)piece.Length));
            return true;
        }
    }

    /// <summary>Begins to fetch what is needed of the stored version from a byte on, with long requests.</summary>
    /// <returns>Up to where.</returns>
    private long Fetch(long start, long end)
    {
        long reach;
        lock (sync)
        {
            reach = map.StoredReach(start, Math.Min(end, start + FetchedAtOnce));
        }
        if (reach > start)
        {
            staged.Stored?.Prefetch(start, reach, StoredContent.LongestGet);
        }
        return reach;
    }

    private async ValueTask LeaseStoredAsync(
        Piece piece, List<ReadOnlyMemory<byte>> slices, List<ISharedMemory> leases, CancellationToken cancellation)
    {
        for (var offset = piece.Start; offset < piece.End;)
        {
            var block = await staged.Stored!.LeaseAsync(offset, cancellation).ConfigureAwait(false);
            leases.Add(block);
            var from = (int)(offset % Block.Size);
            var count = (int)Math.Min(block.Length - from, piece.End - offset);
            slices.Add(block.Content.Slice(from, count));
            offset += count;
        }
    }

    /// <summary>Copies a range that lies inside one block, from wherever its bytes are; false if some are dropped.</summary>
    private async ValueTask<bool> TryComposeAsync(long offset, Memory<byte> destination, CancellationToken cancellation)
    {
        List<Extent>? elsewhere = null;
        for (; ; )
        {
            var chunk = CopyFromMemory(offset, destination.Span, ref elsewhere, out var spilled);
            foreach (var run in elsewhere ?? [])
            {
                if (run.Source == ExtentSource.Uploaded)
                {
                    return false;
                }
                if (run.Source == ExtentSource.Stored)
                {
                    var into = destination.Slice((int)(run.Start - offset), (int)run.Length);
                    await staged.Stored!.CopyToAsync(run.Start, into, 0, cancellation).ConfigureAwait(false);
                }
            }
            if (spilled is not { } place
                || await TryCopySpilledAsync(chunk!, place, elsewhere!, offset, destination, cancellation).ConfigureAwait(false))
            {
                return true;
            }
        }
    }

    /// <summary>Fills in what is in memory of a range that lies inside one block.</summary>
    /// <param name="elsewhere">The rest.</param>
    /// <param name="spilled">Where written bytes among the rest are; null if there are none.</param>
    /// <returns>The block's chunk, if it has one.</returns>
    private StagedChunk? CopyFromMemory(long offset, Span<byte> destination, ref List<Extent>? elsewhere, out SpillPlace? spilled)
    {
        elsewhere?.Clear();
        spilled = null;
        lock (sync)
        {
            var chunk = chunks.Find(offset / Block.Size);
            var (start, end) = (offset, Math.Min(offset + destination.Length, map.Size));
            while (start < end)
            {
                var run = map.RunAt(start, end);
                var into = destination[(int)(run.Start - offset)..(int)(run.End - offset)];
                if (run.Source == ExtentSource.Written && chunk?.Memory is { } block)
                {
                    block.Buffer.Span.Slice((int)(run.Start % Block.Size), into.Length).CopyTo(into);
                }
                else if (run.Source == ExtentSource.Zeros || run.Source == ExtentSource.Written && chunk?.Spilled is null)
                {
                    // Written bytes without a buffer: the draft was given up meanwhile, and what is read counts no more.
                    into.Clear();
                }
                else
                {
                    (elsewhere ??= []).Add(run);
                    spilled = run.Source == ExtentSource.Written ? chunk!.Spilled : spilled;
                }
                start = run.End;
            }
            destination[(int)(Math.Max(start, offset) - offset)..].Clear();
            return chunk;
        }
    }

    /// <returns>False: the chunk left the spill file meanwhile, and its place there may hold another one.</returns>
    private async ValueTask<bool> TryCopySpilledAsync(
        StagedChunk chunk, SpillPlace place, List<Extent> runs, long offset, Memory<byte> destination, CancellationToken cancellation)
    {
        var block = area.Pool.Rent(Block.Size);
        try
        {
            await area.Spill.ReadAsync(place, block.Buffer, cancellation).ConfigureAwait(false);
            foreach (var run in runs.Where(run => run.Source == ExtentSource.Written))
            {
                var bytes = block.Buffer.Span.Slice((int)(run.Start % Block.Size), (int)run.Length);
                bytes.CopyTo(destination.Span[(int)(run.Start - offset)..]);
            }
            return true;
        }
        catch (FsException) when (chunks.HasMoved(chunk, place))
        {
            return false;
        }
        finally
        {
            block.Release();
        }
    }

    /// <param name="Source">Null: more than one.</param>
    private readonly record struct Piece(long Start, long End, ExtentSource? Source)
    {
        public long Length => End - Start;
    }
}
