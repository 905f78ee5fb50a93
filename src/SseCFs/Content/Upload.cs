using System.Collections.Concurrent;
using System.Security.Cryptography;
using SseCFs.Store;

namespace SseCFs.Content;

/// <summary>
/// Sends staged content to the store: one PUT for a small file, a multipart upload for a large one, in which ranges that did not
/// change are copied on the server from the stored version. Thread-safe.
/// </summary>
/// <param name="partsAtOnce">Parts of one file under way together.</param>
/// <param name="staging">Bytes of memory for all staged data.</param>
internal sealed class Upload(IObjectStore store, int partsAtOnce, long staging)
{
    /// <summary>The largest file sent as one PUT. One request is cheapest; beyond this, parts in parallel are faster.</summary>
    public const int SinglePutLimit = 16 << 20;

    /// <summary>The largest object S3 and Ceph take: 5 TiB.</summary>
    public const long LargestObject = 5L << 40;

    private static readonly TimeSpan LongestEnd = TimeSpan.FromSeconds(1.5);

    /// <summary>
    /// Written bytes of a file after which its parts leave while it is being written. Smaller ones go whole when they
    /// are closed, with all that is known of them then.
    /// </summary>
    private readonly long _streamedFrom = Math.Max(SinglePutLimit, staging / 3);
    private readonly long _largestPart = Math.Clamp(staging / 8 / Block.Size * Block.Size, UploadPart.SmallestSize, IObjectStore.MaximumPartSize);
    private readonly ConcurrentDictionary<StreamedUpload, bool> _streamed = new();
    private readonly ConcurrentDictionary<IMultipartUpload, Task> _ending = new();

    /// <summary>Whether enough was written for parts to leave.</summary>
    public bool MayStream(StagedContent staged) => staged.Appended >= _streamedFrom;

    /// <param name="storedInfo">The version under the staged content; null if there is none.</param>
    /// <param name="metadata">Without times.</param>
    public StreamedUpload Stream(string key, StagedContent staged, ObjectInfo? storedInfo, ObjectMetadata metadata)
    {
        var streamed = new StreamedUpload(store, key, staged, storedInfo, metadata, partsAtOnce, _largestPart, ended => _streamed.TryRemove(ended, out _));
        _streamed[streamed] = true;
        return streamed;
    }

    /// <summary>Goes on with an upload that another process suspended.</summary>
    public StreamedUpload Resume(string key, StagedContent staged, ObjectInfo? storedInfo, UploadState state)
    {
        var id = state.Attempt ?? WriteAttempt.TakeFormerId(state.User);
        var metadata = new ObjectMetadata(state.User, state.ContentType)
        {
            KeyFingerprint = state.KeyFingerprint,
            Attempt = id is null ? null : WriteAttempt.Recorded(id, state.MayBeCompletedOtherwise ? null : new SentContent(staged.Size, ETag: null)),
        };
        var streamed = Stream(key, staged, storedInfo, metadata.WithAttempt());
        streamed.Resume(state);
        return streamed;
    }

    /// <summary>
    /// Takes back what nobody will complete any more; what a save in the journal names is left to it. Does not wait long for a service that is
    /// away: what stays is recorded in the journal, for the next mount to take back.
    /// </summary>
    public async ValueTask EndAsync()
    {
        var ending = Task.WhenAll([.. _streamed.Keys.Select(streamed => streamed.EndAsync()), .. _ending.Values]);
        await Task.WhenAny(ending, Task.Delay(LongestEnd)).ConfigureAwait(false);
    }

    /// <param name="storedInfo">The version under the staged content, as it stands in the store; null if there is none.</param>
    public async ValueTask<WrittenObject> SendAsync(
        string key, StagedContent staged, ObjectInfo? storedInfo, Func<byte[]?, ObjectMetadata> metadata, WriteCondition condition, CancellationToken cancellation)
    {
        if (staged.Streamed is { IsAbandoned: false } streamed)
        {
            if (streamed.Key == key)
            {
                try
                {
                    return await streamed.FinishAsync(condition, cancellation).ConfigureAwait(false);
                }
                catch (FsException e) when (e.Reason == FsError.NotFound && !streamed.HasDropped)
                {
                    // Not in this way, but all of it is here.
                }
            }
            if (!streamed.TryAbandon())
            {
                throw new FsException(FsError.InputOutput, $"{streamed.Key} is half uploaded, and cannot be stored as {key}");
            }
        }
        return staged.Size <= SinglePutLimit
            ? await PutAsync(key, staged, metadata, condition, cancellation).ConfigureAwait(false)
            : await SendPartsAsync(key, staged, storedInfo, metadata(null), condition, cancellation).ConfigureAwait(false);
    }

    /// <summary>One PUT of content in memory, with its MD5 known to the metadata.</summary>
    public async ValueTask<WrittenObject> PutAsync(string key, IReadOnlyList<ReadOnlyMemory<byte>> slices, Func<byte[]?, ObjectMetadata> metadata, WriteCondition condition, CancellationToken cancellation)
    {
#pragma warning disable CA5351 // Content-MD5 is what the protocol takes; nothing secret rests on it
        using var md5 = IncrementalHash.CreateHash(HashAlgorithmName.MD5);
#pragma warning restore CA5351
        long length = 0;
        foreach (var slice in slices)
        {
            md5.AppendData(slice.Span);
            length += slice.Length;
        }
        var hash = md5.GetHashAndReset();
        return await store.PutAsync(key, new ObjectContent(slices, length, hash), metadata(hash), condition, cancellation).ConfigureAwait(false);
    }

    private async ValueTask<WrittenObject> PutAsync(string key, StagedContent staged, Func<byte[]?, ObjectMetadata> metadata, WriteCondition condition, CancellationToken cancellation)
    {
        var slices = new List<ReadOnlyMemory<byte>>();
        var leases = new List<ISharedMemory>();
        try
        {
            await staged.GatherAsync(0, staged.Size, slices, leases, cancellation).ConfigureAwait(false);
            return await PutAsync(key, slices, metadata, condition, cancellation).ConfigureAwait(false);
        }
        finally
        {
            leases.ForEach(lease => lease.Release());
        }
    }

    private async ValueTask<WrittenObject> SendPartsAsync(
        string key, StagedContent staged, ObjectInfo? storedInfo, ObjectMetadata metadata, WriteCondition condition, CancellationToken cancellation)
    {
        if (staged.Size > LargestObject)
        {
            throw new FsException(FsError.FileTooLarge, $"{key} would be larger than 5 TiB, the most one object can hold");
        }
        try
        {
            return await SendPlannedAsync(key, staged, storedInfo, metadata, condition, cancellation).ConfigureAwait(false);
        }
        catch (FsException e) when (e.Reason == FsError.NotSupported && storedInfo is not null)
        {
            // The service cannot copy from that version: all of it through memory then.
            return await SendPlannedAsync(key, staged, null, metadata, condition, cancellation).ConfigureAwait(false);
        }
    }

    private async ValueTask<WrittenObject> SendPlannedAsync(
        string key, StagedContent staged, ObjectInfo? storedInfo, ObjectMetadata metadata, WriteCondition condition, CancellationToken cancellation)
    {
        var upload = await store.StartUploadAsync(key, metadata, cancellation).ConfigureAwait(false);
        try
        {
            await Parallel.ForEachAsync(
                PartPlan.Make(staged, storedInfo),
                new ParallelOptions { MaxDegreeOfParallelism = partsAtOnce, CancellationToken = cancellation },
                (part, token) => part.SendAsync(upload, staged, storedInfo, token)).ConfigureAwait(false);
            return await upload.CompleteAsync(staged.Size, condition, cancellation).ConfigureAwait(false);
        }
        catch (FsException e) when (e.Reason == FsError.NotFound)
        {
            throw new FsException(FsError.InputOutput, $"the service no longer knows the upload of {key}: does a rule of the bucket or another program end uploads?", e);
        }
        catch (OperationCanceledException)
        {
            // Nobody waits for the service to hear of it.
            End(upload);
            throw;
        }
        catch
        {
            await upload.AbortAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Takes an upload back without waiting for the service.</summary>
    private void End(IMultipartUpload upload)
    {
        _ending[upload] = Task.CompletedTask;
        var ending = Task.Run(EndAsync, CancellationToken.None);
        // Unless it has ended already.
        _ending.TryUpdate(upload, ending, Task.CompletedTask);

        async Task EndAsync()
        {
            await upload.AbortAsync().ConfigureAwait(false);
            _ending.TryRemove(upload, out _);
        }
    }
}
