using System.Collections.Concurrent;
using System.Globalization;
using Amazon.S3;
using Amazon.S3.Model;
using SseCFs.Keys;

namespace SseCFs.Store.S3;

/// <summary>See <see cref="IMultipartUpload"/>. Thread-safe.</summary>
internal sealed class S3MultipartUpload : IMultipartUpload
{
    private readonly S3Requests _requests;
    private readonly CustomerKeyHeaders _headers;
    private readonly ObjectMetadata _metadata;
    private readonly ConcurrentDictionary<int, string> _parts = new();
    private IDisposable? _registered;

    private S3MultipartUpload(S3Requests requests, string key, string uploadId, ObjectMetadata metadata)
    {
        _requests = requests;
        _headers = requests.Ring.WriterOf(key, metadata);
        _metadata = metadata;
        Key = key;
        UploadId = uploadId;
    }

    public string Key { get; }

    public string UploadId { get; }

    public string KeyFingerprint => _headers.Fingerprint;

    public IReadOnlyDictionary<int, string> Parts => _parts;

    public static async ValueTask<S3MultipartUpload> StartAsync(S3Requests requests, string key, ObjectMetadata metadata, CancellationToken cancellation)
    {
        var headers = requests.Ring.WriterOf(key, metadata);
        InitiateMultipartUploadResponse reply;
        try
        {
            reply = await requests.Retries.RunAsync($"start upload of {key}", 0, (_, token) =>
            {
                var request = new InitiateMultipartUploadRequest
                {
                    BucketName = requests.Options.Bucket,
                    Key = key,
                    ContentType = metadata.ContentType ?? "application/octet-stream",
                    StorageClass = MetadataMapping.StorageClassOf(metadata),
                    TagSet = MetadataMapping.TagsOf(metadata),
                };
                MetadataMapping.Write(metadata, headers, request.Metadata, request.Headers);
                headers.AddTo(request);
                return requests.Client.InitiateMultipartUploadAsync(request, token);
            }, cancellation).ConfigureAwait(false);
        }
        catch (FsException e) when (e.Reason == FsError.AccessDenied)
        {
            throw await requests.Refusals.ExplainAsync(e, cancellation).ConfigureAwait(false);
        }
        if (string.IsNullOrEmpty(reply.UploadId))
        {
            throw new FsException(FsError.BadReply, $"the service does not tell the id of the upload of {key}");
        }
        var upload = new S3MultipartUpload(requests, key, reply.UploadId, metadata) { _registered = requests.Options.Uploads?.Begin(key, reply.UploadId) };
        if (!headers.IsEcho(reply.ServerSideEncryptionCustomerMethod, reply.ServerSideEncryptionCustomerProvidedKeyMD5))
        {
            await upload.AbortAsync().ConfigureAwait(false);
            throw S3Requests.NotEncrypted(key);
        }
        return upload;
    }

    public static S3MultipartUpload Resume(S3Requests requests, string key, string uploadId, ObjectMetadata metadata, IReadOnlyDictionary<int, string> parts)
    {
        var upload = new S3MultipartUpload(requests, key, uploadId, metadata);
        foreach (var (number, etag) in parts)
        {
            upload._parts[number] = etag;
        }
        return upload;
    }

    public async ValueTask UploadPartAsync(int number, ObjectContent content, CancellationToken cancellation)
    {
        var md5 = content.Md5 is { } known ? Convert.ToBase64String(known) : ContentMd5.Of(content);
        var reply = await _requests.Retries.RunAsync($"upload part {number} of {Key}", content.Length, (_, token) =>
        {
            var request = new UploadPartRequest
            {
                BucketName = _requests.Options.Bucket,
                Key = Key,
                UploadId = UploadId,
                PartNumber = number,
                PartSize = content.Length,
                InputStream = new SliceStream(content.Slices, content.Length, NoteSent),
                MD5Digest = md5,
                DisablePayloadSigning = _requests.IsPayloadUnsigned,
                UseChunkEncoding = false,
            };
            _headers.AddTo(request);
            return _requests.Client.UploadPartAsync(request, token);
        }, cancellation).ConfigureAwait(false);
        if (!_headers.IsEcho(reply.SSECustomerAlgorithm, reply.SSECustomerKeyMD5))
        {
            await AbortAsync().ConfigureAwait(false);
            throw S3Requests.NotEncrypted(Key);
        }
        _parts[number] = ETagOf(number, reply.ETag);
    }

    public async ValueTask CopyPartAsync(int number, ObjectInfo source, long offset, long length, CancellationToken cancellation)
    {
        var opener = source.Encryption == Encryption.CustomerKey ? _requests.Ring.OpenerOf(source) : null;
        var changesKey = opener is not null && opener != _headers;
        if (_requests.Capabilities.PartCopy == false || changesKey && _requests.Capabilities.KeyChange == false || !S3Copy.CanNameSource(source.Key))
        {
            throw new FsException(FsError.NotSupported, $"the service cannot copy parts of {source.Key}");
        }
        try
        {
            var reply = await _requests.Retries.RunAsync($"copy part {number} of {Key}", length, (_, token) =>
            {
                var request = new CopyPartRequest
                {
                    SourceBucket = _requests.Options.Bucket,
                    SourceKey = source.Key,
                    DestinationBucket = _requests.Options.Bucket,
                    DestinationKey = Key,
                    UploadId = UploadId,
                    PartNumber = number,
                    FirstByte = offset,
                    LastByte = offset + length - 1,
                    ETagToMatch = [source.ETag],
                };
                _headers.AddTo(request);
                opener?.AddAsSourceTo(request);
                return _requests.Client.CopyPartAsync(request, token);
            }, cancellation).ConfigureAwait(false);
            _parts[number] = ETagOf(number, reply.ETag);
            _metadata.Attempt?.Progress.Add(length, _requests.Clock);
        }
        catch (FsException e) when (e.Reason == FsError.NotSupported)
        {
            _requests.Capabilities.PartCopy = false;
            StoreLog.Learned(_requests.Log, "copy parts of encrypted objects");
            throw;
        }
        catch (FsException e) when (e.InnerException is AmazonS3Exception { StatusCode: System.Net.HttpStatusCode.BadRequest })
        {
            if (changesKey)
            {
                _requests.Capabilities.KeyChange = false;
            }
            throw new FsException(FsError.NotSupported, $"the service will not copy from {source.Key}", e);
        }
        catch (FsException e) when (e.Reason is FsError.Conflict or FsError.NotFound
            || e.InnerException is AmazonS3Exception { StatusCode: System.Net.HttpStatusCode.RequestedRangeNotSatisfiable })
        {
            // Ceph looks at the range first, and at the condition then: a shorter version is there.
            throw new FsException(FsError.Stale, $"{source.Key} changed while it was copied", e);
        }
    }

    public void LeaveOut(int above)
    {
        foreach (var number in _parts.Keys.Where(number => number > above))
        {
            _parts.TryRemove(number, out _);
        }
    }

    public async ValueTask<WrittenObject> CompleteAsync(long expectedSize, WriteCondition condition, CancellationToken cancellation)
    {
        var written = await CompleteAndVerifyAsync(expectedSize, condition, cancellation).ConfigureAwait(false);
        _registered?.Dispose();
        await S3Tags.EnsureAsync(_requests, Key, _metadata, cancellation).ConfigureAwait(false);
        return written;
    }

    public void HandOver() => _registered?.Dispose();

    public void TakeBack() => _registered = _requests.Options.Uploads?.Begin(Key, UploadId);

    public async ValueTask AbortAsync()
    {
        try
        {
            await OpenUploads.AbortAsync(_requests.Client, _requests.Options.Bucket, _requests.Retries, Key, UploadId, CancellationToken.None).ConfigureAwait(false);
            _registered?.Dispose();
        }
        catch (FsException e)
        {
            StoreLog.AbortFailed(_requests.Log, Key, e.Message);
        }
    }

    private async ValueTask<WrittenObject> CompleteAndVerifyAsync(long expectedSize, WriteCondition condition, CancellationToken cancellation)
    {
        var tries = 0;
        var parts = _parts.OrderBy(part => part.Key).ToList();
        var digest = OwnWrites.ETagOfParts([.. parts.Select(part => S3Requests.Unquote(part.Value))]);
        var isRepeat = _metadata.Attempt!.MayBeStored;
        _metadata.Attempt.Send(new SentContent(expectedSize, digest));
        if (_requests.Capabilities.CompleteConditions != true)
        {
            if (isRepeat && await _requests.Own.FindAsync(Key, _metadata, cancellation).ConfigureAwait(false) is { } done)
            {
                return done;
            }
            await EnsureConditionAsync(condition, cancellation).ConfigureAwait(false);
        }
        try
        {
            await _requests.Retries.RunAsync($"complete upload of {Key}", expectedSize, (attempt, token) =>
            {
                tries = attempt;
                var request = new CompleteMultipartUploadRequest
                {
                    BucketName = _requests.Options.Bucket,
                    Key = Key,
                    UploadId = UploadId,
                    PartETags = [.. parts.Select(part => new PartETag(part.Key, part.Value))],
                    IfMatch = condition.IfMatch,
                    IfNoneMatch = condition.IfAbsent ? "*" : null,
                };
                _headers.AddTo(request);
                return _requests.Client.CompleteMultipartUploadAsync(request, token);
            }, cancellation).ConfigureAwait(false);
        }
        catch (FsException e) when (IsGone(e) || IsInternalError(e) || (isRepeat || tries > 1) && e.Reason == FsError.Conflict)
        {
            // An earlier request may have completed it, its reply lost: the object itself tells.
            return await _requests.Own.FindAsync(Key, _metadata, cancellation).ConfigureAwait(false)
                ?? throw (e.Reason == FsError.Conflict ? Refused(condition, e) : await MeansGoneAsync(e, cancellation).ConfigureAwait(false) ? Gone(e) : e);
        }
        catch (FsException e) when (e.Reason == FsError.Conflict || e.Reason == FsError.NotFound && condition.IfMatch is not null && !IsGone(e))
        {
            throw Refused(condition, e);
        }
        _requests.Ring.Opened(Key, _headers);
        // Ceph 16 and 18 complete silently, with an empty ETag: only the object itself tells that it is whole and encrypted.
        var info = await _requests.HeadAsync(Key, cancellation).ConfigureAwait(false);
        if (info.Encryption != Encryption.CustomerKey)
        {
            throw await _requests.UndoAsync(Key).ConfigureAwait(false);
        }
        if (info.Attempt != _metadata.Attempt.Id || info.Size != expectedSize)
        {
            // Ceph takes an upload that was aborted for completed where the version at the key has the same content (check_previously_completed in rgw_op.cc).
            throw info.ETag == condition.IfMatch ? Gone(null) : new FsException(FsError.Conflict, $"{Key} was replaced by another writer while it was uploaded");
        }
        _requests.Capabilities.PartsETagIsDigest = digest is not null && info.ETag == digest;
        return new WrittenObject(info.ETag, info.LastModified);
    }

    /// <summary>Ceph 18.2 calls a completion of an upload that is gone one "already in progress" (500 InternalError); its parts can be listed no more.</summary>
    private async ValueTask<bool> MeansGoneAsync(FsException e, CancellationToken cancellation)
    {
        if (!IsInternalError(e))
        {
            return false;
        }
        try
        {
            await _requests.Retries.RunAsync(
                $"look at upload of {Key}",
                0,
                (_, token) => _requests.Client.ListPartsAsync(new ListPartsRequest { BucketName = _requests.Options.Bucket, Key = Key, UploadId = UploadId, MaxParts = 1 }, token),
                cancellation).ConfigureAwait(false);
            return false;
        }
        catch (FsException gone) when (IsGone(gone))
        {
            return true;
        }
    }

    private void NoteSent(int bytes) => _metadata.Attempt?.Progress.Add(bytes, _requests.Clock);

    private string ETagOf(int number, string? etag) => string.IsNullOrEmpty(etag)
        ? throw new FsException(FsError.BadReply, $"the service does not tell the ETag of part {number} of {Key}")
        : etag;

    private FsException Gone(FsException? e) => new(FsError.NotFound, $"the service does not know the upload of {Key}", e);

    private static bool IsInternalError(FsException e) => e.InnerException is AmazonS3Exception { ErrorCode: "InternalError" };

    private static bool IsGone(FsException e) => e.InnerException is AmazonS3Exception { ErrorCode: "NoSuchUpload" };

    /// <summary>For services that ignore conditions here: a look right before. A small window stays.</summary>
    private async ValueTask EnsureConditionAsync(WriteCondition condition, CancellationToken cancellation)
    {
        if (condition == WriteCondition.None)
        {
            return;
        }
        string? there = null;
        try
        {
            there = (await _requests.HeadAsync(Key, cancellation).ConfigureAwait(false)).ETag;
        }
        catch (FsException e) when (e.Reason is FsError.NotFound or FsError.KeyUnknown)
        {
            there = e.Reason == FsError.KeyUnknown ? "" : null;
        }
        if (condition.IfAbsent ? there is not null : there != condition.IfMatch)
        {
            throw Refused(condition, null);
        }
    }

    private FsException Refused(WriteCondition condition, Exception? cause) => condition.IfAbsent
        ? new FsException(FsError.Exists, $"{Key} exists already", cause)
        : new FsException(FsError.Conflict, $"{Key} was changed by another writer", cause);
}
