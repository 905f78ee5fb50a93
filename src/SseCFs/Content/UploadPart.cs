using SseCFs.Content.Extents;
using SseCFs.Store;

namespace SseCFs.Content;

/// <summary>
/// A range of a file that goes as one part of a multipart upload: sent from here, or copied on the server from the
/// stored version.
/// </summary>
internal readonly record struct UploadPart(int Number, long Start, long End, bool Copied)
{
    /// <summary>Bytes of a part that is sent whole from here; more where so many would be too many.</summary>
    public const int SmallestSize = 8 << 20;

    public async ValueTask SendAsync(IMultipartUpload upload, StagedContent staged, ObjectInfo? storedInfo, CancellationToken cancellation)
    {
        if (Copied)
        {
            await upload.CopyPartAsync(Number, storedInfo!, Start, End - Start, cancellation).ConfigureAwait(false);
            return;
        }
        if (staged.RunAt(Start) is { Source: ExtentSource.Zeros } run && run.End >= End)
        {
            await upload.UploadPartAsync(Number, Zeros.Content(End - Start), cancellation).ConfigureAwait(false);
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
}
