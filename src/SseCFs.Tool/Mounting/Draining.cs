using Microsoft.Extensions.Logging;
using SseCFs.Contract;
using SseCFs.Journal;
using SseCFs.Tool.Control;
using SseCFs.Tool.Logging;

namespace SseCFs.Tool.Mounting;

/// <summary>Stores what is not stored yet when the mount ends, and tells whoever asks how far that is. Thread-safe.</summary>
/// <param name="journal">Where it keeps what it may no longer wait for; null: nowhere.</param>
/// <param name="timeout">How long it tries; null: until it is stored, or somebody gives up.</param>
internal sealed class Draining(SseFileSystem fileSystem, ChangeJournal? journal, TimeSpan? timeout, TimeProvider clock, ILogger log) : IDisposable
{
    private static readonly TimeSpan FirstDelay = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestDelay = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan ReportEvery = TimeSpan.FromMilliseconds(250);

    private readonly TaskCompletionSource<ExitCode> _result = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _giveUp = new();
    private int _stops;
    private string? _left;

    /// <summary>A signal: true for the first one; with the next one what is not stored goes to the journal.</summary>
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
        if (timeout is { } time)
        {
            _giveUp.CancelAfter(time);
        }
        var code = await StoreAsync().ConfigureAwait(false);
        _result.TrySetResult(code);
        return code;
    }

    public void Dispose() => _giveUp.Dispose();

    /// <summary>Unmounts, and tells how far the storing is until it is done.</summary>
    public async IAsyncEnumerable<ControlReply> UnmountAsync(IServedMount mount, bool lazy)
    {
        if (TryUnmount(mount, lazy) is { } refusal)
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
        yield return Progress(code == ExitCode.Done ? ControlReply.Done : ControlReply.GivenUp) with { Message = _left };
    }

    private static ControlReply? TryUnmount(IServedMount mount, bool lazy)
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
        catch (ToolException refused)
        {
            return new ControlReply { State = ControlReply.Refused, Message = refused.Message, ExitCode = (int)refused.Code };
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
            Example = shown is null ? null : Describe(shown),
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
            return await KeepAsync().ConfigureAwait(false);
        }
    }

    private async Task<ExitCode> KeepAsync()
    {
        var files = await fileSystem.KeepUnsavedAsync(CancellationToken.None).ConfigureAwait(false);
        foreach (var (key, loss) in files)
        {
            if (loss is null)
            {
                MountLog.Kept(log, key, journal!.Directory);
            }
            else
            {
                MountLog.Lost(log, key, loss);
            }
        }
        var lost = files.Where(file => file.Loss is not null).ToList();
        var kept = files.Count - lost.Count;
        _left = string.Join("; ", ((IEnumerable<string>)[
            .. kept > 0 ? [$"{Files(kept)} not stored, and kept in the journal {journal!.Directory}: mount again, or run ssecfs recover"] : Array.Empty<string>(),
            .. lost.Count > 0 ? [$"{Files(lost.Count)} lost, such as {lost[0].Key} ({lost[0].Loss})"] : Array.Empty<string>()]));
        return files.Count == 0 ? ExitCode.Done : ExitCode.NotStored;
    }

    private static string Files(int count) => count == 1 ? "1 file is" : $"{count} files are";

    private static string Describe(PendingChange file) => file.Failure is null ? file.Key : $"{file.Key} ({file.Failure})";
}
