namespace SseCFs.Store.S3;

/// <summary>
/// Remembers for a moment that the service was waited for in vain. A command makes many requests, and the system makes programs that look for one name wait for each other:
/// were each request to wait its whole time, the waits would add up. Whoever goes on to its next request at once is spared another wait; whoever comes later has its own. Thread-safe.
/// </summary>
/// <param name="retryFor">A whole wait.</param>
internal sealed class VainWaits(TimeProvider clock, TimeSpan retryFor)
{
    /// <summary>Longer than a program needs from a failure to its next request.</summary>
    private static readonly TimeSpan Moment = TimeSpan.FromSeconds(1);

    // Timestamps; 0: none.
    private long _wholeEnded;
    private long _lastEnded;

    /// <summary>Whether a request that begins now is to be tried once only. Steady traffic does not keep it so for longer than a whole wait.</summary>
    public bool HasJustEnded =>
        Volatile.Read(ref _lastEnded) is not 0 and var last && clock.GetElapsedTime(last) < Moment && clock.GetElapsedTime(Volatile.Read(ref _wholeEnded)) < retryFor + Moment;

    /// <param name="isWhole">Whether the service was tried for the whole time, and not once.</param>
    public void Add(bool isWhole)
    {
        var now = clock.GetTimestamp();
        if (isWhole)
        {
            Volatile.Write(ref _wholeEnded, now);
        }
        Volatile.Write(ref _lastEnded, now);
    }

    /// <summary>The service has answered.</summary>
    public void Clear()
    {
        if (Volatile.Read(ref _lastEnded) != 0)
        {
            Volatile.Write(ref _lastEnded, 0);
        }
    }
}
