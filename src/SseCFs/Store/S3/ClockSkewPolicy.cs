using System.Globalization;
using System.Net;
using Amazon.Runtime;

namespace SseCFs.Store.S3;

/// <summary>
/// Repeats a request that was signed with a clock more than five minutes off the service's, once, with the service's time: a machine that was suspended, or whose clock was
/// set, goes on. The SDK takes the difference from the first refusal and remembers it; but of requests that were under way together, and of a HEAD, whose refusal names no
/// reason, it does not repeat all. All other failures are <see cref="S3Retries"/>'s. Thread-safe.
/// </summary>
internal sealed class ClockSkewPolicy : RetryPolicy
{
    /// <summary>AWS and Ceph take 15 minutes; the SDK corrects from 5 on.</summary>
    private static readonly TimeSpan Tolerated = TimeSpan.FromMinutes(5);

    public ClockSkewPolicy() => MaxRetries = 1;

    public override bool CanRetry(IExecutionContext executionContext) =>
        executionContext.RequestContext.Request is { } request && (request.ContentStream is null or { CanSeek: true });

    public override bool RetryLimitReached(IExecutionContext executionContext) => executionContext.RequestContext.Retries >= MaxRetries;

    public override bool RetryForException(IExecutionContext executionContext, Exception exception)
    {
        var context = executionContext.RequestContext;
        if (exception is not AmazonServiceException { StatusCode: HttpStatusCode.Forbidden }
            || !context.Request.Headers.TryGetValue("X-Amz-Date", out var text)
            || !DateTime.TryParseExact(
                text, "yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var signed)
            || (CorrectClockSkew.GetCorrectedUtcNowForEndpoint(context.Request.Endpoint.ToString()) - signed).Duration() <= Tolerated)
        {
            return false;
        }
        context.IsSigned = false;
        return true;
    }

    public override Task<bool> RetryForExceptionAsync(IExecutionContext executionContext, Exception exception) =>
        Task.FromResult(RetryForException(executionContext, exception));

    public override void WaitBeforeRetry(IExecutionContext executionContext)
    {
        // The service refused the time, and is not busy.
    }

    public override Task WaitBeforeRetryAsync(IExecutionContext executionContext) => Task.CompletedTask;
}
