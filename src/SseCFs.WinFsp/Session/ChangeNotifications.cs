using System.Threading.Channels;
using Fsp.Interop;
using SseCFs.WinFsp.Names;

namespace SseCFs.WinFsp.Session;

/// <summary>
/// Tells who watches a folder, such as Explorer, of what another machine has changed there, as far as it is open here. From a task of its own, as the driver may have to
/// be asked again. Thread-safe.
/// </summary>
internal sealed class ChangeNotifications : IInvalidationSink, IAsyncDisposable
{
    /// <summary>Changes waiting; of a folder where more come at once, watchers read the listing anew anyway.</summary>
    private const int MostWaiting = 4096;

    private const int MostTries = 20;
    private static readonly TimeSpan RetryDelay = TimeSpan.FromMilliseconds(100);

    private readonly IFileSystem _files;
    private readonly FolderNames _names;
    private readonly IDriveHost _host;
    private readonly DriveLog _log;
    private readonly TimeProvider _clock;
    private readonly Lock _sync = new();

    // Of inodes that are open: the path, and how often. Under the lock.
    private readonly Dictionary<ulong, (string Path, int Count)> _open = [];
    private readonly Channel<(ulong Inode, byte[]? Name)> _changes = Channel.CreateBounded<(ulong, byte[]?)>(new BoundedChannelOptions(MostWaiting) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _running;

    public ChangeNotifications(IFileSystem files, FolderNames names, IDriveHost host, DriveLog log, TimeProvider clock)
    {
        (_files, _names, _host, _log, _clock) = (files, names, host, log, clock);
        _running = Task.Run(RunAsync, CancellationToken.None);
    }

    /// <summary>An inode is open once more, under this path.</summary>
    public void Opened(ulong inode, string path)
    {
        lock (_sync)
        {
            _open[inode] = (path, _open.GetValueOrDefault(inode).Count + 1);
        }
    }

    public void Renamed(ulong inode, string path)
    {
        lock (_sync)
        {
            _open[inode] = _open[inode] with { Path = path };
        }
    }

    public void Closed(ulong inode)
    {
        lock (_sync)
        {
            var (path, count) = _open[inode];
            if (count == 1)
            {
                _open.Remove(inode);
            }
            else
            {
                _open[inode] = (path, count - 1);
            }
        }
    }

    public void InvalidateContent(ulong inode, bool isOpen) => _changes.Writer.TryWrite((inode, null));

    /// <summary>The driver gets new attributes with every open, and believes them for <see cref="DriveOptions.AttributesValid"/> only.</summary>
    public void InvalidateAttributes(ulong inode)
    {
    }

    public void InvalidateEntry(ulong parent, ReadOnlyMemory<byte> name)
    {
        if (PathOf(parent) is not null)
        {
            _changes.Writer.TryWrite((parent, name.ToArray()));
        }
    }

    /// <summary>To be called once, when nothing is told any more.</summary>
    public async ValueTask DisposeAsync()
    {
        _changes.Writer.TryComplete();
        await _stop.CancelAsync().ConfigureAwait(false);
        await _running.ConfigureAwait(false);
        _stop.Dispose();
    }

    /// <summary>Null: nobody has it open, so that nobody watches it.</summary>
    private string? PathOf(ulong inode)
    {
        lock (_sync)
        {
            return _open.TryGetValue(inode, out var open) ? open.Path : null;
        }
    }

    private async Task RunAsync()
    {
        try
        {
            await foreach (var (inode, name) in _changes.Reader.ReadAllAsync(_stop.Token).ConfigureAwait(false))
            {
                try
                {
                    await TellAsync(inode, name).ConfigureAwait(false);
                }
                catch (FsException)
                {
                    // The service cannot say what became of it; whoever looks will be told that.
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The drive ends, and watching with it.
        }
    }

    private async ValueTask TellAsync(ulong inode, byte[]? name)
    {
        if (PathOf(inode) is not { } path)
        {
            return;
        }
        var change = name is null
            ? new NotifyInfo { FileName = path, Action = NotifyAction.Modified, Filter = NotifyFilter.ChangeSize | NotifyFilter.ChangeLastWrite | NotifyFilter.ChangeAttributes }
            : await DescribeAsync(inode, path, name).ConfigureAwait(false);
        for (var tries = 0; !_host.TryNotify([change]); tries++)
        {
            if (tries == MostTries)
            {
                _log.NotNotified(1);
                return;
            }
            await Task.Delay(RetryDelay, _clock, _stop.Token).ConfigureAwait(false);
        }
    }

    private async ValueTask<NotifyInfo> DescribeAsync(ulong folder, string path, byte[] name)
    {
        var shown = WindowsName.Of(name);
        if (await _names.FindAsync(folder, shown, caller: null, _stop.Token).ConfigureAwait(false) is not { } found)
        {
            return new NotifyInfo { FileName = PathWalk.Join(path, shown), Action = NotifyAction.Removed, Filter = NotifyFilter.ChangeName };
        }
        _files.Forget(found.Entry.Attributes.Inode, 1);
        return new NotifyInfo
        {
            FileName = PathWalk.Join(path, found.Shown.Text),
            Action = NotifyAction.Modified,
            Filter = NotifyFilter.ChangeSize | NotifyFilter.ChangeLastWrite | NotifyFilter.ChangeAttributes,
        };
    }
}
