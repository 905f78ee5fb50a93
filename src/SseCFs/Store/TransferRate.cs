using System.Threading.RateLimiting;

namespace SseCFs.Store;

/// <summary>A limit on the bytes of bodies that pass in a second, sent and received together. Thread-safe.</summary>
public sealed class TransferRate : IDisposable
{
    /// <summary>Bytes per second: with less, requests would last so long that services give them up.</summary>
    public const long Smallest = 64 << 10;

    private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(100);

    private readonly TokenBucketRateLimiter _limiter;

    /// <param name="bytesPerSecond">At least <see cref="Smallest"/>.</param>
    public TransferRate(long bytesPerSecond)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(bytesPerSecond, Smallest);
        Step = (int)Math.Min(bytesPerSecond * Period.TotalSeconds, int.MaxValue);
        _limiter = new TokenBucketRateLimiter(new TokenBucketRateLimiterOptions
        {
            TokenLimit = Step,
            TokensPerPeriod = Step,
            ReplenishmentPeriod = Period,
            QueueLimit = int.MaxValue,
        });
    }

    /// <summary>Bytes that may pass at once.</summary>
    public int Step { get; }

    /// <summary>Waits until so many bytes may pass; steps of several callers take turns.</summary>
    public async ValueTask WaitAsync(int bytes, CancellationToken cancellation)
    {
        for (; bytes > 0; bytes -= Step)
        {
            using var lease = await _limiter.AcquireAsync(Math.Min(bytes, Step), cancellation).ConfigureAwait(false);
        }
    }

    public void Dispose() => _limiter.Dispose();
}
