using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Text.Json;

namespace SseCFs.Tool.Control;

/// <summary>Asks the process that serves a mount.</summary>
internal static class ControlClient
{
    /// <summary>Whether a process listens on the socket.</summary>
    public static bool IsAnswered(string path)
    {
        using var socket = TryConnect(path);
        return socket is not null;
    }

    /// <summary>The answer, line by line; null if no process listens on the socket.</summary>
    public static IAsyncEnumerable<ControlReply>? TryAsk(string path, ControlRequest request, CancellationToken cancellation) =>
        TryConnect(path) is { } socket ? AskAsync(socket, request, cancellation) : null;

    private static async IAsyncEnumerable<ControlReply> AskAsync(Socket socket, ControlRequest request, [EnumeratorCancellation] CancellationToken cancellation)
    {
        using var stream = new NetworkStream(socket, ownsSocket: true);
        await stream.WriteAsync(JsonSerializer.SerializeToUtf8Bytes(request, ControlJson.Default.ControlRequest), cancellation).ConfigureAwait(false);
        await stream.WriteAsync("\n"u8.ToArray(), cancellation).ConfigureAwait(false);
        using var reader = new StreamReader(stream, leaveOpen: true);
        while (await reader.ReadLineAsync(cancellation).ConfigureAwait(false) is { } line)
        {
            yield return JsonSerializer.Deserialize(line, ControlJson.Default.ControlReply)!;
        }
    }

    private static Socket? TryConnect(string path)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            socket.Connect(new UnixDomainSocketEndPoint(path));
            return socket;
        }
        catch (SocketException)
        {
            socket.Dispose();
            return null;
        }
    }
}
