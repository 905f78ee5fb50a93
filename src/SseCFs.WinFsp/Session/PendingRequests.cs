namespace SseCFs.WinFsp.Session;

/// <summary>Requests that are answered later. Their buffers are the driver's, so that nothing may be written there once the drive is gone. Thread-safe.</summary>
internal sealed class PendingRequests : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    // One for the drive itself, until it ends.
    private int _count = 1;

    /// <summary>The drive ends: whoever still waits for the service is to stop.</summary>
    public CancellationToken Stopping => _stop.Token;

    public void Begin() => Interlocked.Increment(ref _count);

    public void End()
    {
        if (Interlocked.Decrement(ref _count) == 0)
        {
            _ended.TrySetResult();
        }
    }

    /// <summary>Takes all of them back, and ends when each has been answered. To be called once, when none is added any more.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        End();
        await _ended.Task.ConfigureAwait(false);
        _stop.Dispose();
    }
}
