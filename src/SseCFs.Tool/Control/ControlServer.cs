using System.Net.Sockets;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using SseCFs.Tool.Logging;

namespace SseCFs.Tool.Control;

/// <summary>Answers the commands of the user who mounted, and root's. Thread-safe.</summary>
internal sealed class ControlServer : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private readonly Socket _listener;
    private readonly string _path;
    private readonly Func<ControlRequest, IAsyncEnumerable<ControlReply>> _answer;
    private readonly ILogger _log;
    private readonly CancellationTokenSource _stop = new();
    private readonly List<Task> _conversations = [];
    private readonly Task _loop;

    private ControlServer(Socket listener, string path, Func<ControlRequest, IAsyncEnumerable<ControlReply>> answer, ILogger log)
    {
        (_listener, _path, _answer, _log) = (listener, path, answer, log);
        _loop = AcceptAsync();
    }

    /// <param name="directory">The mount point, resolved.</param>
    /// <param name="answer">The lines of an answer; run once per request, several at the same time.</param>
    /// <exception cref="ToolException">An earlier mount of the directory is still being stored.</exception>
    /// <exception cref="IOException">There is no place for the socket.</exception>
    /// <exception cref="SocketException">It cannot be listened on.</exception>
    public static ControlServer Start(string directory, Func<ControlRequest, IAsyncEnumerable<ControlReply>> answer, ILogger log)
    {
        var path = ControlSocketPath.Prepare(directory);
        if (ControlClient.IsAnswered(path))
        {
            throw new ToolException(ExitCode.Directory, $"an earlier mount of {directory} is still being stored; wait for it with: ssecfs umount {directory}");
        }
        File.Delete(path);
        var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            listener.Bind(new UnixDomainSocketEndPoint(path));
            listener.Listen();
        }
        catch
        {
            listener.Dispose();
            throw;
        }
        return new ControlServer(listener, path, answer, log);
    }

    /// <summary>Lets answers under way come to their end, then stops.</summary>
    public async ValueTask DisposeAsync()
    {
        File.Delete(_path);
        await _stop.CancelAsync().ConfigureAwait(false);
        await _loop.ConfigureAwait(false);
        Task all;
        lock (_conversations)
        {
            all = Task.WhenAll(_conversations);
        }
        await Task.WhenAny(all, Task.Delay(Patience, CancellationToken.None)).ConfigureAwait(false);
        _listener.Dispose();
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var socket = await _listener.AcceptAsync(_stop.Token).ConfigureAwait(false);
                lock (_conversations)
                {
                    _conversations.RemoveAll(done => done.IsCompleted);
                    _conversations.Add(TalkAsync(socket));
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The mount ends.
        }
        catch (SocketException exception)
        {
            MountLog.ControlFailed(_log, exception.Message);
        }
    }

    private async Task TalkAsync(Socket socket)
    {
        try
        {
            using var stream = new NetworkStream(socket, ownsSocket: true);
            using var reader = new StreamReader(stream, leaveOpen: true);
            var line = await reader.ReadLineAsync(_stop.Token).ConfigureAwait(false);
            if (line is null || JsonSerializer.Deserialize(line, ControlJson.Default.ControlRequest) is not { } request)
            {
                return;
            }
            await foreach (var reply in _answer(request).ConfigureAwait(false))
            {
                await stream.WriteAsync(JsonSerializer.SerializeToUtf8Bytes(reply, ControlJson.Default.ControlReply), CancellationToken.None).ConfigureAwait(false);
                await stream.WriteAsync("\n"u8.ToArray(), CancellationToken.None).ConfigureAwait(false);
            }
        }
        catch (Exception exception) when (exception is IOException or SocketException or JsonException or OperationCanceledException)
        {
            // Whoever asked has left, or does not speak as we do; the mount does not depend on it.
            MountLog.ControlLeft(_log, exception.Message);
        }
    }
}
