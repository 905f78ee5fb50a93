using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace SseCFs.Transport;

/// <summary>
/// A TCP connection to the service that takes at once whatever has arrived, as TLS above it asks for 8 KiB at a time; and acknowledges it
/// at once. A service that sends a reply's head and body as two small segments, and waits for the first one's acknowledgement before
/// it sends the second (Nagle's algorithm; Ceph's front end without tcp_nodelay), would else wait for Linux' delayed
/// acknowledgement: 40 ms on every small GET. One reader and one writer at a time.
/// </summary>
internal sealed class ServiceStream(Socket socket) : Stream
{
    private const int BufferSize = 64 << 10;

    /// <summary>IPPROTO_TCP and TCP_QUICKACK of linux/tcp.h.</summary>
    private const int Tcp = 6, QuickAck = 12;

    private static readonly int s_on = 1;

    private readonly NetworkStream _network = new(socket, ownsSocket: true);
    private readonly byte[] _received = new byte[BufferSize];
    private int _from;
    private int _to;

    public override bool CanRead => true;

    public override bool CanWrite => true;

    public override bool CanSeek => false;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    /// <summary>Connects as the HTTP client itself would: no delay for what is sent.</summary>
    public static async ValueTask<Stream> ConnectAsync(DnsEndPoint service, CancellationToken cancellation)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(service, cancellation).ConfigureAwait(false);
            return new ServiceStream(socket);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_from < _to)
        {
            return ValueTask.FromResult(Take(buffer.Span));
        }
        Acknowledge();
        // An empty buffer waits for something to arrive.
        return buffer.Length is 0 or >= BufferSize ? _network.ReadAsync(buffer, cancellationToken) : ReceiveAsync(buffer, cancellationToken);
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(Span<byte> buffer)
    {
        if (_from == _to)
        {
            Acknowledge();
            if (buffer.Length == 0)
            {
                return _network.Read(buffer);
            }
            (_from, _to) = (0, _network.Read(_received));
        }
        return Take(buffer);
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => _network.WriteAsync(buffer, cancellationToken);

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        _network.WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override void Write(byte[] buffer, int offset, int count) => _network.Write(buffer, offset, count);

    public override void Write(ReadOnlySpan<byte> buffer) => _network.Write(buffer);

    public override void Flush()
    {
    }

    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _network.Dispose();
        }
        base.Dispose(disposing);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<int> ReceiveAsync(Memory<byte> buffer, CancellationToken cancellation)
    {
        var received = await _network.ReadAsync(_received, cancellation).ConfigureAwait(false);
        (_from, _to) = (0, received);
        return Take(buffer.Span);
    }

    private int Take(Span<byte> into)
    {
        var count = Math.Min(into.Length, _to - _from);
        _received.AsSpan(_from, count).CopyTo(into);
        _from += count;
        return count;
    }

    /// <summary>The kernel leaves this mode by itself, so it is entered before each receive: tcp(7), TCP_QUICKACK.</summary>
    private void Acknowledge()
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }
        try
        {
            socket.SetRawSocketOption(Tcp, QuickAck, MemoryMarshal.AsBytes(new ReadOnlySpan<int>(in s_on)));
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // Only slower without; what is wrong with the connection, the read says.
        }
    }
}
