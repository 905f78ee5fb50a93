namespace SseCFs.Transport;

/// <summary>
/// A connection to a proxy. If it ends before its first byte arrives, the proxy has not answered CONNECT; to the HTTP client above, that
/// looks like a failure of the service. One reader and one writer at a time.
/// </summary>
internal sealed class TunnelStream(Stream connection, ServiceProxy proxy) : Stream
{
    private bool _isAnswered;

    public override bool CanRead => true;

    public override bool CanWrite => true;

    public override bool CanSeek => false;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        _isAnswered ? connection.ReadAsync(buffer, cancellationToken) : ReadAnswerAsync(buffer, cancellationToken);

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(Span<byte> buffer) => connection.Read(buffer);

    public override int Read(byte[] buffer, int offset, int count) => connection.Read(buffer, offset, count);

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
        connection.WriteAsync(buffer, cancellationToken);

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        connection.WriteAsync(buffer, offset, count, cancellationToken);

    public override void Write(ReadOnlySpan<byte> buffer) => connection.Write(buffer);

    public override void Write(byte[] buffer, int offset, int count) => connection.Write(buffer, offset, count);

    public override void Flush() => connection.Flush();

    public override Task FlushAsync(CancellationToken cancellationToken) => connection.FlushAsync(cancellationToken);

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            connection.Dispose();
        }
        base.Dispose(disposing);
    }

    private async ValueTask<int> ReadAnswerAsync(Memory<byte> buffer, CancellationToken cancellation)
    {
        int count;
        try
        {
            count = await connection.ReadAsync(buffer, cancellation).ConfigureAwait(false);
        }
        // The HTTP client closes the connection, or cancels, when its time limit ends.
        catch (Exception failure) when (failure is IOException or OperationCanceledException or ObjectDisposedException)
        {
            throw new ProxyException($"the proxy {proxy} does not answer CONNECT: {failure.Message}", isFinal: false, failure);
        }
        if (count == 0 && buffer.Length > 0)
        {
            throw new ProxyException($"the proxy {proxy} closes the connection instead of answering CONNECT", isFinal: false);
        }
        _isAnswered |= count > 0;
        return count;
    }
}
