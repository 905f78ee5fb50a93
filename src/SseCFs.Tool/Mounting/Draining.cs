using Microsoft.Extensions.Logging;
using SseCFs.Fuse;
using SseCFs.Tool.Control;
using SseCFs.Tool.Logging;

namespace SseCFs.Tool.Mounting;

/// <summary>Stores what is not stored yet when the mount ends, and tells whoever asks how far that is. Thread-safe.</summary>
internal sealed class Draining(SseFileSystem fileSystem, TimeProvider clock, ILogger log) : IDisposable
{
    private static readonly TimeSpan FirstDelay = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestDelay = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan ReportEvery = TimeSpan.FromMilliseconds(250);

    private readonly TaskCompletionSource<ExitCode> _result = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _giveUp = new();
    private int _stops;

    /// <summary>A signal: true for the first one; the next ones give up what is not stored.</summary>
    public bool RequestStop()
    {
        if (Interlocked.Increment(ref _stops) == 1)
        {
            return true;
        }
        _giveUp.Cancel();
        return false;
    }

    /// <summary>Tries until everything is stored or somebody gives up. To be called once, when no program can write any more.</summary>
    public async Task<ExitCode> RunAsync()
    {
        var code = await StoreAsync().ConfigureAwait(false);
        _result.TrySetResult(code);
        return code;
    }

    public void Dispose() => _giveUp.Dispose();

    /// <summary>The answer to one command.</summary>
    public async IAsyncEnumerable<ControlReply> Answer(ControlRequest request, FuseMount? mount)
    {
        if (request.Command != ControlRequest.Unmount || mount is null)
        {
            yield return new ControlReply { State = ControlReply.Refused, Message = "the mount is not ready, or does not know this command", ExitCode = (int)ExitCode.Failed };
            yield break;
        }
        if (TryUnmount(mount, request.Lazy) is { } refusal)
        {
            yield return refusal;
            yield break;
        }
        while (!_result.Task.IsCompleted)
        {
            yield return Progress(ControlReply.Storing);
            await Task.WhenAny(_result.Task, Task.Delay(ReportEvery, clock)).ConfigureAwait(false);
        }
        var code = await _result.Task.ConfigureAwait(false);
        yield return Progress(code == ExitCode.Done ? ControlReply.Done : ControlReply.GivenUp);
    }

    private static ControlReply? TryUnmount(FuseMount mount, bool lazy)
    {
        if (mount.Completion.IsCompleted)
        {
            return null;
        }
        try
        {
            mount.Unmount(lazy);
            return null;
        }
        catch (FuseMountException gone) when (gone.Reason == FuseMountFailure.NotMounted)
        {
            // By hand, a moment ago: what is left is to be stored.
            return null;
        }
        catch (FuseMountException exception)
        {
            var message = exception.Reason == FuseMountFailure.Busy
                ? $"{mount.Directory}: busy, files on it are in use (fuser -vm {mount.Directory} names the programs); end them, or give --lazy"
                : exception.Message;
            return new ControlReply { State = ControlReply.Refused, Message = message, ExitCode = (int)FailureText.Of(exception.Reason) };
        }
    }

    private ControlReply Progress(string state)
    {
        var unsaved = fileSystem.Unsaved;
        var shown = unsaved.Where(one => one.Failure is not null).Concat(unsaved).FirstOrDefault();
        return new ControlReply
        {
            State = state,
            ProcessId = Environment.ProcessId,
            Files = unsaved.Count,
            Example = shown.Key is null ? null : Describe(shown),
        };
    }

    private async Task<ExitCode> StoreAsync()
    {
        var delay = FirstDelay;
        try
        {
            while (await fileSystem.DrainAsync(_giveUp.Token).ConfigureAwait(false) is > 0 and var failed)
            {
                MountLog.NotStoredYet(log, failed, Progress(ControlReply.Storing).Example, delay);
                await Task.Delay(delay, clock, _giveUp.Token).ConfigureAwait(false);
                delay = delay * 2 < LongestDelay ? delay * 2 : LongestDelay;
            }
            return ExitCode.Done;
        }
        catch (OperationCanceledException)
        {
            foreach (var (key, failure) in fileSystem.Unsaved)
            {
                MountLog.Lost(log, key, failure);
            }
            return ExitCode.NotStored;
        }
    }

    private static string Describe((string Key, string? Failure) file) => file.Failure is null ? file.Key : $"{file.Key} ({file.Failure})";
}
