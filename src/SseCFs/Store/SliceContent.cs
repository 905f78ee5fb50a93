using System.Net;

namespace SseCFs.Store;

/// <summary>A request body written to the connection from the caller's own memory, slice by slice, without a copy.</summary>
internal sealed class SliceContent(IReadOnlyList<ReadOnlyMemory<byte>> slices, long length) : HttpContent
{
    /// <summary>Bytes handed to the connection at once; after each, <see cref="Moved"/> is called.</summary>
    private const int Step = 256 << 10;

    /// <summary>Told whenever part of the body has left.</summary>
    public Action? Moved { get; set; }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        foreach (var slice in slices)
        {
            for (var start = 0; start < slice.Length; start += Step)
            {
                await stream.WriteAsync(slice.Slice(start, Math.Min(Step, slice.Length - start)), cancellationToken).ConfigureAwait(false);
                Moved?.Invoke();
            }
        }
    }

    protected override bool TryComputeLength(out long computed)
    {
        computed = length;
        return true;
    }
}
