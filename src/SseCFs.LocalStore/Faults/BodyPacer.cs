namespace SseCFs.LocalStore.Faults;

/// <summary>Slows one body down, or ends the connection in its middle. Not thread-safe.</summary>
internal sealed class BodyPacer(long? rate, long? cutAfter)
{
    private readonly long _start = System.Diagnostics.Stopwatch.GetTimestamp();
    private long _passed;

    public bool IsIdle => rate is null && cutAfter is null;

    /// <summary>How many of the next bytes may pass at once: small steps where the body is slowed, none behind the cut.</summary>
    public int Allow(int bytes)
    {
        if (rate is { } r)
            bytes = (int)Math.Min(bytes, Math.Max(1, r / 20));
        return cutAfter is { } cut ? (int)Math.Min(bytes, cut - _passed) : bytes;
    }

    /// <summary>Waits until that many more bytes are due; throws <see cref="ConnectionCutException"/> once the cut is reached.</summary>
    public async ValueTask PassAsync(int bytes, CancellationToken cancellation)
    {
        _passed += bytes;
        if (rate is { } r)
        {
            var due = TimeSpan.FromSeconds((double)_passed / r) - System.Diagnostics.Stopwatch.GetElapsedTime(_start);
            if (due > TimeSpan.Zero)
                await Task.Delay(due, cancellation);
        }
        if (_passed >= cutAfter)
            throw new ConnectionCutException();
    }
}

/// <summary>The connection is to end here, without another byte.</summary>
internal sealed class ConnectionCutException : Exception;
