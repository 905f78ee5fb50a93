using System.Collections.Concurrent;
using SseCFs.Tree;

namespace SseCFs.Outbox;

/// <summary>
/// Saves what was written to files that stay open, once it has waited for so long: in the journal, with write-back; else in the store, but only what was appended, as logs
/// are. Of anything else nobody can tell whether it is half of what a program means to write. Thread-safe.
/// </summary>
internal sealed class Aging : IAsyncDisposable
{
    private static readonly TimeSpan Tick = TimeSpan.FromSeconds(1);

    private readonly Mounted _mounted;
    private readonly Saving _saving;
    private readonly ChangeQueue _queue;
    private readonly ConcurrentDictionary<FileInode, bool> _written = new();
    private readonly ConcurrentDictionary<FileInode, bool> _running = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _loop;

    public Aging(Mounted mounted, Saving saving, ChangeQueue queue)
    {
        _mounted = mounted;
        _saving = saving;
        _queue = queue;
        _loop = Task.Run(RunAsync);
    }

    /// <summary>Notes a write. Under <see cref="Inode.Sync"/>.</summary>
    /// <param name="isAppend">At the end of the file, wherever that was, as with O_APPEND.</param>
    public void NoteWritten(FileInode file, bool isAppend)
    {
        file.IsOnlyAppended = isAppend && (file.IsOnlyAppended || file.UnsavedSince is null);
        if (file.UnsavedSince is null)
        {
            file.UnsavedSince = _mounted.Clock.GetTimestamp();
            _written[file] = true;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await _loop.ConfigureAwait(false);
        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        using var timer = new PeriodicTimer(Tick, _mounted.Clock);
        try
        {
            while (await timer.WaitForNextTickAsync(_stop.Token).ConfigureAwait(false))
            {
                foreach (var file in _written.Keys.Where(IsDue))
                {
                    _ = SaveAsync(file, _stop.Token);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The mount ends, and stores all.
        }
    }

    private bool IsDue(FileInode file)
    {
        lock (file.Sync)
        {
            if (file.UnsavedSince is not { } since || file.Staged is null || file.IsDetached)
            {
                file.UnsavedSince = null;
                _written.TryRemove(file, out _);
                return false;
            }
            // What is closed is stored already, or waits to be.
            return file.Writers > 0 && !_mounted.IsWithin(since, _mounted.Options.StoreOpenAfter) && _running.TryAdd(file, true);
        }
    }

    /// <summary>Never throws: a failure is shown by the queue, and tried again as late.</summary>
    private async Task SaveAsync(FileInode file, CancellationToken cancellation)
    {
        var stamp = file.Staged?.Stamp;
        var isSaved = false;
        try
        {
            isSaved = await _saving.TrySaveAsync(file, cancellation).ConfigureAwait(false);
            if (!isSaved && file.IsOnlyAppended)
            {
                await _queue.StoreAsync(file, cancellation).ConfigureAwait(false);
            }
        }
        catch (Exception e) when (e is FsException or OperationCanceledException)
        {
            // As said.
        }
        finally
        {
            lock (file.Sync)
            {
                if (isSaved && file.Staged?.Stamp == stamp)
                {
                    file.UnsavedSince = null;
                }
                else if (file.UnsavedSince is not null)
                {
                    file.UnsavedSince = _mounted.Clock.GetTimestamp();
                }
                _running.TryRemove(file, out _);
            }
        }
    }
}
