using System.Net;
using Amazon.S3;
using Amazon.S3.Model;
using Microsoft.Extensions.Logging;
using SseCFs.Keys;

namespace SseCFs.Store.S3;

/// <summary>The single requests that make up the store's operations: HEAD, GET and PUT with keys, and what their answers mean. Thread-safe.</summary>
internal sealed class S3Requests(
    IAmazonS3 client, StoreOptions options, RingHeaders ring, Capabilities capabilities, S3Retries retries, TimeProvider clock, ILogger log)
{
    public IAmazonS3 Client => client;
    public StoreOptions Options => options;
    public RingHeaders Ring => ring;
    public Capabilities Capabilities => capabilities;
    public S3Retries Retries => retries;
    public TimeProvider Clock => clock;
    public ILogger Log => log;

    public WriteRefusals Refusals { get; } = new(client, options, retries, clock);

    public OwnWrites Own => field ??= new OwnWrites(this);

    /// <summary>UNSIGNED-PAYLOAD is for TLS only, which protects the body itself; over plain http the body is hashed and signed.</summary>
    public bool IsPayloadUnsigned { get; } = client.Config.ServiceURL?.StartsWith("http://", StringComparison.OrdinalIgnoreCase) != true;

    public ValueTask<ObjectInfo> HeadAsync(string key, CancellationToken cancellation) =>
        WithKeysAsync(key, headers => HeadOnceAsync(key, headers, cancellation), refusal => HeadWithoutKeyAsync(key, refusal, cancellation));

    /// <summary>Asks with one key after the other, the most probable first, as long as the answer may mean a wrong key.</summary>
    /// <param name="withoutKey">What is left when none was taken; given the first refusal.</param>
    public async ValueTask<T> WithKeysAsync<T>(string key, Func<CustomerKeyHeaders, ValueTask<T>> ask, Func<FsException, ValueTask<T>> withoutKey)
    {
        FsException? refusal = null;
        foreach (var headers in ring.CandidatesFor(key))
        {
            try
            {
                return await ask(headers).ConfigureAwait(false);
            }
            catch (FsException e) when (IsPerhapsWrongKey(e))
            {
                refusal ??= e;
            }
        }
        return await withoutKey(refusal!).ConfigureAwait(false);
    }

    /// <summary>Answers that a wrong key, a key for a plain object, and a plain refusal have in common.</summary>
    public static bool IsPerhapsWrongKey(FsException error) =>
        error.InnerException is AmazonS3Exception { StatusCode: HttpStatusCode.BadRequest or HttpStatusCode.Forbidden };

    /// <summary>
    /// A request with our key was refused; asked without one, a plain object answers, one encrypted with another key says 400, and whoever may not
    /// read at all is told 403.
    /// </summary>
    public async ValueTask<ObjectInfo> HeadWithoutKeyAsync(string key, FsException refusal, CancellationToken cancellation)
    {
        try
        {
            var plain = await HeadOnceAsync(key, null, cancellation).ConfigureAwait(false);
            capabilities.PlainWithKey = false;
            return plain;
        }
        catch (FsException e) when (e.InnerException is AmazonS3Exception { StatusCode: HttpStatusCode.BadRequest })
        {
            throw new FsException(
                FsError.KeyUnknown, $"{key} is encrypted with another key than {ring.Description} of this mount", refusal);
        }
        catch (FsException e) when (e.Reason == FsError.AccessDenied)
        {
            throw await ExplainAsync(key, refusal, cancellation).ConfigureAwait(false);
        }
    }

    public async ValueTask<WrittenObject> PutAsync(string key, ObjectContent content, ObjectMetadata metadata, WriteCondition condition, CancellationToken cancellation)
    {
        try
        {
            return await retries.RunAsync($"PUT {key}", content.Length, (attempt, token) => PutOnceAsync(key, content, metadata, condition, attempt, token), cancellation).ConfigureAwait(false);
        }
        catch (FsException e) when (e.Reason == FsError.Conflict && condition.IfAbsent)
        {
            throw new FsException(FsError.Exists, $"{key} exists already", e);
        }
        catch (FsException e) when (e.Reason == FsError.AccessDenied)
        {
            throw await Refusals.ExplainAsync(e, cancellation).ConfigureAwait(false);
        }
        catch (FsException e) when (e.Reason == FsError.NotFound && condition.IfMatch is not null && e.InnerException is AmazonS3Exception { ErrorCode: not "NoSuchBucket" })
        {
            // AWS and Ceph 20.2 answer 404 where others answer 412.
            throw new FsException(FsError.Conflict, $"{key} is gone, removed by another writer", e);
        }
    }

    /// <summary>
    /// A write was answered without the echo: it lies there in plaintext, and goes again at once. No caller's impatience stops that.
    /// </summary>
    public async ValueTask<FsException> UndoAsync(string key)
    {
        try
        {
            await retries.RunAsync($"DELETE {key}", 0, (_, token) => client.DeleteObjectAsync(options.Bucket, key, token), CancellationToken.None).ConfigureAwait(false);
            StoreLog.UndonePlaintext(log, key);
            return NotEncrypted(key);
        }
        catch (FsException e)
        {
            StoreLog.PlaintextLeft(log, key, e.Message);
            return new FsException(FsError.NotEncrypted, $"the service did not confirm that {key} is encrypted, and it could not be deleted again: it may lie there in plaintext", e);
        }
    }

    public static FsException NotEncrypted(string key) => new(
        FsError.NotEncrypted, $"the service did not confirm that {key} is encrypted with the customer's key, so the write was undone; 'ssecfs check' tells what the service can do");

    /// <param name="openedBy">The key that the reply names; null if it names none.</param>
    public ObjectInfo InfoOf(string key, long size, string etag, DateTime? modified, CustomerKeyHeaders? openedBy, ObjectMetadata metadata, OwnMarks marks)
    {
        if (size < 0 || string.IsNullOrEmpty(etag))
        {
            throw new FsException(FsError.BadReply, $"the service does not tell the size and ETag of {key}");
        }
        if (openedBy is not null)
        {
            ring.Opened(key, openedBy);
        }
        return new ObjectInfo(key, size, Unquote(etag), Utc(modified), openedBy is null ? Encryption.Plain : Encryption.CustomerKey, metadata)
        {
            KeyFingerprint = openedBy?.Fingerprint,
            FormerETag = marks.FormerETag,
            Attempt = marks.Attempt,
        };
    }

    public static string Unquote(string? etag) => etag?.Trim('"') ?? "";

    public static DateTimeOffset Utc(DateTime? time) => time is { } known ? new DateTimeOffset(known.ToUniversalTime()) : default;

    private ValueTask<ObjectInfo> HeadOnceAsync(string key, CustomerKeyHeaders? headers, CancellationToken cancellation) =>
        retries.RunAsync($"HEAD {key}", 0, async (_, token) =>
        {
            var request = new GetObjectMetadataRequest { BucketName = options.Bucket, Key = key };
            headers?.AddTo(request);
            var reply = await client.GetObjectMetadataAsync(request, token).ConfigureAwait(false);
            var isOpened = headers?.IsEcho(reply.ServerSideEncryptionCustomerMethod, reply.ServerSideEncryptionCustomerProvidedKeyMD5) == true;
            var (metadata, marks) = MetadataMapping.Read(reply.Metadata, reply.Headers, reply.ExpiresString, reply.StorageClass);
            return InfoOf(key, reply.ContentLength, reply.ETag, reply.LastModified, isOpened ? headers : null, metadata, marks);
        }, cancellation);

    /// <summary>HEAD has no body: a GET of one byte says in words why it was refused.</summary>
    private async ValueTask<FsException> ExplainAsync(string key, FsException refusal, CancellationToken cancellation)
    {
        try
        {
            var request = new GetObjectRequest { BucketName = options.Bucket, Key = key, ByteRange = new ByteRange(0, 0) };
            ring.OpenerOf(key).AddTo(request);
            using var reply = await client.GetObjectAsync(request, cancellation).ConfigureAwait(false);
            return refusal;
        }
        catch (AmazonS3Exception e)
        {
            return S3Errors.ToFsException(e, $"GET {key}");
        }
    }

    private async Task<WrittenObject> PutOnceAsync(string key, ObjectContent content, ObjectMetadata metadata, WriteCondition condition, int attempt, CancellationToken cancellation)
    {
        var request = new PutObjectRequest
        {
            BucketName = options.Bucket,
            Key = key,
            InputStream = new SliceStream(content.Slices, content.Length, bytes => metadata.Attempt!.Progress.Add(bytes, clock)),
            AutoCloseStream = false,
            ContentType = metadata.ContentType ?? "application/octet-stream",
            StorageClass = MetadataMapping.StorageClassOf(metadata),
            TagSet = MetadataMapping.TagsOf(metadata),
            DisablePayloadSigning = IsPayloadUnsigned,
            UseChunkEncoding = false,
            MD5Digest = content.Md5 is { } md5 ? Convert.ToBase64String(md5) : ContentMd5.Of(content),
            // Unquoted: the one form that every service takes (Ceph 16 and 18 answer 412 to the right ETag in quotes).
            IfMatch = condition.IfMatch,
            IfNoneMatch = condition.IfAbsent ? "*" : null,
        };
        var headers = ring.WriterOf(key, metadata);
        MetadataMapping.Write(metadata, headers, request.Metadata, request.Headers);
        headers.AddTo(request);
        var digest = Convert.ToHexStringLower(Convert.FromBase64String(request.MD5Digest));
        // A PUT of an attempt that an earlier process began may repeat a request that was carried out.
        var isRepeat = attempt > 1 || metadata.Attempt!.MayBeStored;
        metadata.Attempt!.Send(new SentContent(content.Length, digest));
        PutObjectResponse reply;
        try
        {
            reply = await client.PutObjectAsync(request, cancellation).ConfigureAwait(false);
        }
        catch (AmazonS3Exception e) when (isRepeat && e.StatusCode == HttpStatusCode.PreconditionFailed)
        {
            return await Own.FindAsync(key, metadata, cancellation).ConfigureAwait(false) ?? throw S3Errors.ToFsException(e, $"PUT {key}");
        }
        if (!headers.IsEcho(reply.ServerSideEncryptionCustomerMethod, reply.ServerSideEncryptionCustomerProvidedKeyMD5))
        {
            throw await UndoAsync(key).ConfigureAwait(false);
        }
        ring.Opened(key, headers);
        capabilities.ETagIsDigest = Unquote(reply.ETag) == digest;
        return string.IsNullOrEmpty(reply.ETag)
            ? throw new FsException(FsError.BadReply, $"the service does not tell the ETag of {key}")
            : new WrittenObject(Unquote(reply.ETag), clock.GetUtcNow());
    }
}
