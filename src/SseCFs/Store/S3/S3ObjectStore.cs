using System.Net;
using Amazon.S3;
using Amazon.S3.Model;
using Microsoft.Extensions.Logging;
using SseCFs.Keys;

namespace SseCFs.Store.S3;

/// <summary>
/// A bucket on AWS S3, Ceph's RADOS gateway, or what speaks like them. See <see cref="IObjectStore"/>. Owns the client it is given.
/// </summary>
public sealed class S3ObjectStore : IObjectStore, IDisposable
{
    private readonly S3Requests _requests;
    private readonly S3Copy _copy;
    private readonly S3Removal _removal;

    /// <param name="ring">Its keys are read once; it may be disposed afterwards.</param>
    public S3ObjectStore(IAmazonS3 client, StoreOptions options, KeyRing ring, TimeProvider clock, ILogger<S3ObjectStore> log)
    {
        _requests = new S3Requests(client, options, new RingHeaders(ring), new Capabilities(), new S3Retries(options, clock, log), clock, log);
        _copy = new S3Copy(_requests, this);
        _removal = new S3Removal(_requests);
    }

    internal S3Requests Requests => _requests;

    internal Capabilities Capabilities => _requests.Capabilities;

    /// <summary>Requests that are made from now on use these keys; uploads under way end with the key that they began with.</summary>
    /// <param name="ring">Its keys are read once; it may be disposed afterwards.</param>
    public void ReplaceKeys(KeyRing ring) => _requests.Ring.Replace(ring);

    public ValueTask<ObjectInfo> HeadAsync(string key, CancellationToken cancellation) => _requests.HeadAsync(key, cancellation);

    public async ValueTask<ObjectBody?> GetAsync(string key, long offset, long length, string? ifMatch, string? ifNoneMatch, CancellationToken cancellation) =>
        await S3Body.OpenAsync(_requests, key, offset, length, ifMatch, ifNoneMatch, cancellation).ConfigureAwait(false);

    public ValueTask<WrittenObject> PutAsync(string key, ObjectContent content, ObjectMetadata metadata, WriteCondition condition, CancellationToken cancellation) =>
        _requests.PutAsync(key, content, metadata.WithAttempt(), condition, cancellation);

    public ValueTask<bool> IsOwnAsync(ObjectInfo there, WriteAttempt attempt, CancellationToken cancellation) => _requests.Own.IsOwnAsync(there, attempt, cancellation);

    public async ValueTask<IMultipartUpload> StartUploadAsync(string key, ObjectMetadata metadata, CancellationToken cancellation) =>
        await S3MultipartUpload.StartAsync(_requests, key, metadata.WithAttempt(), cancellation).ConfigureAwait(false);

    public IMultipartUpload ResumeUpload(string key, string uploadId, ObjectMetadata metadata, IReadOnlyDictionary<int, string> parts) =>
        S3MultipartUpload.Resume(_requests, key, uploadId, metadata.WithAttempt(), parts);

    public ValueTask AbortUploadAsync(string key, string uploadId, CancellationToken cancellation) =>
        OpenUploads.AbortAsync(_requests.Client, _requests.Options.Bucket, _requests.Retries, key, uploadId, cancellation);

    public ValueTask<WrittenObject> CopyAsync(ObjectInfo source, string destination, ObjectMetadata metadata, WriteCondition condition, CancellationToken cancellation) =>
        _copy.CopyAsync(source, destination, metadata.WithAttempt(), condition, cancellation);

    public ValueTask<IReadOnlyDictionary<string, string>> GetTagsAsync(string key, CancellationToken cancellation) => S3Tags.GetAsync(_requests, key, cancellation);

    public ValueTask DeleteAsync(string key, string? ifMatch, CancellationToken cancellation) => _removal.RemoveAsync(key, ifMatch, cancellation);

    public ValueTask RemoveAsync(string key, string? seen, CancellationToken cancellation) => _removal.RemoveWhateverIsThereAsync(key, seen, cancellation);

    public async ValueTask<ListPage> ListAsync(string prefix, string? delimiter, string? continuation, int limit, CancellationToken cancellation)
    {
        var request = new ListObjectsV2Request
        {
            BucketName = _requests.Options.Bucket,
            Prefix = prefix,
            Delimiter = delimiter,
            ContinuationToken = continuation,
            MaxKeys = limit,
            // XML cannot carry every character that a key may have.
            Encoding = EncodingType.Url,
        };
        var reply = await _requests.Retries.RunAsync($"s3://{_requests.Options.Bucket}/{prefix}", 0, (_, token) => _requests.Client.ListObjectsV2Async(request, token), cancellation).ConfigureAwait(false);
        if (reply.Name is null)
        {
            // The SDK makes an empty listing of what is none.
            throw new FsException(FsError.BadReply, $"LIST {prefix}: the service answered something that is no listing");
        }
        var isTruncated = reply.IsTruncated == true;
        if (isTruncated && string.IsNullOrEmpty(reply.NextContinuationToken))
        {
            throw new FsException(FsError.BadReply, $"LIST {prefix}: the service says that there is more, but not how to get it");
        }
        var page = new ListPage(
            [.. (reply.S3Objects ?? []).Select(o => new ListedObject(
                Decode(o.Key), o.Size ?? 0, S3Requests.Unquote(o.ETag), S3Requests.Utc(o.LastModified)))],
            [.. (reply.CommonPrefixes ?? []).Select(Decode)],
            isTruncated ? reply.NextContinuationToken : null);
        var isAsked = page.Objects.All(o => o.Key.StartsWith(prefix, StringComparison.Ordinal))
            && page.CommonPrefixes.All(common => common.Length > prefix.Length && common.StartsWith(prefix, StringComparison.Ordinal) && common.EndsWith('/'));
        return isAsked ? page : throw new FsException(FsError.BadReply, $"LIST {prefix}: the service lists something else");
    }

    public void Dispose()
    {
        _requests.Client.Dispose();
        _requests.Ring.Dispose();
    }

    // '+' is a space in this encoding, as in forms; a true plus comes as %2B.
    private static string Decode(string text) => WebUtility.UrlDecode(text);
}
