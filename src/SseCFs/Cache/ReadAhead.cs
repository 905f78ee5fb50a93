namespace SseCFs.Cache;

/// <summary>
/// How one handle reads: at random (fetch what is asked) or in sequence (fetch ever further ahead, in several
/// parallel ranges). Thread-safe: the kernel sends the reads of one handle in parallel and not always in order.
/// </summary>
/// <param name="limit">Bytes ahead of the reader at most.</param>
internal sealed class ReadAhead(long limit)
{
    private const long FirstWindow = 512 << 10;
    private const long LargestWindow = 32 << 20;

    /// <summary>The kernel's own read-ahead may swap neighbouring requests; so far apart they still count as one sequence.</summary>
    private const long Slack = 1 << 20;

    private readonly Lock _lock = new();
    private readonly long _limit = Math.Min(limit, LargestWindow);
    private long _next;
    private long _window;
    private long _fetchedTo;

    /// <summary>Notes one read and tells up to which offset content should be under way now; at most <paramref name="size"/>.</summary>
    /// <returns>The end of the read itself when there is nothing to fetch ahead.</returns>
    public long Observe(long offset, int length, long size)
    {
        var end = Math.Min(offset + length, size);
        lock (_lock)
        {
            if (offset < _next - Slack || offset > _next + Slack / 4)
            {
                _window = 0;
                _fetchedTo = 0;
                _next = end;
                return end;
            }
            if (end <= _next)
            {
                return end;
            }
            _next = end;
            if (_fetchedTo - end > _window / 2)
            {
                return end;
            }
            _window = Math.Min(_limit, Math.Max(FirstWindow, 2 * _window));
            _fetchedTo = Math.Min(size, end + _window);
            return Math.Max(end, _fetchedTo);
        }
    }
}
