using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace SseCFs.Store;

/// <summary>
/// A connection whose every arriving segment is acknowledged at once. A service that sends a reply's head and body as two small
/// segments, and waits for the first one's acknowledgement before it sends the second (Nagle's algorithm; Ceph's front end without
/// tcp_nodelay), would else wait for Linux' delayed acknowledgement: 40 ms on every small GET.
/// </summary>
/// <remarks>The kernel leaves this mode by itself, so it is entered before each read: tcp(7), TCP_QUICKACK.</remarks>
internal sealed class QuickAckStream(Socket socket) : NetworkStream(socket, ownsSocket: true)
{
    /// <summary>IPPROTO_TCP and TCP_QUICKACK of linux/tcp.h.</summary>
    private const int Tcp = 6, QuickAck = 12;

    private static readonly int s_on = 1;

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        Acknowledge();
        return base.ReadAsync(buffer, cancellationToken);
    }

    public override int Read(Span<byte> buffer)
    {
        Acknowledge();
        return base.Read(buffer);
    }

    /// <summary>Connects as the HTTP client itself would: no delay for what is sent, and on Linux none for acknowledgements.</summary>
    public static async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellation)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(context.DnsEndPoint, cancellation).ConfigureAwait(false);
            return OperatingSystem.IsLinux() ? new QuickAckStream(socket) : new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private void Acknowledge()
    {
        try
        {
            Socket.SetRawSocketOption(Tcp, QuickAck, MemoryMarshal.AsBytes(new ReadOnlySpan<int>(in s_on)));
        }
        catch (SocketException)
        {
            // Only slower without; what is wrong with the connection, the read says.
        }
    }
}
