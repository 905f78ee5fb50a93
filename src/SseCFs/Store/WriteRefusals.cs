using System.Net;
using Amazon.S3;
using Amazon.S3.Model;
using SseCFs.Store.S3;

namespace SseCFs.Store;

/// <summary>
/// Why an encrypted write was refused: AWS gives a bucket's block of SSE-C and a want of permission the same 403, and only the bucket's settings tell them apart. Thread-safe.
/// </summary>
internal sealed class WriteRefusals(IAmazonS3 client, StoreOptions options, S3Retries retries, TimeProvider clock)
{
    /// <summary>A refusal seldom comes alone: the settings are asked for once for all that come within this, and again for later ones, as they may have been changed.</summary>
    private static readonly TimeSpan AnswerValid = TimeSpan.FromMinutes(1);

    private readonly Lock _lock = new();
    private Task<Finding>? _answer;
    private long _askedAt;

    /// <summary>The refusal of a write in words that say what to do, if it was the service's for want of permission; else itself.</summary>
    public async ValueTask<FsException> ExplainAsync(FsException refusal, CancellationToken cancellation)
    {
        // Other codes of a 403 name their reason: a wrong signature, a wrong clock.
        if (refusal.InnerException is not AmazonS3Exception { StatusCode: HttpStatusCode.Forbidden, ErrorCode: null or "" or "AccessDenied" or "Forbidden" } cause)
        {
            return refusal;
        }
        return await AskAsync().WaitAsync(cancellation).ConfigureAwait(false) switch
        {
            { Rule: { } rule } => new FsException(
                FsError.AccessDenied,
                $"{refusal.Message}: the bucket blocks SSE-C (BlockedEncryptionTypes in its encryption configuration), as new buckets on AWS do since April 2026; "
                + $"to allow it, with an AWS CLI of December 2025 or later: {SseCBlock.CommandFor(options, rule)}",
                cause),
            { IsKnown: false } => new FsException(
                FsError.AccessDenied,
                $"{refusal.Message}: either these credentials may not write there, or the bucket blocks SSE-C, as new buckets on AWS do since April 2026, which they may not ask; "
                + $"to allow SSE-C in a bucket with AWS's default encryption, with an AWS CLI of December 2025 or later: {SseCBlock.CommandFor(options, null)}",
                cause),
            _ => refusal,
        };
    }

    private Task<Finding> AskAsync()
    {
        lock (_lock)
        {
            if (_answer is null || (_answer.IsCompleted && clock.GetElapsedTime(_askedAt) >= AnswerValid))
            {
                _askedAt = clock.GetTimestamp();
                _answer = AskOnceAsync();
            }
            return _answer;
        }
    }

    private async Task<Finding> AskOnceAsync()
    {
        try
        {
            return new Finding(true, await SseCBlock.FindAsync(client, options, retries, CancellationToken.None).ConfigureAwait(false));
        }
        catch (FsException)
        {
            return new Finding(false, null);
        }
    }

    /// <param name="IsKnown">False: it may not be asked, or was not answered.</param>
    /// <param name="Rule">What blocks SSE-C.</param>
    private readonly record struct Finding(bool IsKnown, ServerSideEncryptionRule? Rule);
}
