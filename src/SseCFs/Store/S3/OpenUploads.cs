using System.Net;
using System.Runtime.CompilerServices;
using Amazon.S3;
using Amazon.S3.Model;
using Microsoft.Extensions.Logging;

namespace SseCFs.Store.S3;

/// <summary>A multipart upload that was neither completed nor aborted: the service keeps its parts, and charges for them.</summary>
public sealed record OpenUpload(string Key, string UploadId, DateTimeOffset Started);

/// <summary>The multipart uploads of a bucket, whoever began them. Needs no key. Thread-safe.</summary>
public sealed class OpenUploads(IAmazonS3 client, StoreOptions options, TimeProvider clock, ILogger log)
{
    private readonly S3Retries _retries = new(options, clock, log);

    /// <summary>All below a prefix, by key.</summary>
    public async IAsyncEnumerable<OpenUpload> ListAsync(string prefix, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var request = new ListMultipartUploadsRequest { BucketName = options.Bucket, Prefix = prefix, Encoding = EncodingType.Url };
        for (; ; )
        {
            var page = await _retries.RunAsync(
                $"uploads of s3://{options.Bucket}/{prefix}", 0, (_, token) => client.ListMultipartUploadsAsync(request, token), cancellation).ConfigureAwait(false);
            foreach (var upload in page.MultipartUploads ?? [])
            {
                yield return new OpenUpload(WebUtility.UrlDecode(upload.Key), upload.UploadId, S3Requests.Utc(upload.Initiated));
            }
            if (page.IsTruncated != true)
            {
                yield break;
            }
            if (string.IsNullOrEmpty(page.NextKeyMarker))
            {
                throw new FsException(FsError.BadReply, "the service says that there are more uploads, but not how to list them");
            }
            request.KeyMarker = WebUtility.UrlDecode(page.NextKeyMarker);
            request.UploadIdMarker = page.NextUploadIdMarker;
        }
    }

    /// <summary>One that is gone already is as wanted.</summary>
    public ValueTask AbortAsync(string key, string uploadId, CancellationToken cancellation) =>
        AbortAsync(client, options.Bucket, _retries, key, uploadId, cancellation);

    internal static async ValueTask AbortAsync(IAmazonS3 client, string bucket, S3Retries retries, string key, string uploadId, CancellationToken cancellation)
    {
        try
        {
            await retries.RunAsync($"abort upload of {key}", 0, (_, token) => client.AbortMultipartUploadAsync(bucket, key, uploadId, token), cancellation).ConfigureAwait(false);
        }
        catch (FsException e) when (e.Reason == FsError.NotFound && e.InnerException is AmazonS3Exception { ErrorCode: not "NoSuchBucket" })
        {
            // Completed, or aborted already.
        }
    }
}
