namespace SseCFs.Content;

/// <summary>
/// How one handle reads: in sequence (fetch ever further ahead, in several parallel ranges) or at random (fetch what is asked; and where
/// it goes on and on in a file that the cache can hold, ever more behind it, so that in the end few reads need a request).
/// Thread-safe: the kernel sends the reads of one handle in parallel and not always in order.
/// </summary>
/// <param name="limit">Bytes ahead of the reader at most: a quarter of the cache.</param>
internal sealed class ReadAhead(long limit)
{
    private const long FirstWindow = 512 << 10;
    private const long LargestWindow = 32 << 20;

    /// <summary>The kernel's own read-ahead may swap neighbouring requests; so far apart they still count as one sequence.</summary>
    private const long Slack = 1 << 20;

    /// <summary>Reads at random until twice as much is fetched with each; and what is fetched with one at most.</summary>
    private const int JumpsPerDoubling = 8;
    private const long LargestJump = 1 << 20;

    /// <summary>Times the limit: as large may a file be to be gathered piece by piece. Half of it is then in the cache in the end.</summary>
    private const int FilesPerCache = 8;

    private readonly Lock _lock = new();
    private readonly long _limit = Math.Min(limit, LargestWindow);
    private long _next;
    private int _jumps;
    private long _window;
    private long _fetchedTo;

    /// <summary>Notes one read and tells up to which offset content should be under way now; at most <paramref name="size"/>.</summary>
    /// <param name="isCached">The read itself needed no request.</param>
    /// <returns>The end of the read itself when there is nothing to fetch ahead.</returns>
    public long Observe(long offset, int length, long size, bool isCached)
    {
        var end = Math.Min(offset + length, size);
        lock (_lock)
        {
            if (offset < _next - Slack || offset > _next + Slack / 4)
            {
                _window = 0;
                _fetchedTo = 0;
                _next = end;
                return isCached || size > FilesPerCache * limit ? end : Math.Min(size, end + BehindJump(++_jumps));
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

    private static long BehindJump(int jumps) =>
        jumps < JumpsPerDoubling ? 0 : Math.Min(LargestJump, (long)Block.Size << Math.Min(jumps / JumpsPerDoubling - 1, 16));
}
