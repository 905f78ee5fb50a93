using Amazon.S3;
using Amazon.S3.Model;
using Microsoft.Extensions.Logging;

namespace SseCFs.Store.S3;

/// <summary>Makes buckets that take SSE-C.</summary>
public static class BucketMaker
{
    private const string RegionWithoutConstraint = "us-east-1";

    /// <summary>Makes the bucket of the options, and allows SSE-C in it where new buckets block that (see <see cref="SseCBlock"/>).</summary>
    /// <returns>Whether SSE-C had to be allowed.</returns>
    /// <exception cref="FsException"><see cref="FsError.Exists"/> if there is one of that name, whoever's it is.</exception>
    public static async ValueTask<bool> MakeAsync(IAmazonS3 client, StoreOptions options, TimeProvider clock, ILogger log, CancellationToken cancellation)
    {
        var retries = new S3Retries(options, clock, log);
        var isAws = client.Config.ServiceURL is null;
        var request = new PutBucketRequest { BucketName = options.Bucket };
        if (isAws && client.Config.RegionEndpoint?.SystemName is { } region and not RegionWithoutConstraint)
        {
            request.PutBucketConfiguration = new PutBucketConfiguration { LocationConstraint = region };
        }
        var attempts = 0;
        try
        {
            await retries.RunAsync($"making bucket {options.Bucket}", 0, PutAsync, cancellation).ConfigureAwait(false);
        }
        catch (FsException e) when (attempts > 1 && e.InnerException is AmazonS3Exception { ErrorCode: "BucketAlreadyOwnedByYou" })
        {
            // Made by an attempt whose reply did not come.
        }
        catch (FsException e) when (e.InnerException is AmazonS3Exception { ErrorCode: "BucketAlreadyExists" or "BucketAlreadyOwnedByYou" } taken)
        {
            throw new FsException(
                FsError.Exists,
                taken.ErrorCode == "BucketAlreadyOwnedByYou" ? $"the bucket {options.Bucket} exists already, and is yours" : $"the bucket name {options.Bucket} is taken; choose another",
                e);
        }
        // Of AWS it is known, also where it may not be asked.
        var rule = await FindBlockAsync(client, options, retries, cancellation).ConfigureAwait(false);
        if (rule is null && !isAws)
        {
            return false;
        }
        try
        {
            await SseCBlock.LiftAsync(client, options, retries, rule, cancellation).ConfigureAwait(false);
            return true;
        }
        catch (FsException e) when (e.Reason == FsError.AccessDenied)
        {
            throw new FsException(
                FsError.AccessDenied,
                $"the bucket {options.Bucket} is made, but blocks SSE-C, and these credentials may not change that (s3:PutEncryptionConfiguration); "
                + $"whoever may allows it by: {SseCBlock.CommandFor(options, rule)}",
                e);
        }

        Task<PutBucketResponse> PutAsync(int attempt, CancellationToken token)
        {
            attempts = attempt;
            return client.PutBucketAsync(request, token);
        }
    }

    private static async ValueTask<ServerSideEncryptionRule?> FindBlockAsync(IAmazonS3 client, StoreOptions options, S3Retries retries, CancellationToken cancellation)
    {
        try
        {
            return await SseCBlock.FindAsync(client, options, retries, cancellation).ConfigureAwait(false);
        }
        catch (FsException e) when (e.Reason is not FsError.Unavailable)
        {
            // It may not be asked, or is not understood.
            return null;
        }
    }
}
