using System.Security.Cryptography;
using SseCFs.Store;

namespace SseCFs.Write;

/// <summary>
/// Sends staged content to the store: one PUT for a small file, a multipart upload for a large one, in which ranges that did not
/// change are copied on the server from the stored version. Stateless and thread-safe.
/// </summary>
/// <param name="partsAtOnce">Parts of one file under way together.</param>
internal sealed class Upload(IObjectStore store, int partsAtOnce)
{
    /// <summary>The largest file sent as one PUT. One request is cheapest; beyond this, parts in parallel are faster.</summary>
    public const int SinglePutLimit = 16 << 20;

    private const int SmallestPart = 8 << 20;

    /// <summary>The largest object S3 and Ceph take: 5 TiB.</summary>
    public const long LargestObject = 5L << 40;

    /// <param name="storedInfo">The version under the staged content, as it stands in the store; null if there is none.</param>
    public async ValueTask<WrittenObject> SendAsync(
        string key, StagedContent staged, ObjectInfo? storedInfo, Func<byte[]?, ObjectMetadata> metadata, WriteCondition condition, CancellationToken cancellation)
    {
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
                Plan(staged, storedInfo),
                new ParallelOptions { MaxDegreeOfParallelism = partsAtOnce, CancellationToken = cancellation },
                (part, token) => SendPartAsync(upload, staged, storedInfo, part, token)).ConfigureAwait(false);
            return await upload.CompleteAsync(staged.Size, condition, cancellation).ConfigureAwait(false);
        }
        catch
        {
            await upload.AbortAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Cuts the file into parts of equal size; neighbours that did not change are joined into one part to copy.</summary>
    private static IEnumerable<Part> Plan(StagedContent staged, ObjectInfo? storedInfo)
    {
        var size = staged.Size;
        var step = Math.Max(SmallestPart, RoundUp(size / (IObjectStore.MaximumParts - 1) + 1, Cache.Block.Size));
        var number = 1;
        for (long start = 0; start < size;)
        {
            var end = Math.Min(start + step, size);
            var copied = storedInfo is not null && staged.IsUntouched(start, end);
            while (copied && end < size && end - start + step <= IObjectStore.MaximumPartSize && staged.IsUntouched(end, Math.Min(end + step, size)))
            {
                end = Math.Min(end + step, size);
            }
            yield return new Part(number++, start, end, copied);
            start = end;
        }
    }

    private static async ValueTask SendPartAsync(IMultipartUpload upload, StagedContent staged, ObjectInfo? storedInfo, Part part, CancellationToken cancellation)
    {
        if (part.Copied)
        {
            await upload.CopyPartAsync(part.Number, storedInfo!, part.Start, part.End - part.Start, cancellation).ConfigureAwait(false);
            return;
        }
        var slices = new List<ReadOnlyMemory<byte>>();
        var leases = new List<ISharedMemory>();
        try
        {
            await staged.GatherAsync(part.Start, part.End, slices, leases, cancellation).ConfigureAwait(false);
            await upload.UploadPartAsync(part.Number, new ObjectContent(slices, part.End - part.Start), cancellation).ConfigureAwait(false);
        }
        finally
        {
            leases.ForEach(lease => lease.Release());
        }
    }

    private static long RoundUp(long value, long step) => (value + step - 1) / step * step;

    private readonly record struct Part(int Number, long Start, long End, bool Copied);
}
