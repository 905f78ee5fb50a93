using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Text.Json;
using SseCFs.Tool.Mounting;

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

    /// <summary>The one reply of the process that serves a mount.</summary>
    /// <param name="directory">The mount point, as it was typed.</param>
    /// <returns>The mount point, resolved, and the reply.</returns>
    /// <exception cref="ToolException">No process answers, or it refuses.</exception>
    public static async Task<(string Path, ControlReply Reply)> AskOnceAsync(string directory, string command, CancellationToken cancellation)
    {
        var path = IMountSystem.Current.Resolve(directory);
        var socket = ControlSocketPath.Of(path, IMountSystem.Current.OwnerOf(path));
        if (TryAsk(socket, new ControlRequest { Command = command }, cancellation) is { } replies)
        {
            await foreach (var reply in replies.ConfigureAwait(false))
            {
                return reply.State == ControlReply.Refused ? throw new ToolException((ExitCode)reply.ExitCode, $"{path}: {reply.Message}") : (path, reply);
            }
        }
        throw new ToolException(ExitCode.Directory, $"{path}: no process of ssecfs answers for it");
    }

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
