using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using SseCFs.Content;
using SseCFs.Journal;
using SseCFs.Operations;
using SseCFs.Outbox;
using SseCFs.Store;
using SseCFs.Tree;

namespace SseCFs;

/// <summary>
/// A bucket of encrypted objects as a file system: the face that adapters call. Thread-safe. After <see cref="DrainAsync"/> it may be
/// disposed; what was not stored by then is lost.
/// </summary>
public sealed partial class SseFileSystem : IFileSystem, IAsyncDisposable
{
    private readonly Mounted _mounted;
    private readonly DirectoryLister _lister;
    private readonly MetadataReader _metadata;
    private readonly LookAhead _ahead;
    private readonly Eviction _eviction;
    private readonly SeriesDetector _series;
    private readonly Lookup _lookup;
    private readonly FileCopies _copies;
    private readonly Sends _sends = new();
    private readonly FileStorer _storer;
    private readonly ChangeQueue _queue;
    private readonly Saving _saving;
    private readonly Aging _aging;
    private readonly Creation _creation;
    private readonly Removal _removal;
    private readonly RenamesInDoubt _doubts;
    private readonly Renaming _renaming;
    private readonly FileContent _content;
    private readonly ConcurrentDictionary<ulong, FileHandle> _files = new();
    private readonly ConcurrentDictionary<ulong, DirectoryHandle> _directories = new();
    private ulong _lastHandle;

    /// <summary>Bytes of the longest target of a symbolic link: PATH_MAX in Linux less the terminating NUL.</summary>
    private const int LongestTarget = 4095;

    /// <param name="journal">Where what is not stored yet is kept across processes; null: nowhere. It must outlive the file system.</param>
    public SseFileSystem(IObjectStore store, SseFileSystemOptions options, ChangeJournal? journal, TimeProvider clock, ILogger<SseFileSystem> log)
    {
        _mounted = new Mounted(store, options, journal, clock, log);
        _lister = new DirectoryLister(_mounted);
        _metadata = new MetadataReader(_mounted);
        _eviction = new Eviction(_mounted);
        _ahead = new LookAhead(_mounted, _metadata);
        _series = new SeriesDetector(_mounted, _lister);
        _lookup = new Lookup(_mounted, _lister, _metadata, _ahead, _series, _eviction);
        _copies = new FileCopies(_mounted);
        var markers = new DirectoryMarkers(_mounted);
        _storer = new FileStorer(_mounted, _sends, _copies, markers);
        _queue = new ChangeQueue(_mounted, _storer);
        _metadata.PatchMoved = Defer;
        _saving = new Saving(_mounted, _storer, _queue);
        _aging = new Aging(_mounted, _saving, _queue);
        _creation = new Creation(_mounted, _lookup, _metadata, markers, _queue);
        _removal = new Removal(_mounted, _lookup, _lister, _metadata, _sends, _storer, markers, _creation);
        var completion = new RenameCompletion(_mounted, _removal, _saving);
        _doubts = new RenamesInDoubt(_mounted, completion);
        _renaming = new Renaming(_mounted, _lookup, _metadata, _sends, _storer, _copies, _saving, _creation, _removal, completion, _doubts);
        _content = new FileContent(_mounted, _sends, _storer, _queue, _aging);
    }

    public IInvalidationSink? Invalidation
    {
        get => _mounted.Invalidation;
        set => _mounted.Invalidation = value;
    }

    /// <summary>What is not stored yet.</summary>
    public IReadOnlyList<PendingChange> Unsaved
    {
        get
        {
            var queued = new HashSet<Inode>(_queue.Inodes);
            return [.. _queue.Pending, .. DraftedFiles().Where(file => !queued.Contains(file)).Select(file =>
                new PendingChange(_mounted.Names.KeyOf(file), ChangeState.Drafting, file.Size, _mounted.Clock.GetUtcNow(), Failure: null, NextTry: null))];
        }
    }

    /// <summary>The number of names that are known without a question.</summary>
    public int NamesInMemory => _mounted.Names.Count;

    /// <summary>Files that another writer changed too, oldest first; the last 100.</summary>
    public IReadOnlyList<Conflict> Conflicts => _mounted.Activity.Conflicts;

    /// <summary>Directories that are being renamed.</summary>
    public IReadOnlyList<RenameProgress> Renames => _mounted.Activity.Renames;

    /// <summary>The store has other keys now: what could not be read is asked for again.</summary>
    public void ForgetUnreadable()
    {
        foreach (var file in _mounted.Names.Files())
        {
            lock (file.Sync)
            {
                file.IsUnreadable = false;
            }
        }
    }

    /// <summary>Stores all that is not stored yet, whatever was asked to wait; open files too.</summary>
    /// <returns>How many files could not be stored; they stay staged and may be tried again.</returns>
    public async ValueTask<int> DrainAsync(CancellationToken cancellation)
    {
        foreach (var file in DraftedFiles())
        {
            _queue.Add(file, TimeSpan.Zero);
        }
        return await _queue.StoreAllAsync(cancellation).ConfigureAwait(false);
    }

    /// <summary>
    /// Takes up what an earlier process left in the journal: renames are finished, and what was saved waits to be stored like any other change. To be called before
    /// anything else.
    /// </summary>
    /// <returns>How many files and directories wait.</returns>
    public async ValueTask<int> RestoreAsync(CancellationToken cancellation)
    {
        var uploads = new AbandonedUploads(_mounted);
        await uploads.AbortAsync(cancellation).ConfigureAwait(false);
        var renames = new InterruptedRenames(_mounted, uploads);
        await renames.FinishAsync(cancellation).ConfigureAwait(false);
        return await new Restoring(_mounted, _queue, uploads, renames).RestoreAsync(cancellation).ConfigureAwait(false);
    }

    /// <summary>Ends what is being sent, and saves in the journal what is not stored: the next mount stores it. When no program can write any more.</summary>
    /// <returns>By key, why it is lost; null if it is kept.</returns>
    public async ValueTask<IReadOnlyList<(string Key, string? Loss)>> KeepUnsavedAsync(CancellationToken cancellation)
    {
        _sends.StopAll();
        await _queue.StopAsync().ConfigureAwait(false);
        var kept = new List<(string, string?)>();
        foreach (var inode in _queue.Inodes.Concat(DraftedFiles()).Distinct())
        {
            string? loss = null;
            try
            {
                await _saving.KeepAsync(inode, cancellation).ConfigureAwait(false);
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                // Whatever it is: the others are kept all the same.
                loss = e.Message;
            }
            kept.Add((_mounted.Names.KeyOf(inode), loss));
        }
        return kept;
    }

    public async ValueTask DisposeAsync()
    {
        await _doubts.DisposeAsync().ConfigureAwait(false);
        await _aging.DisposeAsync().ConfigureAwait(false);
        await _queue.DisposeAsync().ConfigureAwait(false);
        _sends.StopAll();
        await _mounted.Upload.EndAsync().ConfigureAwait(false);
        await _metadata.DisposeAsync().ConfigureAwait(false);
        _sends.Dispose();
        _mounted.Dispose();
    }

    /// <summary>Open files with something that is not stored.</summary>
    private IEnumerable<FileInode> DraftedFiles() => _files.Values.Select(handle => handle.File).Distinct().Where(FileStorer.NeedsStoring);

    public async ValueTask<Attributes> SetAttributesAsync(ulong inode, ulong? handle, AttributeChange change, Caller caller, CancellationToken cancellation)
    {
        EnsureWritable();
        var found = _mounted.Names.Get(inode);
        EnsureReachable(found);
        _ahead.End(found.Parent);
        await _metadata.EnsureAsync(found, withContent: false, cancellation).ConfigureAwait(false);
        EnsureReachable(found);
        EnsureReadable(found);
        if (change == AttributeChange.OfPrivileges)
        {
            SetIdBits.EnsureMayClear(found, caller);
        }
        if (change.Size is { } size)
        {
            var file = found as FileInode ?? throw new FsException(FsError.IsDirectory, "a directory has no size to set");
            if (handle is null)
            {
                await ValidateAsync(file, caller, cancellation).ConfigureAwait(false);
            }
            await _content.SetSizeAsync(file, size, cancellation).ConfigureAwait(false);
        }
        ApplyChange(found, change, caller);
        if (found is FileInode { Writers: 0, Staged: not null } unopened)
        {
            await _saving.SaveAsync(unopened, cancellation).ConfigureAwait(false);
        }
        else
        {
            Defer(found);
        }
        return _lookup.AttributesOf(found);
    }

    public async ValueTask<ReadOnlyMemory<byte>> ReadLinkAsync(ulong inode, CancellationToken cancellation)
    {
        var file = _mounted.Names.GetFile(inode);
        await _metadata.EnsureAsync(file, withContent: file.Size <= LongestTarget, cancellation).ConfigureAwait(false);
        EnsureReadable(file);
        if (file.Type != FileType.SymbolicLink || Versions.ContentOf(_mounted, file) is not { } content)
        {
            throw new FsException(FsError.InvalidArgument, $"{_mounted.Names.KeyOf(file)} is not a symbolic link");
        }
        if (content.Size > LongestTarget)
        {
            throw new FsException(
                FsError.InputOutput, $"{_mounted.Names.KeyOf(file)} has the mode of a symbolic link and {content.Size} bytes; the target of a link has at most {LongestTarget}");
        }
        var target = new byte[content.Size];
        await content.CopyToAsync(0, target, 0, cancellation).ConfigureAwait(false);
        return target;
    }

    public ValueTask<Entry> MakeNodeAsync(ulong parent, ReadOnlyMemory<byte> name, uint mode, uint device, Caller caller, CancellationToken cancellation) =>
        MakeAsync(parent, name, caller, async (directory, segment) =>
        {
            var type = (mode & FileType.Mask) == 0 ? FileType.Regular : mode & FileType.Mask;
            return type is FileType.Regular or FileType.Fifo or FileType.Socket or FileType.BlockDevice or FileType.CharacterDevice
                ? await _creation.MakeNodeAsync(directory, segment, type | mode & FileType.PermissionMask, device, caller, cancellation).ConfigureAwait(false)
                : throw new FsException(FsError.NotPermitted, "no node is of that type");
        }, cancellation);

    public ValueTask<Entry> MakeDirectoryAsync(ulong parent, ReadOnlyMemory<byte> name, uint mode, Caller caller, CancellationToken cancellation) =>
        MakeAsync(parent, name, caller, async (directory, segment) =>
            await _creation.MakeDirectoryAsync(directory, segment, mode, caller, cancellation).ConfigureAwait(false), cancellation);

    public ValueTask<Entry> MakeSymbolicLinkAsync(ulong parent, ReadOnlyMemory<byte> name, ReadOnlyMemory<byte> target, Caller caller, CancellationToken cancellation) =>
        target.Length > LongestTarget
            ? throw new FsException(FsError.NameTooLong, $"the target of a link has at most {LongestTarget} bytes")
            : MakeAsync(parent, name, caller, async (directory, segment) =>
            await _creation.MakeSymbolicLinkAsync(directory, segment, target, caller, cancellation).ConfigureAwait(false), cancellation);

    public async ValueTask UnlinkAsync(ulong parent, ReadOnlyMemory<byte> name, CancellationToken cancellation)
    {
        EnsureWritable();
        var directory = GetDirectoryToRemoveFrom(parent);
        var segment = FileName.ToSegment(name.Span);
        await _doubts.AskAboutAsync(directory, segment, cancellation).ConfigureAwait(false);
        using (await Hold.TakeAsync(_mounted.Names, directory, cancellation).ConfigureAwait(false))
        {
            await _removal.UnlinkAsync(directory, segment, cancellation).ConfigureAwait(false);
        }
        NoteRemoved(directory);
    }

    public ValueTask EnsureEmptyAsync(ulong inode, CancellationToken cancellation) =>
        _removal.EnsureEmptyAsync(_mounted.Names.GetDirectory(inode), cancellation);

    public async ValueTask RemoveDirectoryAsync(ulong parent, ReadOnlyMemory<byte> name, CancellationToken cancellation)
    {
        EnsureWritable();
        var directory = GetDirectoryToRemoveFrom(parent);
        using (await Hold.TakeAsync(_mounted.Names, directory, cancellation).ConfigureAwait(false))
        {
            await _removal.RemoveDirectoryAsync(directory, FileName.ToSegment(name.Span), cancellation).ConfigureAwait(false);
        }
        NoteRemoved(directory);
    }

    public async ValueTask RenameAsync(ulong parent, ReadOnlyMemory<byte> name, ulong newParent, ReadOnlyMemory<byte> newName, RenameFlags flags, CancellationToken cancellation)
    {
        EnsureWritable();
        if ((flags & ~RenameFlags.NoReplace) != 0)
        {
            throw new FsException(FsError.InvalidArgument, "two names cannot be exchanged at once in a bucket");
        }
        var from = GetDirectoryToChange(parent);
        var to = GetDirectoryToChange(newParent);
        var (oldSegment, newSegment) = (FileName.ToSegment(name.Span), FileName.ToSegment(newName.Span));
        await _doubts.AskAboutAsync(from, oldSegment, cancellation).ConfigureAwait(false);
        await _doubts.AskAboutAsync(to, newSegment, cancellation).ConfigureAwait(false);
        using (await Hold.TakeAsync(_mounted.Names, from, to, cancellation).ConfigureAwait(false))
        {
            await _renaming.RenameAsync(
                from, oldSegment, to, newSegment, (flags & RenameFlags.NoReplace) != 0, cancellation).ConfigureAwait(false);
        }
    }

    // A bucket has no size; these are numbers that no program takes for full, and that none overflows on.
    public Capacity GetCapacity() => new(4096, 1UL << 38, 1UL << 38, 1UL << 32, 1UL << 32, FileName.LongestName);

    private async ValueTask<Entry> MakeAsync(
        ulong parent, ReadOnlyMemory<byte> name, Caller caller, Func<DirectoryInode, string, ValueTask<Inode>> make, CancellationToken cancellation)
    {
        EnsureWritable();
        var directory = GetDirectoryToChange(parent);
        var segment = FileName.ToSegment(name.Span);
        using (await Hold.TakeAsync(_mounted.Names, directory, cancellation).ConfigureAwait(false))
        {
            EnsureNotReplaced(directory);
            await _creation.EnsureAbsentAsync(directory, segment, caller, cancellation).ConfigureAwait(false);
            return _lookup.Give(await make(directory, segment).ConfigureAwait(false), caller);
        }
    }

    private void ApplyChange(Inode inode, in AttributeChange change, Caller caller)
    {
        var now = _mounted.Now();
        var clears = change.ClearPrivileges || (change.Mode is null && (change.Uid is not null || change.Gid is not null));
        var keepsGroup = !clears || SetIdBits.KeepsGroup(inode, caller);
        lock (inode.Sync)
        {
            var areTimesSet = change.AccessTime is not null || change.ModifyTime is not null;
            var file = inode as FileInode;
            var mode = inode.Metadata!.Mode;
            mode = change.Mode is { } permissions ? mode & FileType.Mask | permissions & FileType.PermissionMask : mode;
            inode.Change(new AttributePatch
            {
                Permissions = clears ? SetIdBits.Cleared(mode, keepsGroup) : change.Mode is null ? null : mode & FileType.PermissionMask,
                Uid = change.Uid,
                Gid = change.Gid,
                AccessTime = change.AccessTime,
                ModifyTime = change.ModifyTime ?? (areTimesSet ? file?.WrittenAt : null),
                CreationTime = change.CreationTime,
                ChangeTime = now,
            });
            if (areTimesSet && file is not null)
            {
                file.WrittenAt = null;
            }
        }
    }

    private void Defer(Inode inode)
    {
        if (!inode.IsDetached && inode is not FileInode { Stored: null } and not FileInode { Staged: not null })
        {
            if (inode is DirectoryInode { Parent: null } && _mounted.Names.KeyOf(inode).Length == 0)
            {
                // The bucket itself has no object that could carry attributes: they last as long as the mount.
                return;
            }
            _queue.Add(inode, _mounted.Options.MetadataDelay);
        }
    }

    private void EnsureWritable()
    {
        if (_mounted.Options.IsReadOnly)
        {
            throw new FsException(FsError.ReadOnly, "mounted read-only");
        }
    }

    /// <summary>
    /// A file that was removed or replaced is there for those who have it open, and for nobody else. Who found its name just before that, as in an open during a rename over it,
    /// looks the name up again: Linux does so on ESTALE.
    /// </summary>
    private static void EnsureReachable(Inode inode)
    {
        if (inode is FileInode { IsDetached: true, Handles: 0, Staged: null } file)
        {
            throw new FsException(FsError.Stale, $"inode {file.Number} has been removed or replaced");
        }
    }

    private void EnsureReadable(Inode inode)
    {
        EnsureShown(inode);
        _metadata.EnsureReadable(inode);
    }

    /// <summary>A file that was found before it was replaced by an object that does not appear: looked up again, it is not there.</summary>
    private void EnsureShown(Inode inode)
    {
        if (_metadata.IsHidden(inode))
        {
            throw new FsException(FsError.Stale, $"{_mounted.Names.KeyOf(inode)} was replaced by an object that is not encrypted");
        }
    }
}
