using System.Net;

namespace SseCFs.Store.S3;

/// <summary>A request body written to the connection from the caller's own memory, slice by slice, without a copy.</summary>
/// <param name="sent">Told the bytes that have left, as they leave.</param>
internal sealed class SliceContent(IReadOnlyList<ReadOnlyMemory<byte>> slices, long length, Action<int> sent) : HttpContent
{
    /// <summary>Bytes handed to the connection at once; after each, <see cref="Moved"/> is called.</summary>
    private const int Step = 256 << 10;

    /// <summary>Paces the body; null: nothing does.</summary>
    public TransferRate? Rate { get; set; }

    /// <summary>Told whenever part of the body has left.</summary>
    public Action? Moved { get; set; }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        var step = Math.Min(Step, Rate?.Step ?? Step);
        foreach (var slice in slices)
        {
            for (var start = 0; start < slice.Length; start += step)
            {
                var piece = slice.Slice(start, Math.Min(step, slice.Length - start));
                if (Rate is not null)
                {
                    await Rate.WaitAsync(piece.Length, cancellationToken).ConfigureAwait(false);
                }
                await stream.WriteAsync(piece, cancellationToken).ConfigureAwait(false);
                Moved?.Invoke();
                sent(piece.Length);
            }
        }
    }

    protected override bool TryComputeLength(out long computed)
    {
        computed = length;
        return true;
    }
}
