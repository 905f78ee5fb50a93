using SseCFs.Operations;
using SseCFs.Tree;

namespace SseCFs;

/// <content>Operations on open files.</content>
public sealed partial class SseFileSystem
{
    public async ValueTask<OpenedFile> OpenAsync(ulong inode, OpenFlags flags, Caller caller, CancellationToken cancellation)
    {
        var file = _mounted.Names.GetFile(inode);
        if ((flags & OpenFlags.Write) != 0)
        {
            EnsureWritable();
        }
        _ahead.End(file.Parent);
        var withContent = (flags & OpenFlags.Truncate) == 0;
        try
        {
            await _metadata.EnsureAsync(file, withContent, cancellation).ConfigureAwait(false);
            if (NeedsValidation(file, caller))
            {
                await _metadata.RevalidateAsync(file, withContent, cancellation).ConfigureAwait(false);
            }
        }
        catch (FsException e) when (e.Reason == FsError.NotFound && caller.KeepsEntries)
        {
            // Another machine has removed what the caller's entry says. Told so, Linux walks the path again (fs/namei.c, LOOKUP_REVAL): with O_CREAT the file is made.
            throw new FsException(FsError.Stale, e.Message, e);
        }
        return await OpenKnownAsync(file, flags, caller, isAnnounced: false, cancellation).ConfigureAwait(false);
    }

    public async ValueTask<(Entry Entry, OpenedFile File)> CreateAsync(
        ulong parent, ReadOnlyMemory<byte> name, uint mode, OpenFlags flags, Caller caller, CancellationToken cancellation)
    {
        EnsureWritable();
        var directory = GetDirectoryToChange(parent);
        var segment = FileName.ToSegment(name.Span);
        using (await Hold.TakeAsync(_mounted.Names, directory, cancellation).ConfigureAwait(false))
        {
            EnsureNotReplaced(directory);
            var found = await _lookup.FindNowAsync(directory, segment, caller.Thread, cancellation).ConfigureAwait(false);
            if (found is not null && (flags & OpenFlags.Exclusive) != 0)
            {
                throw new FsException(FsError.Exists, $"{_mounted.Names.KeyOf(directory, segment)} exists");
            }
            if (found is DirectoryInode)
            {
                throw new FsException(FsError.IsDirectory, $"{_mounted.Names.KeyOf(found)} is a directory");
            }
            var file = (FileInode?)found ?? ((flags & OpenFlags.Exclusive) != 0
                ? await _creation.ClaimFileAsync(directory, segment, mode, caller, cancellation).ConfigureAwait(false)
                : await _creation.MakeFileAsync(directory, segment, mode, caller, cancellation).ConfigureAwait(false));
            await _metadata.EnsureAsync(file, withContent: false, cancellation).ConfigureAwait(false);
            if (_metadata.IsHidden(file))
            {
                throw new FsException(FsError.Exists, $"{_mounted.Names.KeyOf(directory, segment)} exists, and is not shown because it is not encrypted");
            }
            // What was just made has nothing to truncate, and keeps the bits that it was made with. The answer tells the attributes itself.
            var toOpen = found is null ? flags & ~(OpenFlags.Truncate | OpenFlags.ClearPrivileges) : flags;
            var opened = await OpenKnownAsync(file, toOpen, caller, isAnnounced: true, cancellation).ConfigureAwait(false);
            return (_lookup.Give(file, caller), opened);
        }
    }

    public ValueTask ReadAsync(ulong handle, long offset, int length, ReadSegments into, CancellationToken cancellation)
    {
        var opened = GetFileHandle(handle);
        return opened.CanRead
            ? _content.ReadAsync(opened, offset, length, into, cancellation)
            : throw new FsException(FsError.BadHandle, "the handle is not open for reading");
    }

    public ValueTask<long> CopyRangeAsync(ulong sourceHandle, long sourceOffset, ulong targetHandle, long targetOffset, long length, CancellationToken cancellation)
    {
        EnsureWritable();
        var (source, target) = (GetFileHandle(sourceHandle), GetFileHandle(targetHandle));
        if (!source.CanRead || !target.CanWrite)
        {
            throw new FsException(FsError.BadHandle, "copying needs a handle to read and one to write");
        }
        return sourceOffset == 0 && targetOffset == 0
            ? _copies.CopyWholeAsync(source.File, target.File, length, cancellation)
            : throw new FsException(FsError.NotSupported, "only whole files are copied by the service");
    }

    public ValueTask WriteAsync(ulong handle, long offset, ReadOnlyMemory<byte> data, bool append, bool clearPrivileges, CancellationToken cancellation)
    {
        var file = GetWriter(handle).File;
        if (clearPrivileges && SetIdBits.TryClear(file))
        {
            _mounted.Invalidation?.InvalidateAttributes(file.Number);
        }
        return _content.WriteAsync(file, offset, data, append, cancellation);
    }

    public ValueTask FlushAsync(ulong handle, Func<ValueTask<bool>>? staysOpen, CancellationToken cancellation)
    {
        var opened = GetFileHandle(handle);
        return opened.CanWrite && (opened.File.Staged is not null || opened.File.Stored is null)
            ? _saving.SaveAtCloseAsync(opened.File, staysOpen, cancellation)
            : ValueTask.CompletedTask;
    }

    public ValueTask SyncAsync(ulong handle, CancellationToken cancellation) => _saving.SaveAsync(GetFileHandle(handle).File, cancellation);

    public async ValueTask ReleaseAsync(ulong handle)
    {
        if (!_files.TryRemove(handle, out var opened))
        {
            return;
        }
        var file = opened.File;
        bool isLast, isLastWriter;
        lock (file.Sync)
        {
            isLast = --file.Handles == 0;
            file.Readers -= opened.CanRead ? 1 : 0;
            isLastWriter = opened.CanWrite && --file.Writers == 0;
        }
        if (file.IsDetached && file.Stored is null)
        {
            if (isLast)
            {
                _removal.Forget(file);
            }
            return;
        }
        if (isLastWriter && file.IsDirty)
        {
            await StoreReleasedAsync(file).ConfigureAwait(false);
        }
    }

    public async ValueTask AllocateAsync(ulong handle, AllocateMode mode, long offset, long length, CancellationToken cancellation)
    {
        var file = GetWriter(handle).File;
        if (offset < 0 || length <= 0)
        {
            throw new FsException(FsError.InvalidArgument, "a range must have a length and must not begin before the file");
        }
        await _content.AllocateAsync(file, mode, offset, length, cancellation).ConfigureAwait(false);
    }

    private async ValueTask<OpenedFile> OpenKnownAsync(FileInode file, OpenFlags flags, Caller caller, bool isAnnounced, CancellationToken cancellation)
    {
        EnsureReadable(file);
        var clears = (flags & OpenFlags.ClearPrivileges) != 0;
        var keepsGroup = !clears || SetIdBits.KeepsGroup(file, caller);
        var handle = Interlocked.Increment(ref _lastHandle);
        bool keepCache;
        int generation;
        lock (file.Sync)
        {
            EnsureReachable(file);
            if (clears)
            {
                SetIdBits.TryClear(file, keepsGroup);
            }
            if (file.IsGivenUp && (flags & OpenFlags.Read) != 0)
            {
                throw new FsException(FsError.Stale, $"inode {file.Number} was removed while nobody could read it");
            }
            file.Handles++;
            file.Readers += (flags & OpenFlags.Read) != 0 ? 1 : 0;
            file.Writers += (flags & OpenFlags.Write) != 0 ? 1 : 0;
            generation = file.Generation;
            keepCache = file.KernelGeneration == generation;
            if (!isAnnounced && file.AnnouncedGeneration != generation)
            {
                // Else the kernel would end its reads where the version before ended, as long as it trusts the size it knows. Once: a second time could hit the question
                // that the first has made it ask. Under the lock, as nobody else may answer an open before; the inode is the one of the request, which the kernel holds and so cannot be evicting, a wait for which could be without end.
                _mounted.Invalidation?.InvalidateAttributes(file.Number);
                file.AnnouncedGeneration = generation;
            }
        }
        _files[handle] = new FileHandle(file, flags, generation, _mounted.Cache.ReadAheadLimit);
        try
        {
            if ((flags & OpenFlags.Truncate) != 0)
            {
                await _content.SetSizeAsync(file, 0, cancellation).ConfigureAwait(false);
            }
            Versions.ContentOf(_mounted, file);
            return new OpenedFile(handle, keepCache);
        }
        catch
        {
            await ReleaseAsync(handle).ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>close-to-open: the store is asked at every open, unless it was just asked, or has nothing newer than what is here.</summary>
    private bool NeedsValidation(FileInode file, Caller caller)
    {
        lock (file.Sync)
        {
            // While a request of our own changes the version, no answer tells whose it shows.
            if (file.HoldsUnsaved || file.AreAttributesInFlight || file.IsDetached)
            {
                return false;
            }
            var (thread, until) = file.Validated;
            file.Validated = default;
            return thread != caller.Thread || _mounted.Clock.GetTimestamp() >= until;
        }
    }

    /// <summary>truncate(2) by name is an open in this: what it cuts is what the store has.</summary>
    private async ValueTask ValidateAsync(FileInode file, Caller caller, CancellationToken cancellation)
    {
        if (file.Handles == 0 && NeedsValidation(file, caller))
        {
            try
            {
                await _metadata.RevalidateAsync(file, withContent: false, cancellation).ConfigureAwait(false);
            }
            catch (FsException e) when (e.Reason == FsError.NotFound)
            {
                throw new FsException(FsError.Stale, e.Message, e);
            }
        }
    }

    /// <summary>What a shared mapping wrote after the last close, or what close could not store: nobody waits for the error any more.</summary>
    private async ValueTask StoreReleasedAsync(FileInode file)
    {
        try
        {
            if (file.Staged is null && file.Stored is not null)
            {
                Defer(file);
                return;
            }
            await _saving.SaveReleasedAsync(file).ConfigureAwait(false);
        }
        catch (FsException)
        {
            // The queue has it, and the log says so.
        }
    }

    private FileHandle GetFileHandle(ulong handle)
    {
        if (!_files.TryGetValue(handle, out var opened))
        {
            throw new FsException(FsError.BadHandle, $"file handle {handle} is not open");
        }
        opened.NoteUse();
        return opened;
    }

    private FileHandle GetWriter(ulong handle)
    {
        var opened = GetFileHandle(handle);
        return opened.CanWrite ? opened : throw new FsException(FsError.BadHandle, "the handle is not open for writing");
    }
}
