using SseCFs.Store;

namespace SseCFs.Content;

/// <summary>A range of a file that goes as one part of a multipart upload: sent from here, or copied on the server from the stored version.</summary>
internal readonly record struct UploadPart(int Number, long Start, long End, bool Copied)
{
    /// <summary>Bytes of a part that is sent whole from here; more where so many would be too many.</summary>
    public const int SmallestSize = 8 << 20;

    /// <summary>The part that begins at <paramref name="start"/>: of one step, or of many where neighbours that did not change are copied together.</summary>
    /// <param name="storedInfo">The version that unchanged ranges are copied from; null to send all.</param>
    /// <param name="limit">No part goes beyond it.</param>
    public static UploadPart At(StagedContent staged, ObjectInfo? storedInfo, int number, long start, long step, long limit)
    {
        var end = Math.Min(start + step, limit);
        var copied = storedInfo is not null && staged.IsUntouched(start, end);
        while (copied && end < limit && end - start + step <= IObjectStore.MaximumPartSize && staged.IsUntouched(end, Math.Min(end + step, limit)))
        {
            end = Math.Min(end + step, limit);
        }
        return new UploadPart(number, start, end, copied);
    }

    /// <summary>All parts from <paramref name="start"/> to the end of the file, large enough to be few enough. Around a change hardly more is sent than the smallest part that a service takes.</summary>
    public static IEnumerable<UploadPart> Cut(StagedContent staged, ObjectInfo? storedInfo, int number = 1, long start = 0)
    {
        var size = staged.Size;
        var fewEnough = RoundUp((size - start) / Math.Max(1, IObjectStore.MaximumParts - number) + 1, Block.Size);
        var (least, step) = (Math.Max(IObjectStore.MinimumPartSize, fewEnough), Math.Max(SmallestSize, fewEnough));
        while (start < size)
        {
            var part = storedInfo is null
                ? new UploadPart(number++, start, Math.Min(start + step, size), Copied: false)
                : Between(staged, number++, start, least, step, size);
            yield return part;
            start = part.End;
        }
    }

    /// <summary>The part that begins at <paramref name="start"/>: as much as can be copied, or else what must be sent before the next copy.</summary>
    private static UploadPart Between(StagedContent staged, int number, long start, long least, long step, long size)
    {
        if (CanCopy(start, out var end))
        {
            return new UploadPart(number, start, end, Copied: true);
        }
        end = start + least;
        while (end < start + step && end < size && !CanCopy(end, out _))
        {
            end += Block.Size;
        }
        return new UploadPart(number, start, Math.Min(end, size), Copied: false);

        bool CanCopy(long from, out long to)
        {
            to = staged.UntouchedTo(from, Math.Min(from + IObjectStore.MaximumPartSize, size));
            return to - from >= least || to == size;
        }
    }

    public async ValueTask SendAsync(IMultipartUpload upload, StagedContent staged, ObjectInfo? storedInfo, CancellationToken cancellation)
    {
        if (Copied)
        {
            await upload.CopyPartAsync(Number, storedInfo!, Start, End - Start, cancellation).ConfigureAwait(false);
            return;
        }
        var slices = new List<ReadOnlyMemory<byte>>();
        var leases = new List<ISharedMemory>();
        try
        {
            await staged.GatherAsync(Start, End, slices, leases, cancellation).ConfigureAwait(false);
            await upload.UploadPartAsync(Number, new ObjectContent(slices, End - Start), cancellation).ConfigureAwait(false);
        }
        finally
        {
            leases.ForEach(lease => lease.Release());
        }
    }

    private static long RoundUp(long value, long step) => (value + step - 1) / step * step;
}
