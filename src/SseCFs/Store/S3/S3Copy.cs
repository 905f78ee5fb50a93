using System.Buffers;
using Amazon.S3;
using Amazon.S3.Model;
using SseCFs.Content;
using SseCFs.Keys;

namespace SseCFs.Store.S3;

/// <summary>
/// Copies an object to a key with new metadata, encrypted: by CopyObject where the service can, else by an upload of copied parts (which Ceph before
/// 20.2 can), else through memory. Stateless and thread-safe.
/// </summary>
internal sealed class S3Copy(S3Requests requests, IObjectStore store)
{
    /// <summary>Up to this, one GET and one PUT, with a condition that every service honours, beat the requests of a verified copy.</summary>
    private const long ThroughMemory = 1 << 20;

    private const long CopiedPart = 256L << 20;
    private const int StreamedPart = 8 << 20;
    private const int PartsAtOnce = 4;

    /// <summary>How long an interrupted program waits for the service to hear that the upload of a copy is not wanted any more.</summary>
    private static readonly TimeSpan LongestAbort = TimeSpan.FromSeconds(1.5);

    public async ValueTask<WrittenObject> CopyAsync(ObjectInfo source, string destination, ObjectMetadata metadata, WriteCondition condition, CancellationToken cancellation)
    {
        if (source.Size <= ThroughMemory)
        {
            return await ThroughMemoryAsync(source, destination, metadata, condition, cancellation).ConfigureAwait(false);
        }
        // From a plain source Ceph 16 and 18 store plaintext with 200, so CopyObject is for encrypted ones only; onto the source itself it is
        // for services that were seen to encrypt a copy, since there would be nothing left to undo it with.
        var writer = requests.Ring.WriterOf(destination, metadata);
        var opener = source.Encryption == Encryption.CustomerKey ? requests.Ring.OpenerOf(source) : null;
        // Where a copy cannot be under another key, not even parts are tried.
        var mayChangeKey = opener is null || opener == writer || requests.Capabilities.KeyChange != false;
        var mayCopy = requests.Capabilities.Copy == true || (requests.Capabilities.Copy is null && source.Key != destination);
        if (opener is not null && mayCopy && mayChangeKey && CanNameSource(source.Key))
        {
            if (await TryCopyObjectAsync(source, opener, destination, writer, metadata, condition, cancellation).ConfigureAwait(false) is { } copied)
            {
                return copied;
            }
        }
        if (requests.Capabilities.PartCopy != false && mayChangeKey && CanNameSource(source.Key))
        {
            try
            {
                return await InPartsAsync(source, destination, metadata, condition, CopiedPart, static (upload, part, token) =>
                    upload.Target.CopyPartAsync(part.Number, upload.Source, part.Offset, part.Length, token), cancellation).ConfigureAwait(false);
            }
            catch (FsException e) when (e.Reason == FsError.NotSupported)
            {
                // Not on this service, or not from this source: the bytes go through here.
            }
        }
        return await InPartsAsync(source, destination, metadata, condition, StreamedPart, StreamPartAsync, cancellation).ConfigureAwait(false);
    }

    /// <summary>
    /// Ceph 16.2.15 decodes x-amz-copy-source twice (measured): "a%41" would name the object "aA", which may exist and be copied instead.
    /// </summary>
    public static bool CanNameSource(string key) => !key.Contains('%', StringComparison.Ordinal);

    private async ValueTask<WrittenObject?> TryCopyObjectAsync(
        ObjectInfo source, CustomerKeyHeaders opener, string destination, CustomerKeyHeaders headers, ObjectMetadata metadata, WriteCondition condition, CancellationToken cancellation)
    {
        if (source.Size > IObjectStore.MaximumPartSize)
        {
            return null;
        }
        // The destination's conditions are honoured by AWS and ignored by every Ceph: looked at right before, too.
        await EnsureConditionAsync(destination, condition, cancellation).ConfigureAwait(false);
        try
        {
            metadata.Attempt!.Send(new SentContent(source.Size, ETag: null));
            var reply = await requests.Retries.RunAsync($"copy {source.Key} to {destination}", source.Size, (_, token) =>
            {
                var request = new CopyObjectRequest
                {
                    SourceBucket = requests.Options.Bucket,
                    SourceKey = source.Key,
                    DestinationBucket = requests.Options.Bucket,
                    DestinationKey = destination,
                    ETagToMatch = source.ETag,
                    IfMatch = condition.IfMatch,
                    IfNoneMatch = condition.IfAbsent ? "*" : null,
                    MetadataDirective = S3MetadataDirective.REPLACE,
                    ContentType = metadata.ContentType ?? "application/octet-stream",
                    StorageClass = MetadataMapping.StorageClassOf(metadata),
                    TaggingDirective = metadata.Tags.Count > 0 ? TaggingDirective.REPLACE : null,
                    TagSet = MetadataMapping.TagsOf(metadata),
                };
                MetadataMapping.Write(metadata, headers, request.Metadata, request.Headers);
                headers.AddTo(request, opener);
                return requests.Client.CopyObjectAsync(request, token);
            }, cancellation).ConfigureAwait(false);
            if (!headers.IsEcho(reply.ServerSideEncryptionCustomerMethod, reply.ServerSideEncryptionCustomerProvidedKeyMD5))
            {
                requests.Capabilities.Copy = false;
                throw await requests.UndoAsync(destination).ConfigureAwait(false);
            }
            requests.Capabilities.Copy = true;
            requests.Ring.Opened(destination, headers);
        }
        catch (FsException e) when (e.Reason == FsError.AccessDenied)
        {
            throw await requests.Refusals.ExplainAsync(e, cancellation).ConfigureAwait(false);
        }
        catch (FsException e) when (e.Reason == FsError.NotSupported)
        {
            requests.Capabilities.Copy = false;
            StoreLog.Learned(requests.Log, "copy encrypted objects in one request");
            return null;
        }
        catch (FsException e) when (e.InnerException is AmazonS3Exception { StatusCode: System.Net.HttpStatusCode.BadRequest })
        {
            // Not this object, for a reason of the service's own: the other ways are left.
            return null;
        }
        catch (FsException e) when (e.Reason is FsError.Conflict or FsError.NotFound)
        {
            // An earlier request may have made it, its reply lost.
            if (await requests.Own.FindAsync(destination, metadata, cancellation).ConfigureAwait(false) is { } done)
            {
                return done;
            }
            // Of the source's condition and the destination's, the reply does not say which.
            await EnsureConditionAsync(destination, condition, cancellation).ConfigureAwait(false);
            throw new FsException(FsError.Stale, $"{source.Key} changed before it was copied", e);
        }
        var info = await store.HeadAsync(destination, cancellation).ConfigureAwait(false);
        return info.Size == source.Size && info.Encryption == Encryption.CustomerKey && info.Attempt == metadata.Attempt!.Id
            ? new WrittenObject(info.ETag, info.LastModified)
            : throw new FsException(FsError.BadReply, $"the copy {destination} is not what was copied");
    }

    private async ValueTask EnsureConditionAsync(string destination, WriteCondition condition, CancellationToken cancellation)
    {
        if (condition == WriteCondition.None)
        {
            return;
        }
        string? there;
        try
        {
            there = (await store.HeadAsync(destination, cancellation).ConfigureAwait(false)).ETag;
        }
        catch (FsException e) when (e.Reason == FsError.NotFound)
        {
            there = null;
        }
        if (condition.IfAbsent && there is not null)
        {
            throw new FsException(FsError.Exists, $"{destination} exists already");
        }
        if (condition.IfMatch is not null && there != condition.IfMatch)
        {
            throw new FsException(FsError.Conflict, $"{destination} was changed by another writer");
        }
    }

    private async ValueTask<WrittenObject> ThroughMemoryAsync(ObjectInfo source, string destination, ObjectMetadata metadata, WriteCondition condition, CancellationToken cancellation)
    {
        var size = (int)source.Size;
        var buffer = ArrayPool<byte>.Shared.Rent(Math.Max(1, size));
        try
        {
            await ReadAsync(source, 0, buffer.AsMemory(0, size), cancellation).ConfigureAwait(false);
            return await store.PutAsync(destination, ObjectContent.Of(buffer.AsMemory(0, size)), metadata, condition, cancellation).ConfigureAwait(false);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer, clearArray: true);
        }
    }

    private async ValueTask<WrittenObject> InPartsAsync(
        ObjectInfo source, string destination, ObjectMetadata metadata, WriteCondition condition, long partSize,
        Func<(IMultipartUpload Target, ObjectInfo Source), Part, CancellationToken, ValueTask> send, CancellationToken cancellation)
    {
        var upload = await store.StartUploadAsync(destination, metadata, cancellation).ConfigureAwait(false);
        try
        {
            await Parallel.ForEachAsync(
                Parts(source.Size, Math.Max(partSize, source.Size / (IObjectStore.MaximumParts - 1) + 1)),
                new ParallelOptions { MaxDegreeOfParallelism = PartsAtOnce, CancellationToken = cancellation },
                (part, token) => send((upload, source), part, token)).ConfigureAwait(false);
            // Ceph ignores a part copy's condition on its source: the same version after the last part means that all parts are of it.
            if ((await store.HeadAsync(source.Key, cancellation).ConfigureAwait(false)).ETag != source.ETag)
            {
                throw new FsException(FsError.Stale, $"{source.Key} changed while it was copied");
            }
            return await upload.CompleteAsync(source.Size, condition, cancellation).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // Goes on behind. What does not come through is recorded in the journal.
            await Task.WhenAny(upload.AbortAsync().AsTask(), Task.Delay(LongestAbort, CancellationToken.None)).ConfigureAwait(false);
            throw;
        }
        catch
        {
            await upload.AbortAsync().ConfigureAwait(false);
            throw;
        }
    }

    private static IEnumerable<Part> Parts(long size, long partSize)
    {
        var number = 1;
        for (long offset = 0; offset < size; offset += partSize)
        {
            yield return new Part(number++, offset, Math.Min(partSize, size - offset));
        }
    }

    private async ValueTask StreamPartAsync((IMultipartUpload Target, ObjectInfo Source) copy, Part part, CancellationToken cancellation)
    {
        var buffer = ArrayPool<byte>.Shared.Rent((int)part.Length);
        try
        {
            var memory = buffer.AsMemory(0, (int)part.Length);
            await ReadAsync(copy.Source, part.Offset, memory, cancellation).ConfigureAwait(false);
            await copy.Target.UploadPartAsync(part.Number, ObjectContent.Of(memory), cancellation).ConfigureAwait(false);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer, clearArray: true);
        }
    }

    private async ValueTask ReadAsync(ObjectInfo source, long offset, Memory<byte> into, CancellationToken cancellation)
    {
        if (into.Length == 0)
        {
            return;
        }
        var body = await store.GetAsync(source.Key, offset, into.Length, source.ETag, null, cancellation).ConfigureAwait(false);
        await using (body!.ConfigureAwait(false))
        {
            while (into.Length > 0)
            {
                var read = await body!.ReadAsync(into, cancellation).ConfigureAwait(false);
                into = read > 0 ? into[read..] : throw new FsException(FsError.BadReply, $"{source.Key} ended early");
            }
        }
    }

    private readonly record struct Part(int Number, long Offset, long Length);
}
