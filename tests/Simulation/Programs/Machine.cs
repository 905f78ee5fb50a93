using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using SseCFs.Journal;
using SseCFs.Keys;
using SseCFs.Simulation.Stage;

namespace SseCFs.Simulation.Programs;

/// <summary>A computer that mounts the bucket, and the programs on it. Its journal outlives its processes.</summary>
internal sealed class Machine(World world, int number, bool isWriteBack, string disk, List<Operation> history)
{
    private const string Source = "s3://simulated";
    private static readonly KeyRing Ring = new([new CustomerKey(Enumerable.Range(1, CustomerKey.Length).Select(i => (byte)i).ToArray())]);

    private readonly List<string> _kept = [];
    private uint _threads;
    private int _folders;
    private string _journalPath = "";
    private ChangeJournal? _journal;
    private SseFileSystem? _files;
    private Process _process = new(number) { IsDead = true };

    public int Number => number;

    /// <summary>Programs may call.</summary>
    public bool IsMounted { get; private set; }

    /// <summary>When a process of it was killed last; 0: never.</summary>
    public long LastCrash { get; private set; }

    /// <summary>When an old copy of its journal was put back; 0: never.</summary>
    public long SetBack { get; private set; }

    /// <summary>By slot.</summary>
    public Dictionary<int, Session> Sessions { get; } = [];

    public IReadOnlyList<PendingChange> Unsaved => _files?.Unsaved ?? [];

    /// <summary>Starts a process and takes up what the one before it left.</summary>
    public async Task MountAsync()
    {
        var operation = Begin(OperationKind.Mount, "");
        if (_journalPath.Length == 0)
        {
            _journalPath = NewFolder();
        }
        _process = new Process(number);
        var process = _process;
        await RecordAsync(operation, async () =>
        {
            if (world.Sabotage.HasFlag(Sabotage.LoseJournal))
            {
                _journalPath = NewFolder();
            }
            _journal = ChangeJournal.Open(_journalPath, Source, Ring, isWriteBack, NullLogger.Instance);
            var options = new SseFileSystemOptions { Uid = 1000, Gid = 1000, Memory = SseFileSystemOptions.SmallestMemory, SpillDirectory = disk };
            _files = new SseFileSystem(new SimulatedStore(world, process), options, _journal, world.Time.Of(() => !process.IsDead), NullLogger<SseFileSystem>.Instance);
            await _files.RestoreAsync(default).ConfigureAwait(false);
            IsMounted = true;
        }).ConfigureAwait(false);
    }

    /// <summary>The process is killed. Its journal is, to the next one, as it is now.</summary>
    public void Crash()
    {
        LastCrash = world.Moment();
        IsMounted = false;
        _process.IsDead = true;
        world.Network.EndProcess(_process);
        foreach (var operation in history.Where(one => one.Machine == number && !one.IsOver))
        {
            (operation.Outcome, operation.End) = (Outcome.Crashed, LastCrash);
        }
        Sessions.Clear();
        var next = NewFolder();
        Copy(_journalPath, next);
        _journalPath = next;
        // The process that was killed cannot be taken apart: it waits for replies that do not come, until it is collected.
        (_files, _journal) = (null, null);
    }

    /// <summary>Ends the process as umount does: what cannot be stored is kept.</summary>
    public async Task UnmountAsync()
    {
        IsMounted = false;
        var operation = Begin(OperationKind.Unmount, "");
        await RecordAsync(operation, async () =>
        {
            foreach (var session in Sessions.Values)
            {
                await CloseAsync(session).ConfigureAwait(false);
            }
            Sessions.Clear();
            if (await _files!.DrainAsync(default).ConfigureAwait(false) > 0)
            {
                await _files.KeepUnsavedAsync(default).ConfigureAwait(false);
            }
            await _files.DisposeAsync().ConfigureAwait(false);
            _journal!.Dispose();
            _process.IsDead = true;
        }).ConfigureAwait(false);
    }

    public ValueTask<int> DrainAsync() => _files!.DrainAsync(default);

    /// <summary>Keeps a copy of the journal, as a backup would.</summary>
    public void KeepJournal()
    {
        var folder = Path.Combine(disk, $"backup-{number}-{_kept.Count}");
        Copy(_journalPath, folder);
        _kept.Add(folder);
    }

    /// <summary>Puts the oldest copy that was kept in the place of the journal. When no process runs.</summary>
    public bool PutJournalBack()
    {
        if (_kept.Count == 0)
        {
            return false;
        }
        SetBack = world.Moment();
        _journalPath = NewFolder();
        Copy(_kept[0], _journalPath);
        return true;
    }

    /// <returns>Null: it failed.</returns>
    public async Task<Session?> OpenAsync(string path, OpenFlags flags, bool creates, CancellationToken cancellation)
    {
        var operation = Begin(OperationKind.Open, path, truncates: (flags & OpenFlags.Truncate) != 0);
        var process = _process;
        await RecordAsync(operation, async () =>
        {
            var (inode, handle) = creates ? await CreateAsync(path, flags, cancellation).ConfigureAwait(false) : await OpenKnownAsync(path, flags, cancellation).ConfigureAwait(false);
            operation.Session = new Session(number, process, path, inode, handle);
        }).ConfigureAwait(false);
        return operation.IsDone ? operation.Session : null;
    }

    public Task WriteAsync(Session session, int offset, int records, CancellationToken cancellation)
    {
        var operation = Begin(OperationKind.Write, session.Path, session, tag: world.NewTag(), offset: offset, records: records);
        return RecordAsync(operation, () => _files!.WriteAsync(
            session.Handle, Math.Max(0, offset) * (long)Tagged.RecordSize, Tagged.Of(operation.Tag, records), offset < 0, false, cancellation).AsTask());
    }

    public Task TruncateAsync(Session session, int records, CancellationToken cancellation)
    {
        var operation = Begin(OperationKind.Truncate, session.Path, session, offset: records);
        return RecordAsync(operation, () => _files!.SetAttributesAsync(
            session.Inode, session.Handle, new AttributeChange { Size = records * Tagged.RecordSize }, Caller(), cancellation).AsTask());
    }

    public Task TruncateAsync(string path, int records, CancellationToken cancellation) => ChangeAsync(
        Begin(OperationKind.Truncate, path, offset: records), new AttributeChange { Size = records * Tagged.RecordSize }, cancellation);

    public Task SyncAsync(Session session, CancellationToken cancellation) =>
        RecordAsync(Begin(OperationKind.Sync, session.Path, session), () => _files!.SyncAsync(session.Handle, cancellation).AsTask());

    /// <summary>close(2): whatever flush answers, the handle is released, as the kernel does.</summary>
    public async Task CloseAsync(Session session, CancellationToken cancellation = default)
    {
        await RecordAsync(Begin(OperationKind.Flush, session.Path, session), () => _files!.FlushAsync(session.Handle, staysOpen: null, cancellation).AsTask()).ConfigureAwait(false);
        await _files!.ReleaseAsync(session.Handle).ConfigureAwait(false);
    }

    public Task ReadAsync(Session session, CancellationToken cancellation)
    {
        var operation = Begin(OperationKind.Read, session.Path, session);
        return RecordAsync(operation, async () =>
        {
            var segments = new ReadSegments();
            try
            {
                await _files!.ReadAsync(session.Handle, 0, 64 << 10, segments, cancellation).ConfigureAwait(false);
                operation.Found = [.. Enumerable.Range(0, segments.Count).SelectMany(i => segments[i].ToArray())];
            }
            finally
            {
                segments.Release();
            }
        });
    }

    public Task RenameAsync(string path, string to, CancellationToken cancellation) => RecordAsync(Begin(OperationKind.Rename, path, to: to), async () =>
    {
        var (parent, name) = await PlaceAsync(path, cancellation).ConfigureAwait(false);
        var (newParent, newName) = await PlaceAsync(to, cancellation).ConfigureAwait(false);
        await _files!.RenameAsync(parent, name, newParent, newName, RenameFlags.None, cancellation).ConfigureAwait(false);
    });

    public Task UnlinkAsync(string path, CancellationToken cancellation) => RecordAsync(Begin(OperationKind.Unlink, path), async () =>
    {
        var (parent, name) = await PlaceAsync(path, cancellation).ConfigureAwait(false);
        await _files!.UnlinkAsync(parent, name, cancellation).ConfigureAwait(false);
    });

    public Task MakeDirectoryAsync(string path, CancellationToken cancellation) => RecordAsync(Begin(OperationKind.MakeDirectory, path), async () =>
    {
        var (parent, name) = await PlaceAsync(path, cancellation).ConfigureAwait(false);
        await _files!.MakeDirectoryAsync(parent, name, 0x1ED, Caller(), cancellation).ConfigureAwait(false);
    });

    public Task RemoveDirectoryAsync(string path, CancellationToken cancellation) => RecordAsync(Begin(OperationKind.RemoveDirectory, path), async () =>
    {
        var (parent, name) = await PlaceAsync(path, cancellation).ConfigureAwait(false);
        await _files!.RemoveDirectoryAsync(parent, name, cancellation).ConfigureAwait(false);
    });

    public Task ChangeModeAsync(string path, CancellationToken cancellation)
    {
        var operation = Begin(OperationKind.ChangeMode, path, tag: 0x180 + world.NewTag() % 64);
        return ChangeAsync(operation, new AttributeChange { Mode = (uint)operation.Tag }, cancellation);
    }

    public Task ChangeTimeAsync(string path, CancellationToken cancellation)
    {
        var operation = Begin(OperationKind.ChangeTime, path, tag: world.NewTag());
        return ChangeAsync(operation, new AttributeChange { ModifyTime = new Timestamp(operation.Tag, 0) }, cancellation);
    }

    public Task SetAttributeAsync(string path, CancellationToken cancellation)
    {
        var operation = Begin(OperationKind.SetAttribute, path, tag: world.NewTag());
        return RecordAsync(operation, async () => await _files!.SetExtendedAttributeAsync(
            await FindAsync(path, cancellation).ConfigureAwait(false), "user.tag"u8.ToArray(), BitConverter.GetBytes(operation.Tag), ExtendedAttributeMode.CreateOrReplace, cancellation).ConfigureAwait(false));
    }

    public Task ListAsync(string path, CancellationToken cancellation) => RecordAsync(Begin(OperationKind.List, path), async () =>
    {
        var handle = await _files!.OpenDirectoryAsync(await FindAsync(path, cancellation).ConfigureAwait(false), cancellation).ConfigureAwait(false);
        await _files.ReadDirectoryAsync(handle, 0, withAttributes: true, new Everything(), cancellation).ConfigureAwait(false);
        _files.ReleaseDirectory(handle);
    });

    /// <summary>What the attributes of a path are, to one who looks after the run: its mode, modification time and tag.</summary>
    public async Task<(uint Mode, long Modified, long Tag)?> InspectAsync(string path)
    {
        try
        {
            var inode = await FindAsync(path, default).ConfigureAwait(false);
            var found = await _files!.GetAttributesAsync(inode, null, default).ConfigureAwait(false);
            var tag = await _files.GetExtendedAttributeAsync(inode, "user.tag"u8.ToArray(), default).ConfigureAwait(false);
            return (found.Mode & FileType.PermissionMask, found.ModifyTime.Seconds, tag is { } value ? BitConverter.ToInt64(value.Span) : 0);
        }
        catch (FsException)
        {
            return null;
        }
    }

    private Task ChangeAsync(Operation operation, AttributeChange change, CancellationToken cancellation) => RecordAsync(operation, async () =>
        await _files!.SetAttributesAsync(await FindAsync(operation.Path, cancellation).ConfigureAwait(false), null, change, Caller(), cancellation).ConfigureAwait(false));

    private async Task<(ulong Inode, ulong Handle)> CreateAsync(string path, OpenFlags flags, CancellationToken cancellation)
    {
        var (parent, name) = await PlaceAsync(path, cancellation).ConfigureAwait(false);
        try
        {
            return await TryAsync().ConfigureAwait(false);
        }
        catch (FsException e) when (e.Reason == FsError.Stale)
        {
            return await TryAsync().ConfigureAwait(false);
        }

        async Task<(ulong, ulong)> TryAsync()
        {
            var (entry, file) = await _files!.CreateAsync(parent, name, 0x1A4, flags, Caller(), cancellation).ConfigureAwait(false);
            return (entry.Attributes.Inode, file.Handle);
        }
    }

    private async Task<(ulong Inode, ulong Handle)> OpenKnownAsync(string path, OpenFlags flags, CancellationToken cancellation)
    {
        var caller = Caller();
        var inode = await FindAsync(path, caller, cancellation).ConfigureAwait(false);
        try
        {
            return (inode, (await _files!.OpenAsync(inode, flags, caller, cancellation).ConfigureAwait(false)).Handle);
        }
        catch (FsException e) when (e.Reason == FsError.Stale)
        {
            // As Linux does, once.
            inode = await FindAsync(path, caller, cancellation).ConfigureAwait(false);
            return (inode, (await _files!.OpenAsync(inode, flags, caller, cancellation).ConfigureAwait(false)).Handle);
        }
    }

    private Task<ulong> FindAsync(string path, CancellationToken cancellation) => FindAsync(path, Caller(), cancellation);

    /// <summary>A program of its own for each call: what one has just looked up, another has not.</summary>
    private Caller Caller() => new(1000, 1000, ++_threads);

    private async Task<ulong> FindAsync(string path, Caller caller, CancellationToken cancellation)
    {
        var inode = IFileSystem.RootInode;
        foreach (var name in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            inode = (await _files!.LookupAsync(inode, Encoding.UTF8.GetBytes(name), caller, cancellation).ConfigureAwait(false)).Attributes.Inode;
        }
        return inode;
    }

    private async Task<(ulong Parent, byte[] Name)> PlaceAsync(string path, CancellationToken cancellation)
    {
        var cut = path.LastIndexOf('/');
        return (cut < 0 ? IFileSystem.RootInode : await FindAsync(path[..cut], cancellation).ConfigureAwait(false), Encoding.UTF8.GetBytes(path[(cut + 1)..]));
    }

    private Operation Begin(
        OperationKind kind, string path, Session? session = null, string? to = null, long tag = 0, int offset = 0, int records = 0, bool truncates = false)
    {
        var operation = new Operation(kind, number, path, world.Moment())
        {
            Session = session,
            To = to,
            Tag = tag,
            Offset = offset,
            Records = records,
            Truncates = truncates,
        };
        history.Add(operation);
        return operation;
    }

    private async Task RecordAsync(Operation operation, Func<Task> call)
    {
        try
        {
            await call().ConfigureAwait(false);
            operation.Outcome = Outcome.Done;
        }
        catch (FsException e)
        {
            (operation.Outcome, operation.Error) = (Outcome.Failed, e.Reason);
        }
        catch (OperationCanceledException)
        {
            operation.Outcome = Outcome.Cancelled;
        }
        operation.End = world.Moment();
        world.Note($"    {operation}");
    }

    private string NewFolder()
    {
        var folder = Path.Combine(disk, $"journal-{number}-{++_folders}");
        Directory.CreateDirectory(folder);
        return folder;
    }

    private static void Copy(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (var folder in Directory.EnumerateDirectories(from))
        {
            Copy(folder, Path.Combine(to, Path.GetFileName(folder)));
        }
        foreach (var file in Directory.EnumerateFiles(from).Where(file => Path.GetFileName(file) != "lock"))
        {
            using var source = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            using var target = new FileStream(Path.Combine(to, Path.GetFileName(file)), FileMode.Create);
            source.CopyTo(target);
        }
    }

    private sealed class Everything : IDirectorySink
    {
        public bool TryAdd(in DirectoryItem item, in Entry? entry) => true;
    }
}
