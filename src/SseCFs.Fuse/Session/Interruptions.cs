namespace SseCFs.Fuse.Session;

/// <summary>
/// Requests whose threads have a signal. Linux tells of the first signal only, which may mean nothing, so the thread is watched until it gets one that does or its request is
/// answered. Thread-safe.
/// </summary>
internal sealed class Interruptions(InFlightTable inFlight)
{
    /// <summary>How often it is looked again.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    /// <summary>Tells whether a thread's pending signals mean that it is to be let go.</summary>
    public Func<uint, bool> Mean { get; set; } = PendingSignals.MeanInterruption;

    public void Begin(ulong unique, uint thread)
    {
        if (Mean(thread))
        {
            inFlight.TryInterrupt(unique);
        }
        else
        {
            _ = WatchAsync(unique, thread);
        }
    }

    private async Task WatchAsync(ulong unique, uint thread)
    {
        do
        {
            await Task.Delay(Pause).ConfigureAwait(false);
            if (inFlight.WaiterOf(unique) is null)
            {
                return;
            }
        }
        while (!Mean(thread));
        inFlight.TryInterrupt(unique);
    }
}
