using Amazon.S3;
using Amazon.S3.Model;
using Microsoft.Extensions.Logging;

namespace SseCFs.Store;

/// <summary>Makes buckets that take SSE-C.</summary>
public static class BucketMaker
{
    private const string RegionWithoutConstraint = "us-east-1";

    /// <summary>
    /// Makes the bucket of the options. On AWS it is told to take SSE-C: since April 2026 new buckets refuse that until BlockedEncryptionTypes is NONE
    /// (S3 user guide, "Blocking or unblocking SSE-C for a general purpose bucket").
    /// </summary>
    /// <exception cref="FsException"><see cref="FsError.Exists"/> if there is one of that name, whoever's it is.</exception>
    public static async ValueTask MakeAsync(IAmazonS3 client, StoreOptions options, TimeProvider clock, ILogger log, CancellationToken cancellation)
    {
        var retries = new S3Retries(options, clock, log);
        var isAws = client.Config.ServiceURL is null;
        var request = new PutBucketRequest { BucketName = options.Bucket };
        if (isAws && client.Config.RegionEndpoint?.SystemName is { } region and not RegionWithoutConstraint)
        {
            request.PutBucketConfiguration = new PutBucketConfiguration { LocationConstraint = region };
        }
        try
        {
            await retries.RunAsync($"making bucket {options.Bucket}", 0, (_, token) => client.PutBucketAsync(request, token), cancellation).ConfigureAwait(false);
        }
        catch (FsException e) when (e.InnerException is AmazonS3Exception { ErrorCode: "BucketAlreadyExists" or "BucketAlreadyOwnedByYou" } taken)
        {
            throw new FsException(
                FsError.Exists,
                taken.ErrorCode == "BucketAlreadyOwnedByYou" ? $"the bucket {options.Bucket} exists already, and is yours" : $"the bucket name {options.Bucket} is taken; choose another",
                e);
        }
        if (isAws)
        {
            await UnblockAsync(client, options, retries, cancellation).ConfigureAwait(false);
        }
    }

    private static async ValueTask UnblockAsync(IAmazonS3 client, StoreOptions options, S3Retries retries, CancellationToken cancellation)
    {
        var request = new PutBucketEncryptionRequest
        {
            BucketName = options.Bucket,
            ServerSideEncryptionConfiguration = new ServerSideEncryptionConfiguration
            {
                ServerSideEncryptionRules =
                [
                    new ServerSideEncryptionRule
                    {
                        ServerSideEncryptionByDefault = new ServerSideEncryptionByDefault { ServerSideEncryptionAlgorithm = ServerSideEncryptionMethod.AES256 },
                        BlockedEncryptionTypes = new BlockedEncryptionTypes { EncryptionType = ["NONE"] },
                    },
                ],
            },
        };
        await retries.RunAsync(
            $"allowing SSE-C in bucket {options.Bucket}", 0, (_, token) => client.PutBucketEncryptionAsync(request, token), cancellation).ConfigureAwait(false);
    }
}
