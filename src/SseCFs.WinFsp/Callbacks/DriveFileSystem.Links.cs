using System.Text;
using SseCFs.WinFsp.Names;
using SseCFs.WinFsp.Session;
using SseCFs.WinFsp.Wire;

namespace SseCFs.WinFsp.Callbacks;

/// <content>
/// Symbolic links as reparse points. A target that begins with a slash leads, as in WinFsp's own adapters, from the drive's root. Other reparse points are refused.
/// </content>
internal sealed partial class DriveFileSystem
{
    public override int GetReparsePointByName(string FileName, bool IsDirectory, ref byte[]? ReparseData)
    {
        using var place = DispatcherThread.Wait(_walk.FindAsync(FileName, CallerNow(), CancellationToken.None));
        if (place.State != PlaceState.Found)
        {
            return place.State == PlaceState.NameMissing ? STATUS_OBJECT_NAME_NOT_FOUND : STATUS_OBJECT_PATH_NOT_FOUND;
        }
        if (!place.IsLink)
        {
            return STATUS_NOT_A_REPARSE_POINT;
        }
        ReparseData = DispatcherThread.Wait(ReadLinkAsync(place.Attributes.Inode));
        return STATUS_SUCCESS;
    }

    public override int GetReparsePoint(object FileNode, object FileDesc, string FileName, ref byte[]? ReparseData)
    {
        var inode = Node(FileDesc).Inode;
        if ((DispatcherThread.Wait(_files.GetAttributesAsync(inode, null, CancellationToken.None)).Mode & FileType.Mask) != FileType.SymbolicLink)
        {
            return STATUS_NOT_A_REPARSE_POINT;
        }
        ReparseData = DispatcherThread.Wait(ReadLinkAsync(inode));
        return STATUS_SUCCESS;
    }

    /// <summary>A program makes an empty file or folder, then a link of it: the one goes, the other takes its name.</summary>
    public override int SetReparsePoint(object FileNode, object FileDesc, string FileName, byte[] ReparseData)
    {
        DispatcherThread.Wait(BecomeLinkAsync(Node(FileDesc), FileName, SymbolicLinkData.Decode(ReparseData)));
        return STATUS_SUCCESS;
    }

    /// <summary>What is left of a link is an empty file.</summary>
    public override int DeleteReparsePoint(object FileNode, object FileDesc, string FileName, byte[] ReparseData)
    {
        DispatcherThread.Wait(BecomeFileAsync(Node(FileDesc), FileName));
        return STATUS_SUCCESS;
    }

    private async ValueTask<byte[]> ReadLinkAsync(ulong inode)
    {
        var target = await _files.ReadLinkAsync(inode, CancellationToken.None).ConfigureAwait(false);
        return SymbolicLinkData.Encode(WindowsName.OfPosixPath(Encoding.UTF8.GetString(target.Span)));
    }

    private async ValueTask<Opened> MakeLinkAsync(Place place, string target)
    {
        var entry = await _files.MakeSymbolicLinkAsync(place.Parent, place.Name, ToPosix(target), CallerNow(), CancellationToken.None).ConfigureAwait(false);
        place.Hold(entry.Attributes.Inode);
        return new Opened(Keep(place, entry.Attributes, handle: null, canWrite: false), DescribeKnown(entry.Attributes.Inode));
    }

    private async ValueTask BecomeLinkAsync(OpenNode node, string path, string target)
    {
        using var place = await FindAsync(path, CancellationToken.None).ConfigureAwait(false);
        if (!node.IsDirectory && !place.IsLink && place.Attributes.Size > 0)
        {
            throw new StatusException(STATUS_IO_REPARSE_DATA_INVALID, $"{path} has content that would be lost");
        }
        var posix = ToPosix(target);
        await LeaveAsync(node, place).ConfigureAwait(false);
        var entry = await _files.MakeSymbolicLinkAsync(place.Parent, place.Name, posix, CallerNow(), CancellationToken.None).ConfigureAwait(false);
        Become(node, entry.Attributes.Inode);
    }

    private async ValueTask BecomeFileAsync(OpenNode node, string path)
    {
        using var place = await FindAsync(path, CancellationToken.None).ConfigureAwait(false);
        if (!place.IsLink)
        {
            throw new StatusException(STATUS_NOT_A_REPARSE_POINT, $"{path} is no symbolic link");
        }
        await LeaveAsync(node, place).ConfigureAwait(false);
        var entry = await _files.MakeNodeAsync(place.Parent, place.Name, FileType.Regular | 0x1B6 & ~_options.Umask, device: 0, CallerNow(), CancellationToken.None).ConfigureAwait(false);
        Become(node, entry.Attributes.Inode);
    }

    private async ValueTask LeaveAsync(OpenNode node, Place place)
    {
        await RemoveAsync(place, place.Attributes.IsDirectory).ConfigureAwait(false);
        if (node.Handle is { } handle)
        {
            node.Handle = null;
            _writers.TryRemove(handle, out _);
            await _files.ReleaseAsync(handle).ConfigureAwait(false);
        }
    }

    private void Become(OpenNode node, ulong inode)
    {
        _notifications!.Closed(node.Inode);
        _files.Forget(node.Inode, 1);
        node.Inode = inode;
        _notifications.Opened(inode, node.Path);
    }

    private static byte[] ToPosix(string target) =>
        WindowsName.ToPosixPath(target) is { } posix ? Encoding.UTF8.GetBytes(posix)
        : throw new StatusException(STATUS_IO_REPARSE_DATA_INVALID, "the link's target has characters that no name can have");
}
