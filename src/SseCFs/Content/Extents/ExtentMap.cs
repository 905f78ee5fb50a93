namespace SseCFs.Content.Extents;

/// <summary>
/// Which bytes of a changed file come from where. It knows ranges, not bytes. Not thread-safe, but for <see cref="Size"/> and
/// <see cref="StoredEnd"/>.
/// </summary>
/// <remarks>
/// Only what a change made is listed. Where nothing is, the stored version shows through up to <see cref="StoredEnd"/>,
/// and zeros are behind it; so a file is grown to any size by one number. A change costs a search among the extents and
/// the removal of those that it covers, whatever its length.
/// </remarks>
/// <param name="stored">Bytes of the stored version.</param>
internal sealed class ExtentMap(long stored)
{
    private readonly ExtentList _extents = new();
    private long _size = stored;
    private long _storedEnd = stored;

    /// <summary>Bytes of the file.</summary>
    public long Size => Volatile.Read(ref _size);

    /// <summary>How far the stored version shows through where nothing was changed. What was cut off and grown again is zeros.</summary>
    public long StoredEnd => Volatile.Read(ref _storedEnd);

    /// <summary>Extents that changes made.</summary>
    public int Count => _extents.Count;

    /// <summary>The rest of the extent at a byte of the file.</summary>
    public Extent At(long offset)
    {
        var end = _size;
        if (_extents.TryGet(_extents.Seek(offset), out var extent))
        {
            if (extent.Start <= offset)
            {
                return extent with { Start = offset };
            }
            end = extent.Start;
        }
        return offset < _storedEnd
            ? new Extent(offset, Math.Min(end, _storedEnd), ExtentSource.Stored)
            : new Extent(offset, end, ExtentSource.Zeros);
    }

    /// <summary>
    /// From a byte to where another source begins, at most to <paramref name="limit"/>. Neighboring extents with one
    /// source are one run.
    /// </summary>
    public Extent RunAt(long offset, long limit)
    {
        limit = Math.Min(limit, _size);
        var run = At(offset);
        while (run.End < limit && At(run.End) is { } next && next.Source == run.Source)
        {
            run = run with { End = next.End };
        }
        return run.End > limit ? run with { End = limit } : run;
    }

    /// <summary>The first extent in a range that a change made, as far as it is in the range.</summary>
    public bool TryNext(long start, long end, out Extent extent)
    {
        if (!_extents.TryGet(_extents.Seek(start), out extent) || start >= end || extent.Start >= end)
        {
            return false;
        }
        extent = extent with { Start = Math.Max(start, extent.Start), End = Math.Min(end, extent.End) };
        return true;
    }

    /// <summary>The first extent in a range that a change made and that has a source, as far as it is in the range.</summary>
    public bool TryNext(ExtentSource source, long start, long end, out Extent extent)
    {
        while (TryNext(start, end, out extent))
        {
            if (extent.Source == source)
            {
                return true;
            }
            start = extent.End;
        }
        return false;
    }

    /// <summary>Whether any byte of a range comes from a source.</summary>
    public bool Has(ExtentSource source, long start, long end)
    {
        end = Math.Min(end, _size);
        for (var run = default(Extent); start < end; start = run.End)
        {
            run = At(start);
            if (run.Source == source)
            {
                return true;
            }
        }
        return false;
    }

    /// <summary>Whether every byte of a range comes from a source; no range beyond the file's end does.</summary>
    public bool Covers(ExtentSource source, long start, long end) =>
        end <= _size && (start >= end || RunAt(start, end) is var run && run.Source == source && run.End == end);

    /// <summary>
    /// Up to where, from a byte on, every block of the file has bytes of the stored version in it; at most to <paramref
    /// name="limit"/>. The byte itself if its block has none.
    /// </summary>
    public long StoredReach(long offset, long limit)
    {
        limit = Math.Min(limit, _size);
        var reached = offset;
        while (reached < limit)
        {
            var run = At(reached);
            if (run.Source != ExtentSource.Stored && run.End - RoundUp(reached) >= Block.Size)
            {
                return reached == offset ? offset : Math.Min(limit, RoundUp(reached));
            }
            reached = run.End;
        }
        return limit;
    }

    /// <summary>Makes the file shorter or longer. What is added is zeros.</summary>
    public void Resize(long size)
    {
        var place = _extents.Seek(size);
        if (_extents.TryGet(place, out var extent) && extent.Start < size)
        {
            _extents.Replace(place, extent with { End = size });
            place = _extents.Next(place);
        }
        _extents.RemoveRange(place, _extents.End);
        Volatile.Write(ref _storedEnd, Math.Min(_storedEnd, size));
        Volatile.Write(ref _size, size);
    }

    /// <summary>Notes that a range, which must not be empty, was written; the file grows if it must.</summary>
    public void Write(long start, long end)
    {
        Set(new Extent(start, end, ExtentSource.Written));
        Volatile.Write(ref _size, Math.Max(_size, end));
    }

    /// <summary>Notes that a range inside the file, which must not be empty, is zeros.</summary>
    /// <param name="changedAt">The number of the change.</param>
    public void Zero(long start, long end, long changedAt) => Set(new Extent(start, end, ExtentSource.Zeros, changedAt));

    /// <summary>Notes that the service alone has a range inside the file, which must not be empty.</summary>
    public void Upload(long start, long end) => Set(new Extent(start, end, ExtentSource.Uploaded));

    /// <summary>Nothing of the stored version shows through any more: zeros are in its place.</summary>
    /// <returns>How many bytes did.</returns>
    public long DropStored()
    {
        var shown = 0L;
        for (var run = default(Extent); run.End < _storedEnd;)
        {
            run = At(run.End);
            shown += run.Source == ExtentSource.Stored ? run.Length : 0;
        }
        Volatile.Write(ref _storedEnd, 0);
        return shown;
    }

    private static long RoundUp(long offset) => (offset + Block.Size - 1) / Block.Size * Block.Size;

    /// <summary>
    /// Puts an extent in the place of whatever it covers, as one with the neighbors that it touches and that have its
    /// source.
    /// </summary>
    private void Set(Extent extent)
    {
        // The first one that it touches or covers.
        var first = _extents.Seek(extent.Start - 1);
        if (_extents.TryGet(first, out var left) && left.Start < extent.Start && left.Source != extent.Source)
        {
            if (left.End > extent.End)
            {
                _extents.Replace(first, left with { Start = extent.End });
                _extents.Insert(first, extent);
                _extents.Insert(_extents.Seek(extent.Start), left with { End = extent.Start });
                return;
            }
            _extents.Replace(first, left with { End = extent.Start });
            first = _extents.Next(first);
        }
        var last = first;
        while (_extents.TryGet(last, out var other) && other.Start <= extent.End)
        {
            if (other.Source == extent.Source)
            {
                extent = extent with
                {
                    Start = Math.Min(extent.Start, other.Start),
                    End = Math.Max(extent.End, other.End),
                    ChangedAt = Math.Max(extent.ChangedAt, other.ChangedAt),
                };
            }
            else if (other.End > extent.End)
            {
                _extents.Replace(last, other with { Start = extent.End });
                break;
            }
            last = _extents.Next(last);
        }
        if (first == last)
        {
            _extents.Insert(first, extent);
            return;
        }
        _extents.Replace(first, extent);
        _extents.RemoveRange(_extents.Next(first), last);
    }
}
