using SseCFs.WinFsp.Metadata;
using SseCFs.WinFsp.Names;
using SseCFs.WinFsp.Session;
using SseCFs.WinFsp.Wire;

namespace SseCFs.WinFsp.Callbacks;

/// <content>Renaming and deleting.</content>
internal sealed partial class DriveFileSystem
{
    public override int CanDelete(object FileNode, object FileDesc, string FileName)
    {
        DispatcherThread.Wait(EnsureDeletableAsync(Node(FileDesc)));
        return STATUS_SUCCESS;
    }

    public override int Rename(object FileNode, object FileDesc, string FileName, string NewFileName, bool ReplaceIfExists)
    {
        DispatcherThread.Wait(RenameAsync(Node(FileDesc), FileName, NewFileName, ReplaceIfExists));
        return STATUS_SUCCESS;
    }

    private async ValueTask EnsureDeletableAsync(OpenNode node)
    {
        if (_options.IsReadOnly)
        {
            throw new FsException(FsError.ReadOnly, "mounted read-only");
        }
        if (node.Inode == IFileSystem.RootInode)
        {
            throw new StatusException(STATUS_CANNOT_DELETE, "the drive's root cannot be deleted");
        }
        var attributes = await _files.GetAttributesAsync(node.Inode, node.Handle, CancellationToken.None).ConfigureAwait(false);
        if (DosAttributes.IsReadOnly(attributes))
        {
            throw new StatusException(STATUS_CANNOT_DELETE, $"{node.Path} is read-only");
        }
        if (attributes.IsDirectory)
        {
            await _files.EnsureEmptyAsync(node.Inode, CancellationToken.None).ConfigureAwait(false);
        }
    }

    /// <summary>By its name, which the driver knows; what is open stays readable through its handle.</summary>
    private void Delete(OpenNode node, string path)
    {
        try
        {
            DispatcherThread.Wait(DeleteAsync(node, path));
            node.IsDeleted = true;
        }
        catch (Exception exception)
        {
            _log.NotDeleted(node.Path, exception.Message);
        }
    }

    private async ValueTask DeleteAsync(OpenNode node, string path)
    {
        using var place = await FindAsync(path, CancellationToken.None).ConfigureAwait(false);
        await RemoveAsync(place, node.IsDirectory).ConfigureAwait(false);
    }

    private ValueTask RemoveAsync(Place place, bool isDirectory) => isDirectory
        ? _files.RemoveDirectoryAsync(place.Parent, place.Name, CancellationToken.None)
        : _files.UnlinkAsync(place.Parent, place.Name, CancellationToken.None);

    private async ValueTask RenameAsync(OpenNode node, string path, string newPath, bool replaces)
    {
        var caller = CallerNow();
        using var from = await FindAsync(path, CancellationToken.None).ConfigureAwait(false);
        using var to = await _walk.FindNowAsync(newPath, caller, CancellationToken.None).ConfigureAwait(false);
        if (to.State is PlaceState.PathMissing or PlaceState.Link)
        {
            throw new StatusException(STATUS_OBJECT_PATH_NOT_FOUND, $"there is no folder for {newPath}");
        }
        // A file found by the same name in other letters is to get these letters.
        var (name, shown) = (to.Name!, to.Path);
        if (to.State == PlaceState.Found && to.Attributes.Inode == from.Attributes.Inode)
        {
            var last = newPath[(newPath.LastIndexOf('\\') + 1)..];
            name = WindowsName.ToName(last) ?? throw PathWalk.Invalid(last);
            shown = to.Path[..(to.Path.LastIndexOf('\\') + 1)] + last;
        }
        else if (to.State == PlaceState.Found)
        {
            EnsureReplaceable(from, to, replaces);
        }
        await _files.RenameAsync(
            from.Parent, from.Name, to.Parent, name, replaces ? RenameFlags.None : RenameFlags.NoReplace, CancellationToken.None).ConfigureAwait(false);
        node.Path = shown;
        _notifications!.Renamed(node.Inode, shown);
    }

    private static void EnsureReplaceable(Place from, Place to, bool replaces)
    {
        if (!replaces)
        {
            throw new FsException(FsError.Exists, $"{to.Path} exists");
        }
        if (from.Attributes.IsDirectory || to.Attributes.IsDirectory || DosAttributes.IsReadOnly(to.Attributes))
        {
            // NtSetInformationFile, FileRenameInformation: neither a directory nor a read-only file is replaced.
            throw new StatusException(STATUS_ACCESS_DENIED, $"{to.Path} is a folder or read-only and is not replaced");
        }
    }
}
