using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using SseCFs.Contract;
using SseCFs.Journal;
using SseCFs.Store.S3;
using SseCFs.Tool.Background;
using SseCFs.Tool.Control;
using SseCFs.Tool.Logging;
using SseCFs.Tree;

namespace SseCFs.Tool.Mounting;

/// <summary>The process that serves one mount: from the settings to the last object stored.</summary>
internal sealed class MountProcess(MountSettings settings, LogPlace place)
{
    /// <summary>Unsaved files that a status names.</summary>
    private const int MostShown = 20;

    private readonly IMountSystem _system = IMountSystem.Current;
    private readonly TimeProvider _clock = TimeProvider.System;
    private readonly DateTimeOffset _since = TimeProvider.System.GetUtcNow();

    /// <summary>Serves until the mount is gone and everything is stored.</summary>
    /// <param name="onServing">Called once, when programs can use the mount, with what the person who mounted is to be told, if anything.</param>
    /// <param name="cancellation">Until the mount serves; from then on signals unmount it.</param>
    /// <param name="stop">Ends the mount as a signal does.</param>
    /// <returns><see cref="ExitCode.NotStored"/> if it was told to give up before.</returns>
    public async Task<ExitCode> RunAsync(Action<string?> onServing, CancellationToken cancellation, CancellationToken stop = default)
    {
        MemoryProtection.Apply();
        var directory = _system.Check(settings);
        using var logs = Logs.Open(place, settings.LogFile, settings.LogLevel, _clock);
        var log = logs.CreateLogger("mount");
        var options = ServiceConnection.ToOptions(settings.Bucket.Bucket, settings.Service);
        var client = ServiceConnection.Connect(options);
        using var keys = new MountKeys(settings, client, options, logs);
        await keys.LoadAsync(cancellation).ConfigureAwait(false);
        using var journal = settings.IsReadOnly ? null : JournalPlace.Open(settings.JournalDirectory, settings.IsWriteBack, settings.Bucket, ServiceConnection.NameOf(client), keys.Ring, log);
        using var store = new S3ObjectStore(client, options with { Uploads = journal }, keys.Ring, _clock, logs.CreateLogger<S3ObjectStore>());
        await keys.TryAsync(cancellation).ConfigureAwait(false);

        var fileSystem = new SseFileSystem(store, FileSystemOptions(), journal, _clock, logs.CreateLogger<SseFileSystem>());
        await using var disposing = fileSystem.ConfigureAwait(false);
        await fileSystem.RestoreAsync(cancellation).ConfigureAwait(false);
        using var draining = new Draining(fileSystem, journal, settings.UnmountTimeout, _clock, log);
        IServedMount? mount = null;
        var mounting = new TaskCompletionSource<IServedMount?>(TaskCreationOptions.RunContinuationsAsynchronously);
        var control = StartControl(directory, request => AnswerAsync(request, mounting.Task, fileSystem, journal, draining, ReloadAsync), log);
        try
        {
            mount = await _system.MountAsync(fileSystem, directory, settings, logs, cancellation).ConfigureAwait(false);
            mounting.SetResult(mount);
            using var signals = new MountSignals(reason => Stop(mount, draining, reason, log), () => _ = ReloadAsync(), place);
            using var stopping = stop.Register(() => Stop(mount, draining, "service", log));
            // A signal that came before these were there has only cancelled.
            cancellation.ThrowIfCancellationRequested();
            MountLog.Mounted(log, settings.Bucket.ToString(), mount.Place, keys.Ring.Writer.Fingerprint);
            try
            {
                onServing(_system.ToTell(settings, directory));
            }
            catch (IOException)
            {
                // Whoever asked for the mount is gone.
                await mount.DisposeAsync().ConfigureAwait(false);
            }
            await mount.Completion.ConfigureAwait(false);
            var code = await draining.RunAsync().ConfigureAwait(false);
            if (code == ExitCode.Done)
            {
                MountLog.Ended(log, directory);
            }
            return code;
        }
        finally
        {
            mounting.TrySetResult(null);
            if (mount is not null)
            {
                // Gone already, unless something failed: no mount stays behind without a process.
                await mount.DisposeAsync().ConfigureAwait(false);
            }
            if (control is not null)
            {
                await control.DisposeAsync().ConfigureAwait(false);
            }
        }

        async Task<ControlReply> ReloadAsync()
        {
            try
            {
                return new ControlReply { State = ControlReply.Done, Message = await keys.ReloadAsync(store, journal, fileSystem, CancellationToken.None).ConfigureAwait(false) };
            }
            catch (Exception exception)
            {
                var (code, message) = FailureText.Of(exception);
                MountLog.KeysNotReloaded(log, message);
                return Refused($"the keys stay as they were: {message}", code);
            }
        }
    }

    /// <param name="mounting">The directory shows the mount a moment before this has it, and whoever saw it there may ask by then. Null: it failed.</param>
    private async IAsyncEnumerable<ControlReply> AnswerAsync(
        ControlRequest request, Task<IServedMount?> mounting, SseFileSystem fileSystem, ChangeJournal? journal, Draining draining, Func<Task<ControlReply>> reload)
    {
        switch (request.Command)
        {
            case ControlRequest.Status:
                yield return new ControlReply { State = ControlReply.Told, ProcessId = Environment.ProcessId, Status = StatusOf(fileSystem, journal) };
                break;
            case ControlRequest.Reload when await mounting.ConfigureAwait(false) is not null:
                yield return await reload().ConfigureAwait(false);
                break;
            case ControlRequest.Unmount when await mounting.ConfigureAwait(false) is { } mount:
                await foreach (var reply in draining.UnmountAsync(mount, request.Lazy).ConfigureAwait(false))
                {
                    yield return reply;
                }
                break;
            case ControlRequest.Unmount or ControlRequest.Reload:
                yield return Refused("it could not be mounted; its log says why");
                break;
            default:
                yield return Refused($"this mount does not know the command {request.Command}; it was made by another version of ssecfs");
                break;
        }
    }

    private static ControlReply Refused(string message, ExitCode code = ExitCode.Failed) =>
        new() { State = ControlReply.Refused, Message = message, ExitCode = (int)code };

    private MountStatus StatusOf(SseFileSystem fileSystem, ChangeJournal? journal)
    {
        var unsaved = fileSystem.Unsaved;
        return new MountStatus
        {
            Source = settings.Bucket.ToString(),
            Since = _since,
            Journal = journal?.Directory,
            IsWriteBack = settings.IsWriteBack,
            UnsavedCount = unsaved.Count,
            Unsaved = [.. unsaved.OrderBy(file => file.Failure is null).Take(MostShown)],
            Renames = fileSystem.Renames,
            Conflicts = fileSystem.Conflicts,
        };
    }

    private SseFileSystemOptions FileSystemOptions()
    {
        var options = new SseFileSystemOptions { Prefix = settings.Bucket.Prefix, IsReadOnly = settings.IsReadOnly, Plain = settings.Plain };
        return _system.Complete(options, settings) with
        {
            Umask = settings.Umask ?? options.Umask,
            Memory = Math.Max((settings.Memory ?? options.Memory) - _system.BytesInFlight(settings), SseFileSystemOptions.SmallestMemory),
            SpillDirectory = settings.SpillDirectory ?? options.SpillDirectory,
            StoreOpenAfter = settings.StoreOpenAfter ?? options.StoreOpenAfter,
        };
    }

    /// <summary>Null where there is no place for a socket: the mount works, and umount(8) unmounts it.</summary>
    private static ControlServer? StartControl(string directory, Func<ControlRequest, IAsyncEnumerable<ControlReply>> answer, ILogger log)
    {
        try
        {
            return ControlServer.Start(directory, answer, log);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or SocketException)
        {
            MountLog.NoControl(log, exception.Message);
            return null;
        }
    }

    /// <summary>The first signal unmounts and stores, the next one gives up what is not stored.</summary>
    private static void Stop(IServedMount mount, Draining draining, string reason, ILogger log)
    {
        MountLog.Stopping(log, reason, mount.Place);
        if (draining.RequestStop())
        {
            _ = StopAsync(mount, log);
        }
    }

    private static async Task StopAsync(IServedMount mount, ILogger log)
    {
        try
        {
            await mount.DisposeAsync().ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            MountLog.Failed(log, mount.Place, exception);
        }
    }
}
