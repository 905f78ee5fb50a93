using SseCFs.Tool.Control;

namespace SseCFs.Tool.Mounting;

/// <summary>What `ssecfs umount` does: asks the process that serves, or unmounts itself what has lost its process.</summary>
internal static class Unmounting
{
    /// <exception cref="ToolException">With the reason, and what to do.</exception>
    public static async Task<ExitCode> RunAsync(string directory, bool lazy, CancellationToken cancellation)
    {
        var system = IMountSystem.Current;
        var path = system.Resolve(directory);
        var socket = ControlSocketPath.Of(path, system.OwnerOf(path));
        var request = new ControlRequest { Command = ControlRequest.Unmount, Lazy = lazy };
        if (ControlClient.TryAsk(socket, request, cancellation) is { } replies)
        {
            return await WatchAsync(path, replies).ConfigureAwait(false);
        }
        await Console.Error.WriteLineAsync($"ssecfs: {path}: {system.UnmountAbandoned(path, lazy)}").ConfigureAwait(false);
        return ExitCode.Done;
    }

    private static async Task<ExitCode> WatchAsync(string path, IAsyncEnumerable<ControlReply> replies)
    {
        using var progress = new ProgressLine(Console.Error, Console.IsErrorRedirected, TimeProvider.System);
        var processId = 0;
        try
        {
            await foreach (var reply in replies.ConfigureAwait(false))
            {
                processId = reply.ProcessId;
                switch (reply.State)
                {
                    case ControlReply.Storing:
                        progress.Show(reply.Files, reply.Example);
                        break;
                    case ControlReply.Done:
                        return ExitCode.Done;
                    case ControlReply.GivenUp:
                        throw new ToolException(ExitCode.NotStored, $"{path}: {reply.Message}");
                    default:
                        throw new ToolException((ExitCode)reply.ExitCode, reply.Message ?? "refused");
                }
            }
        }
        catch (OperationCanceledException)
        {
            progress.Clear();
            await Console.Error.WriteLineAsync($"ssecfs: {path}: process {processId} goes on storing; ssecfs umount {path} waits for it again").ConfigureAwait(false);
            throw;
        }
        catch (IOException exception)
        {
            throw Ended(path, exception);
        }
        throw Ended(path, null);
    }

    private static ToolException Ended(string path, Exception? cause) =>
        new(ExitCode.NotStored, $"{path}: its process ended before everything was stored; its log says more", cause);
}
