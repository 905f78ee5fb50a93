namespace SseCFs.Store;

/// <summary>How much of a write has left this machine, repeats included. Thread-safe.</summary>
public sealed class SendProgress
{
    private long _bytes;

    // A timestamp of the clock; 0: nothing has left yet.
    private long _since;

    public long Bytes => Interlocked.Read(ref _bytes);

    public void Add(long bytes, TimeProvider clock)
    {
        Interlocked.CompareExchange(ref _since, clock.GetTimestamp(), 0);
        Interlocked.Add(ref _bytes, bytes);
    }

    /// <summary>Bytes per second since the first ones left.</summary>
    public long RateAt(TimeProvider clock)
    {
        var since = Interlocked.Read(ref _since);
        var seconds = since == 0 ? 0 : clock.GetElapsedTime(since).TotalSeconds;
        return seconds > 0 ? (long)(Bytes / seconds) : 0;
    }
}
