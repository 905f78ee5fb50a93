using System.Globalization;
using System.Net;
using Amazon.S3;
using Amazon.S3.Model;

namespace SseCFs.Store.S3;

/// <summary>The body of a GET, which resumes itself at the byte where it broke off, of the same version. Not thread-safe.</summary>
internal sealed class S3Body : ObjectBody
{
    private const long LargestRange = 1L << 50;

    private readonly S3Requests _requests;

    /// <summary>Of the key that opened it; null if it is plain.</summary>
    private readonly CustomerKeyHeaders? _headers;
    private GetObjectResponse? _reply;
    private long _given;
    private long _brokenSince;

    private S3Body(S3Requests requests, GetObjectResponse? reply, ObjectInfo info, long offset, long length, CustomerKeyHeaders? headers)
        : base(info, offset, length)
    {
        _requests = requests;
        _headers = headers;
        _reply = reply;
    }

    public static async ValueTask<S3Body?> OpenAsync(
        S3Requests requests, string key, long offset, long length, string? ifMatch, string? ifNoneMatch, CancellationToken cancellation)
    {
        return await requests.WithKeysAsync(
            key,
            headers => OpenAsync(requests, key, offset, length, ifMatch, ifNoneMatch, headers, cancellation),
            async refusal =>
            {
                await requests.HeadWithoutKeyAsync(key, refusal, cancellation).ConfigureAwait(false);
                return await OpenAsync(requests, key, offset, length, ifMatch, ifNoneMatch, null, cancellation).ConfigureAwait(false);
            }).ConfigureAwait(false);
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellation)
    {
        if (_given == Length || buffer.Length == 0)
        {
            return 0;
        }
        for (; ; )
        {
            try
            {
                var read = await ReadOnceAsync(buffer, cancellation).ConfigureAwait(false);
                _given += read;
                _brokenSince = 0;
                if (_requests.Options.Rate is { } rate)
                {
                    await rate.WaitAsync(read, cancellation).ConfigureAwait(false);
                }
                return read;
            }
            catch (Exception e) when (e is not OperationCanceledException && S3Errors.IsTransient(e) && MayResume())
            {
                StoreLog.BodyResumed(_requests.Log, Info.Key, Offset + _given, e.Message);
                _reply?.Dispose();
                _reply = null;
            }
            catch (Exception e) when (e is not OperationCanceledException and not FsException)
            {
                throw S3Errors.ToFsException(e, $"GET {Info.Key}");
            }
        }
    }

    public override ValueTask DisposeAsync()
    {
        _reply?.Dispose();
        return ValueTask.CompletedTask;
    }

    /// <summary>A body that breaks off again and again without giving a byte is given up when the time is over.</summary>
    private bool MayResume()
    {
        if (_brokenSince == 0)
        {
            _brokenSince = _requests.Clock.GetTimestamp();
        }
        return _requests.Clock.GetElapsedTime(_brokenSince) < _requests.Options.RetryFor;
    }

    private async ValueTask<int> ReadOnceAsync(Memory<byte> buffer, CancellationToken cancellation)
    {
        if (_reply is null)
        {
            _reply = await ResumeAsync(cancellation).ConfigureAwait(false);
        }
        using var timer = new CancellationTokenSource(_requests.Options.AnswerWithin, _requests.Clock);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(cancellation, timer.Token);
        try
        {
            var wanted = (int)Math.Min(buffer.Length, Length - _given);
            var read = await _reply.ResponseStream.ReadAsync(buffer[..wanted], linked.Token).ConfigureAwait(false);
            return read > 0 ? read : throw new IOException("the body ended before its length");
        }
        catch (OperationCanceledException e) when (!cancellation.IsCancellationRequested)
        {
            throw new TimeoutException("no more bytes came", e);
        }
    }

    private async ValueTask<GetObjectResponse> ResumeAsync(CancellationToken cancellation)
    {
        var (offset, length) = (Offset + _given, Length - _given);
        GetObjectResponse rest;
        try
        {
            rest = await RequestAsync(_requests, Info.Key, offset, length, Info.ETag, null, _headers, cancellation).ConfigureAwait(false);
        }
        catch (FsException e) when (e.Reason is FsError.Conflict or FsError.NotFound)
        {
            throw NoLonger(Info.Key, e);
        }
        try
        {
            return Verified(_requests, rest, Info.Key, offset, length, _headers).ETag == Info.ETag ? rest : throw NoLonger(Info.Key, null);
        }
        catch
        {
            rest.Dispose();
            throw;
        }
    }

    private static async ValueTask<S3Body?> OpenAsync(
        S3Requests requests, string key, long offset, long length, string? ifMatch, string? ifNoneMatch, CustomerKeyHeaders? headers, CancellationToken cancellation)
    {
        GetObjectResponse reply;
        try
        {
            reply = await RequestAsync(requests, key, offset, length, ifMatch, ifNoneMatch, headers, cancellation).ConfigureAwait(false);
        }
        catch (FsException e) when (e.Reason == FsError.Conflict)
        {
            throw NoLonger(key, e);
        }
        catch (FsException e) when (e.InnerException is AmazonS3Exception { StatusCode: HttpStatusCode.RequestedRangeNotSatisfiable })
        {
            return await EmptyAsync(requests, key, offset, ifMatch, ifNoneMatch, cancellation).ConfigureAwait(false);
        }
        try
        {
            // The SDK takes a 304 for a success.
            if (reply.HttpStatusCode == HttpStatusCode.NotModified)
            {
                reply.Dispose();
                return ifNoneMatch is not null ? null : throw new FsException(FsError.BadReply, $"GET {key}: the service says that nothing changed, and was not asked");
            }
            var info = Verified(requests, reply, key, offset, length, headers);
            if (ifMatch is not null && info.ETag != ifMatch)
            {
                throw NoLonger(key, null);
            }
            return new S3Body(requests, reply, info, offset, reply.ContentLength, headers);
        }
        catch
        {
            reply.Dispose();
            throw;
        }
    }

    /// <summary>A 416 says nothing of the object, which is empty or ends before the range: its HEAD does.</summary>
    private static async ValueTask<S3Body?> EmptyAsync(S3Requests requests, string key, long offset, string? ifMatch, string? ifNoneMatch, CancellationToken cancellation)
    {
        var info = await requests.HeadAsync(key, cancellation).ConfigureAwait(false);
        if ((ifMatch is not null && info.ETag != ifMatch) || info.Size > offset)
        {
            throw NoLonger(key, null);
        }
        return info.ETag == ifNoneMatch ? null : new S3Body(requests, null, info, offset, 0, null);
    }

    /// <summary>What a reply says of its object; its body must be exactly the range asked for, as far as the object goes.</summary>
    private static ObjectInfo Verified(S3Requests requests, GetObjectResponse reply, string key, long offset, long length, CustomerKeyHeaders? headers)
    {
        var (first, size) = RangeOf(reply);
        if (first != offset || reply.ContentLength != Math.Min(length, size - offset))
        {
            throw new FsException(FsError.BadReply, $"GET {key}: the service sent another range than the one asked for");
        }
        var isOpened = headers?.IsEcho(reply.ServerSideEncryptionCustomerMethod, reply.ServerSideEncryptionCustomerProvidedKeyMD5) == true;
        var (metadata, marks) = MetadataMapping.Read(reply.Metadata, reply.Headers, reply.ExpiresString, reply.StorageClass);
        return requests.InfoOf(key, size, reply.ETag, reply.LastModified, isOpened ? headers : null, metadata, marks);
    }

    private static FsException NoLonger(string key, Exception? cause) => new(FsError.Stale, $"{key} is no longer the version that was opened", cause);

    private static ValueTask<GetObjectResponse> RequestAsync(
        S3Requests requests, string key, long offset, long length, string? ifMatch, string? ifNoneMatch, CustomerKeyHeaders? headers, CancellationToken cancellation) =>
        requests.Retries.RunAsync($"GET {key}", 0, (_, token) =>
        {
            var request = new GetObjectRequest
            {
                BucketName = requests.Options.Bucket,
                Key = key,
                // The end is left open where it would be beyond every object.
                ByteRange = length < LargestRange ? new ByteRange(offset, offset + length - 1) : new ByteRange(string.Create(CultureInfo.InvariantCulture, $"bytes={offset}-")),
                EtagToMatch = ifMatch,
                EtagToNotMatch = ifNoneMatch,
            };
            headers?.AddTo(request);
            return requests.Client.GetObjectAsync(request, token);
        }, cancellation);

    /// <summary>First byte and whole size, from "bytes 0-99/1000"; a reply without a range is the whole object.</summary>
    private static (long First, long Size) RangeOf(GetObjectResponse reply)
    {
        if (string.IsNullOrEmpty(reply.ContentRange))
        {
            return (0, reply.ContentLength);
        }
        var text = reply.ContentRange.AsSpan();
        var space = text.IndexOf(' ');
        var dash = text.IndexOf('-');
        var slash = text.IndexOf('/');
        return space > 0 && dash > space && slash > dash
            && long.TryParse(text[(space + 1)..dash], CultureInfo.InvariantCulture, out var first) && long.TryParse(text[(slash + 1)..], CultureInfo.InvariantCulture, out var size)
            ? (first, size)
            : throw new FsException(FsError.BadReply, $"GET {reply.Key}: the service sent a range that cannot be read");
    }
}
