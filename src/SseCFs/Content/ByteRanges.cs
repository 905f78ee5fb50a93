namespace SseCFs.Content;

/// <summary>Which bytes of one chunk are staged: ranges in order, apart from each other. Not thread-safe.</summary>
internal sealed class ByteRanges
{
    private readonly List<(int Start, int End)> _ranges = new(1);

    public int Count => _ranges.Count;

    public (int Start, int End) this[int index] => _ranges[index];

    /// <summary>End of the last range, 0 if there is none.</summary>
    public int End => _ranges.Count == 0 ? 0 : _ranges[^1].End;

    public bool Covers(int start, int end)
    {
        foreach (var range in _ranges)
        {
            if (range.Start <= start)
            {
                if (end <= range.End)
                {
                    return true;
                }
            }
            else
            {
                break;
            }
        }
        return start >= end;
    }

    /// <summary>Up to where all is covered from a byte on; the byte itself if it is not.</summary>
    public int EndFrom(int start)
    {
        foreach (var range in _ranges)
        {
            if (range.Start <= start && start < range.End)
            {
                return range.End;
            }
        }
        return start;
    }

    public void Add(int start, int end)
    {
        if (start >= end)
        {
            return;
        }
        // The common case: a writer going forward.
        if (_ranges.Count > 0 && _ranges[^1].Start <= start && start <= _ranges[^1].End)
        {
            _ranges[^1] = (_ranges[^1].Start, Math.Max(end, _ranges[^1].End));
            return;
        }
        var at = 0;
        while (at < _ranges.Count && _ranges[at].End < start)
        {
            at++;
        }
        while (at < _ranges.Count && _ranges[at].Start <= end)
        {
            start = Math.Min(start, _ranges[at].Start);
            end = Math.Max(end, _ranges[at].End);
            _ranges.RemoveAt(at);
        }
        _ranges.Insert(at, (start, end));
    }

    /// <summary>Forgets what lies at or beyond <paramref name="end"/>.</summary>
    public void Cut(int end)
    {
        for (var i = _ranges.Count - 1; i >= 0 && _ranges[i].End > end; i--)
        {
            if (_ranges[i].Start >= end)
            {
                _ranges.RemoveAt(i);
            }
            else
            {
                _ranges[i] = (_ranges[i].Start, end);
            }
        }
    }
}
