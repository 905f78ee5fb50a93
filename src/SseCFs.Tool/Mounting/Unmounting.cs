using SseCFs.Fuse;
using SseCFs.Fuse.Mounting;
using SseCFs.Tool.Control;
using SseCFs.Tool.Native;

namespace SseCFs.Tool.Mounting;

/// <summary>What `ssecfs umount` does: asks the process that serves, or unmounts itself what has lost its process.</summary>
internal static class Unmounting
{
    /// <exception cref="ToolException">With the reason, and what to do.</exception>
    public static async Task<ExitCode> RunAsync(string directory, bool lazy, CancellationToken cancellation)
    {
        var path = Resolve(directory);
        var mounted = MountTable.Find(path);
        var socket = ControlSocketPath.Of(path, mounted?.Owner ?? Libc.getuid());
        var request = new ControlRequest { Command = ControlRequest.Unmount, Lazy = lazy };
        if (ControlClient.TryAsk(socket, request, cancellation) is { } replies)
        {
            return await WatchAsync(path, replies).ConfigureAwait(false);
        }
        if (mounted is not { } entry)
        {
            throw new ToolException(ExitCode.Directory, $"{path}: nothing is mounted there");
        }
        if (entry.Type != "fuse.ssecfs")
        {
            throw new ToolException(ExitCode.Directory, $"{path}: not a mount of ssecfs, but of type {entry.Type}; umount unmounts it");
        }
        var isDead = Libc.access(path, 0) != 0 && System.Runtime.InteropServices.Marshal.GetLastPInvokeError() == Libc.ENOTCONN;
        FuseMount.Unmount(path, lazy || isDead);
        await Console.Error.WriteLineAsync(isDead
            ? $"ssecfs: {path}: its process was gone already; what its journal has of what was not stored, the next mount stores"
            : $"ssecfs: {path}: unmounted; its process does not answer, and may still be storing").ConfigureAwait(false);
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

    /// <summary>Like realpath(3), also for a directory whose mount has lost its process, which cannot be looked at.</summary>
    public static string Resolve(string directory)
    {
        if (Libc.RealPath(directory) is { } resolved)
        {
            return resolved;
        }
        var full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(directory));
        return Path.GetDirectoryName(full) is { } parent && Libc.RealPath(parent) is { } resolvedParent
            ? Path.Combine(resolvedParent, Path.GetFileName(full))
            : throw new ToolException(ExitCode.Directory, $"{directory}: no such directory");
    }
}
