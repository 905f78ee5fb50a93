using Microsoft.Extensions.Logging;
using Polly;
using Polly.Retry;

namespace SseCFs.Store.S3;

/// <summary>
/// Repeats what failed for a passing reason, with growing pauses and jitter, until a total time is up. An attempt that gives no answer in time
/// counts as failed; one that makes progress is not cut off by the total. Right after a wait in vain a request is tried once (<see cref="VainWaits"/>). Thread-safe.
/// </summary>
internal sealed class S3Retries
{
    private static readonly ResiliencePropertyKey<long> Started = new("started");
    private static readonly ResiliencePropertyKey<string> Doing = new("doing");
    private static readonly ResiliencePropertyKey<bool> Once = new("once");

    /// <summary>What a service that is there, if busy, needs for an answer; where it was waited for long enough.</summary>
    private static readonly TimeSpan LastAnswerWithin = TimeSpan.FromSeconds(5);

    private readonly ResiliencePipeline _pipeline;
    private readonly StoreOptions _options;
    private readonly TimeProvider _clock;
    private readonly VainWaits _vainWaits;

    public S3Retries(StoreOptions options, TimeProvider clock, ILogger log)
    {
        _options = options;
        _clock = clock;
        _vainWaits = new VainWaits(clock, options.RetryFor);
        _pipeline = new ResiliencePipelineBuilder { TimeProvider = clock }.AddRetry(new RetryStrategyOptions
        {
            MaxRetryAttempts = int.MaxValue,
            BackoffType = DelayBackoffType.Exponential,
            UseJitter = true,
            Delay = TimeSpan.FromMilliseconds(100),
            MaxDelay = LongestPause(options.RetryFor),
            ShouldHandle = args => ValueTask.FromResult(
                args.Outcome.Exception is { } error
                && S3Errors.IsTransient(error)
                && !args.Context.CancellationToken.IsCancellationRequested
                && !args.Context.Properties.GetValue(Once, false)
                && clock.GetElapsedTime(args.Context.Properties.GetValue(Started, 0)) < options.RetryFor),
            OnRetry = args =>
            {
                StoreLog.Retrying(log, args.Context.Properties.GetValue(Doing, ""), args.AttemptNumber + 1, args.Outcome.Exception!.Message);
                return ValueTask.CompletedTask;
            },
        }).Build();
    }

    /// <param name="doing">For messages: "GET some/key".</param>
    /// <param name="bodySize">Bytes sent with the request: they get time on top.</param>
    /// <param name="attempt">Given the number of the attempt, from 1, and the token of that attempt.</param>
    /// <exception cref="FsException">The last attempt's failure, in the file system's words.</exception>
    public async ValueTask<T> RunAsync<T>(string doing, long bodySize, Func<int, CancellationToken, Task<T>> attempt, CancellationToken cancellation)
    {
        var context = ResilienceContextPool.Shared.Get(cancellation);
        context.Properties.Set(Started, _clock.GetTimestamp());
        context.Properties.Set(Doing, doing);
        var once = _vainWaits.HasJustEnded;
        context.Properties.Set(Once, once);
        var limit = LimitOf(bodySize, once);
        var number = 0;
        try
        {
            var answer = await _pipeline.ExecuteAsync(
                async _ => await AttemptAsync(++number, limit, attempt, cancellation).ConfigureAwait(false), context).ConfigureAwait(false);
            _vainWaits.Clear();
            return answer;
        }
        catch (Exception error) when (error is not OperationCanceledException)
        {
            if (S3Errors.IsTransient(error))
            {
                _vainWaits.Add(isWhole: !once);
            }
            else
            {
                _vainWaits.Clear();
            }
            throw S3Errors.ToFsException(error, doing);
        }
        finally
        {
            ResilienceContextPool.Shared.Return(context);
        }
    }

    /// <summary>The time is checked after each attempt: with longer pauses a short one would be overrun by as much again.</summary>
    private static TimeSpan LongestPause(TimeSpan retryFor) => TimeSpan.FromMilliseconds(Math.Clamp(retryFor.TotalMilliseconds / 8, 100, 5000));

    private TimeSpan LimitOf(long bodySize, bool once)
    {
        var answerWithin = once && LastAnswerWithin < _options.AnswerWithin ? LastAnswerWithin : _options.AnswerWithin;
        // 64 KiB/s is slower than any link on which a mount is of use.
        return answerWithin + TimeSpan.FromSeconds(bodySize / (64.0 * 1024));
    }

    private async ValueTask<T> AttemptAsync<T>(int number, TimeSpan limit, Func<int, CancellationToken, Task<T>> attempt, CancellationToken cancellation)
    {
        using var timer = new CancellationTokenSource(limit, _clock);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(cancellation, timer.Token);
        try
        {
            return await attempt(number, linked.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException e) when (timer.IsCancellationRequested && !cancellation.IsCancellationRequested)
        {
            throw new TimeoutException($"no answer within {limit.TotalSeconds:0} s", e);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            throw;
        }
        catch (OperationCanceledException e)
        {
            throw new TimeoutException("the connection was given up", e);
        }
    }
}
