using SseCFs.WinFsp.Metadata;
using SseCFs.WinFsp.Names;
using SseCFs.WinFsp.Session;
using SseCFs.WinFsp.Wire;

namespace SseCFs.WinFsp.Callbacks;

/// <content>From a name to an open file, and to its end.</content>
internal sealed partial class DriveFileSystem
{
    private const uint ReadingRights = Access.ReadData | Access.Execute;
    private const uint WritingRights = Access.WriteData | Access.AppendData;
    private const int DispositionShift = 24;

    private readonly record struct Opened(OpenNode Node, FileInfo Info);

    public override int GetSecurityByName(string FileName, out uint FileAttributes, ref byte[]? SecurityDescriptor)
    {
        using var place = DispatcherThread.Wait(_walk.FindAsync(FileName, CallerNow(), CancellationToken.None));
        if (place.State != PlaceState.Found)
        {
            FileAttributes = (uint)place.LinkAt;
            return StatusOf(place);
        }
        FileAttributes = DispatcherThread.Wait(DosAttributesOfAsync(place.Attributes, CancellationToken.None));
        if (SecurityDescriptor is not null)
        {
            SecurityDescriptor = SecurityOf(place.Attributes);
        }
        return STATUS_SUCCESS;
    }

    /// <summary>
    /// The descriptor is not looked at: what Windows hands down where a folder has nothing to hand down is the user's default, by which every document would be executable.
    /// </summary>
    public override int CreateEx(
        string FileName, uint CreateOptions, uint GrantedAccess, uint FileAttributes, byte[]? SecurityDescriptor, ulong AllocationSize, nint ExtraBuffer, uint ExtraLength,
        bool ExtraBufferIsReparsePoint, out object? FileNode, out object? FileDesc, out FileInfo FileInfo, out string? NormalizedName)
    {
        (FileNode, FileDesc, FileInfo, NormalizedName) = (null, null, default, null);
        EndRequest();
        using var place = DispatcherThread.Wait(_walk.FindNowAsync(FileName, CallerNow(), CancellationToken.None));
        if (place.State != PlaceState.NameMissing)
        {
            return place.State == PlaceState.Found ? STATUS_OBJECT_NAME_COLLISION : StatusOf(place);
        }
        var extra = Buffer(ExtraBuffer, ExtraLength);
        var opened = DispatcherThread.Wait(ExtraBufferIsReparsePoint
            ? MakeLinkAsync(place, SymbolicLinkData.Decode(extra))
            : CreateAsync(place, CreateOptions, FileAttributes, EaList.Decode(extra)));
        Open(opened, out FileNode, out FileDesc, out FileInfo, out NormalizedName);
        return STATUS_SUCCESS;
    }

    public override int Open(
        string FileName, uint CreateOptions, uint GrantedAccess, out object? FileNode, out object? FileDesc, out FileInfo FileInfo, out string? NormalizedName)
    {
        (FileNode, FileDesc, FileInfo, NormalizedName) = (null, null, default, null);
        Opened opened;
        try
        {
            opened = DispatcherThread.Wait(OpenAsync(FileName, CreateOptions, GrantedAccess));
        }
        catch (FsException e) when (e.Reason == FsError.Stale)
        {
            // Replaced since its name was found.
            opened = DispatcherThread.Wait(OpenAsync(FileName, CreateOptions, GrantedAccess));
        }
        finally
        {
            EndRequest();
        }
        Open(opened, out FileNode, out FileDesc, out FileInfo, out NormalizedName);
        return STATUS_SUCCESS;
    }

    public override int OverwriteEx(
        object FileNode, object FileDesc, uint FileAttributes, bool ReplaceFileAttributes, ulong AllocationSize, nint Ea, uint EaLength, out FileInfo FileInfo)
    {
        FileInfo = default;
        FileInfo = DispatcherThread.Wait(OverwriteAsync(Node(FileDesc).Inode, FileAttributes, ReplaceFileAttributes, EaList.Decode(Buffer(Ea, EaLength))));
        return STATUS_SUCCESS;
    }

    /// <summary>
    /// A program has closed its handle: what it wrote is stored now, as far as the service takes it. There is no way to tell the program if not: what could not be stored is kept,
    /// and told elsewhere. The times that the flags ask for have been set by the writes.
    /// </summary>
    public override void Cleanup(object FileNode, object FileDesc, string? FileName, uint Flags)
    {
        var node = Node(FileDesc);
        if ((Flags & CleanupDelete) != 0)
        {
            Delete(node, FileName ?? node.Path);
            return;
        }
        if (node is { Handle: { } handle, CanWrite: true, IsDeleted: false })
        {
            try
            {
                DispatcherThread.Wait(_files.FlushAsync(handle, staysOpen: null, CancellationToken.None));
            }
            catch (Exception exception)
            {
                _log.NotStoredAtClose(node.Path, exception.Message);
            }
        }
    }

    public override void Close(object FileNode, object FileDesc)
    {
        var node = Node(FileDesc);
        _notifications!.Closed(node.Inode);
        try
        {
            if (node.Handle is { } handle)
            {
                _writers.TryRemove(handle, out _);
                DispatcherThread.Wait(_files.ReleaseAsync(handle));
            }
        }
        finally
        {
            _files.Forget(node.Inode, 1);
        }
    }

    private void Open(Opened opened, out object FileNode, out object FileDesc, out FileInfo FileInfo, out string NormalizedName)
    {
        (FileNode, FileDesc, FileInfo, NormalizedName) = (opened.Node, opened.Node, opened.Info, opened.Node.Path);
        _notifications!.Opened(opened.Node.Inode, opened.Node.Path);
        if (opened.Node is { CanWrite: true, Handle: { } handle })
        {
            _writers[handle] = opened.Node.Path;
        }
    }

    private async ValueTask<Opened> OpenAsync(string path, uint options, uint access)
    {
        var caller = CallerNow();
        using var place = await FindAsync(path, CancellationToken.None).ConfigureAwait(false);
        var attributes = place.Attributes;
        if ((options & FILE_DIRECTORY_FILE) != 0 && !attributes.IsDirectory)
        {
            throw new StatusException(STATUS_NOT_A_DIRECTORY, $"{path} is not a directory");
        }
        if ((options & FILE_NON_DIRECTORY_FILE) != 0 && attributes.IsDirectory)
        {
            throw new StatusException(STATUS_FILE_IS_A_DIRECTORY, $"{path} is a directory");
        }
        OpenedFile? file = null;
        var canWrite = (access & WritingRights) != 0;
        // Explorer opens what it shows for its attributes: then neither is the content asked for, nor whether there is a newer one.
        if (!attributes.IsDirectory && (access & (ReadingRights | WritingRights)) != 0)
        {
            file = (attributes.Mode & FileType.Mask) switch
            {
                FileType.Regular => await _files.OpenAsync(
                    attributes.Inode, OpenFlags.Read | (canWrite ? OpenFlags.Write : 0), caller, CancellationToken.None).ConfigureAwait(false),
                FileType.SymbolicLink => null,
                _ => throw new StatusException(STATUS_ACCESS_DENIED, $"{path} is a FIFO, socket or device of another system"),
            };
        }
        try
        {
            var info = await DescribeAsync(attributes.Inode, CancellationToken.None).ConfigureAwait(false);
            return new Opened(Keep(place, attributes, file?.Handle, canWrite), info);
        }
        catch when (file is not null)
        {
            await _files.ReleaseAsync(file.Value.Handle).ConfigureAwait(false);
            throw;
        }
    }

    private async ValueTask<Opened> CreateAsync(Place place, uint options, uint dosAttributes, List<(string Name, byte[] Value)> extended)
    {
        if ((options & FILE_DIRECTORY_FILE) != 0)
        {
            var made = await _files.MakeDirectoryAsync(place.Parent, place.Name, 0x1FF & ~_options.Umask, CallerNow(), CancellationToken.None).ConfigureAwait(false);
            place.Hold(made.Attributes.Inode);
            return await FinishAsync(made.Attributes, null, isNew: true).ConfigureAwait(false);
        }
        // Costs a request. Only who says "create" must be the only one to get the name, on any machine; and a file whose attributes are refused is removed, so it must be new.
        var isExclusive = (Disposition)(options >> DispositionShift) == Disposition.Create || extended.Count > 0;
        var mode = DosAttributes.ModeWith(dosAttributes, FileType.Regular | 0x1B6 & ~_options.Umask) & FileType.PermissionMask;
        var (entry, file) = await _files.CreateAsync(
            place.Parent, place.Name, mode, OpenFlags.Read | OpenFlags.Write | (isExclusive ? OpenFlags.Exclusive : 0), CallerNow(), CancellationToken.None).ConfigureAwait(false);
        place.Hold(entry.Attributes.Inode);
        return await FinishAsync(entry.Attributes, file.Handle, isExclusive).ConfigureAwait(false);

        async ValueTask<Opened> FinishAsync(Attributes attributes, ulong? handle, bool isNew)
        {
            try
            {
                // What is new is to be archived.
                await KeepDosAttributesAsync(attributes, attributes.IsDirectory ? dosAttributes : dosAttributes | (uint)System.IO.FileAttributes.Archive).ConfigureAwait(false);
                await SetEasAsync(attributes.Inode, extended).ConfigureAwait(false);
            }
            catch
            {
                if (isNew)
                {
                    await UnmakeAsync(place, attributes.IsDirectory).ConfigureAwait(false);
                }
                if (handle is { } opened)
                {
                    await _files.ReleaseAsync(opened).ConfigureAwait(false);
                }
                throw;
            }
            return new Opened(Keep(place, attributes, handle, canWrite: true), DescribeKnown(attributes.Inode));
        }
    }

    /// <summary>Removes a file or folder that was just made, because its attributes were refused.</summary>
    private async ValueTask UnmakeAsync(Place place, bool isDirectory)
    {
        try
        {
            await RemoveAsync(place, isDirectory).ConfigureAwait(false);
        }
        catch (FsException e)
        {
            _log.NotDeleted(place.Path, e.Message);
        }
    }

    /// <summary>
    /// The new file's attributes count, the old ones' extended attributes do not (FILE_OVERWRITE in NtCreateFile). The content is cut last, so that it is still there if the
    /// attributes are refused.
    /// </summary>
    private async ValueTask<FileInfo> OverwriteAsync(ulong inode, uint dosAttributes, bool replaces, List<(string Name, byte[] Value)> extended)
    {
        var attributes = await _files.GetAttributesAsync(inode, null, CancellationToken.None).ConfigureAwait(false);
        var wanted = (replaces ? dosAttributes : dosAttributes | await DosAttributesOfAsync(attributes, CancellationToken.None).ConfigureAwait(false))
            | (uint)System.IO.FileAttributes.Archive;
        var mode = DosAttributes.ModeWith(wanted, attributes.Mode);
        await ReplaceEasAsync(inode, extended).ConfigureAwait(false);
        await KeepDosAttributesAsync(attributes, wanted).ConfigureAwait(false);
        await _files.SetAttributesAsync(
            inode, null, new AttributeChange { Size = 0, ClearPrivileges = true, Mode = mode == attributes.Mode ? null : mode & FileType.PermissionMask }, CallerNow(), CancellationToken.None).ConfigureAwait(false);
        return DescribeKnown(inode);
    }

    private static OpenNode Keep(Place place, in Attributes attributes, ulong? handle, bool canWrite)
    {
        place.Release(attributes.Inode);
        return new OpenNode { Inode = attributes.Inode, Path = place.Path, IsDirectory = attributes.IsDirectory, Handle = handle, CanWrite = canWrite };
    }

    private static unsafe Span<byte> Buffer(nint start, uint length) => new((void*)start, (int)length);
}
