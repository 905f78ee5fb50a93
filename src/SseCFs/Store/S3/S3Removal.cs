using Amazon.S3;
using Amazon.S3.Model;

namespace SseCFs.Store.S3;

/// <summary>Deletes objects: whatever is there, or one version and no other. Stateless and thread-safe.</summary>
internal sealed class S3Removal(S3Requests requests)
{
    /// <summary>An ETag that no object has.</summary>
    public const string WrongETag = "00000000000000000000000000000000";

    public async ValueTask RemoveAsync(string key, string? ifMatch, CancellationToken cancellation)
    {
        if (ifMatch is null)
        {
            await SendAsync(key, null, cancellation).ConfigureAwait(false);
            return;
        }
        if (requests.Capabilities.DeleteConditions != true)
        {
            if (!await IsThereAsync(key, ifMatch, cancellation).ConfigureAwait(false))
            {
                return;
            }
            // As long as it is not known whether the service honours conditions here, the wrong one is sent: ignored, it does what is wanted all the same.
            var sent = requests.Capabilities.DeleteConditions is null ? WrongETag : null;
            var isDone = await SendAsync(key, sent, cancellation).ConfigureAwait(false);
            requests.Capabilities.DeleteConditions = !isDone;
            if (isDone)
            {
                return;
            }
        }
        // The object may be gone by an attempt whose reply was lost: then nothing is there that the condition could not meet.
        if (!await SendAsync(key, ifMatch, cancellation).ConfigureAwait(false) && await IsThereAsync(key, ifMatch, cancellation).ConfigureAwait(false))
        {
            throw Changed(key);
        }
    }

    /// <summary>Removes the name: the condition is no question here, but keeps a request that comes late from what was stored since.</summary>
    public async ValueTask RemoveWhateverIsThereAsync(string key, string? seen, CancellationToken cancellation)
    {
        while (!await SendAsync(key, seen, cancellation).ConfigureAwait(false))
        {
            try
            {
                seen = (await requests.HeadAsync(key, cancellation).ConfigureAwait(false)).ETag;
            }
            catch (FsException e) when (e.Reason == FsError.NotFound)
            {
                return;
            }
            catch (FsException e) when (e.IsUnreadable)
            {
                // Another writer's with another key: its ETag is not told.
                seen = null;
            }
        }
    }

    /// <returns>False: the condition is not met.</returns>
    private async ValueTask<bool> SendAsync(string key, string? ifMatch, CancellationToken cancellation)
    {
        try
        {
            await requests.Retries.RunAsync(
                $"DELETE {key}",
                0,
                (_, token) => requests.Client.DeleteObjectAsync(new DeleteObjectRequest { BucketName = requests.Options.Bucket, Key = key, IfMatch = ifMatch }, token),
                cancellation).ConfigureAwait(false);
            return true;
        }
        catch (FsException e) when (e.Reason == FsError.NotFound && e.InnerException is AmazonS3Exception { ErrorCode: not "NoSuchBucket" })
        {
            // Gone already, by a first attempt whose reply was lost or by someone else: as wanted.
            return true;
        }
        catch (FsException e) when (e.Reason == FsError.Conflict && ifMatch is not null)
        {
            return false;
        }
    }

    private async ValueTask<bool> IsThereAsync(string key, string etag, CancellationToken cancellation)
    {
        try
        {
            return (await requests.HeadAsync(key, cancellation).ConfigureAwait(false)).ETag == etag ? true : throw Changed(key);
        }
        catch (FsException e) when (e.Reason == FsError.NotFound)
        {
            return false;
        }
        catch (FsException e) when (e.Reason == FsError.KeyUnknown)
        {
            throw Changed(key);
        }
    }

    private static FsException Changed(string key) => new(FsError.Conflict, $"{key} was changed by another writer, and stays");
}
