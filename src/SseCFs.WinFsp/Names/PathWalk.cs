using System.Text;
using SseCFs.Tree;
using SseCFs.WinFsp.Wire;
using static Fsp.FileSystemBase;

namespace SseCFs.WinFsp.Names;

/// <summary>Follows paths of Windows through folders. Thread-safe.</summary>
internal sealed class PathWalk(IFileSystem files, FolderNames names)
{
    private const char Separator = '\\';

    /// <param name="caller">Who may open what is found; the thread is that of the request.</param>
    /// <exception cref="StatusException">A name in it can be no file's: it names a stream, or has forbidden characters.</exception>
    /// <exception cref="FsException">The service failed.</exception>
    public async ValueTask<Place> FindAsync(string path, Caller caller, CancellationToken cancellation)
    {
        var place = new Place(files);
        try
        {
            place.Attributes = await files.GetAttributesAsync(IFileSystem.RootInode, null, cancellation).ConfigureAwait(false);
            for (var at = Skip(path, 0); at < path.Length; at = Skip(path, at))
            {
                var start = at;
                at = path.IndexOf(Separator, at) is >= 0 and var end ? end : path.Length;
                if (!await StepAsync(place, path[start..at], start, Skip(path, at) == path.Length, caller, cancellation).ConfigureAwait(false))
                {
                    break;
                }
            }
            return place;
        }
        catch
        {
            place.Dispose();
            throw;
        }
    }

    /// <summary>The same for whoever takes the name, or fails because it is taken: another machine may have removed it since it was last looked at.</summary>
    public async ValueTask<Place> FindNowAsync(string path, Caller caller, CancellationToken cancellation)
    {
        var place = await FindAsync(path, caller, cancellation).ConfigureAwait(false);
        if (place is not { State: PlaceState.Found, Name: { Length: > 0 } name })
        {
            return place;
        }
        try
        {
            var entry = await files.LookupAsync(place.Parent, name, caller with { KeepsEntries = true }, cancellation).ConfigureAwait(false);
            place.Hold(entry.Attributes.Inode);
            place.Attributes = entry.Attributes;
            return place;
        }
        catch (FsException e) when (e.Reason == FsError.NotFound)
        {
            place.Dispose();
            return await FindAsync(path, caller, cancellation).ConfigureAwait(false);
        }
        catch
        {
            place.Dispose();
            throw;
        }
    }

    private async ValueTask<bool> StepAsync(Place place, string component, int start, bool isLast, Caller caller, CancellationToken cancellation)
    {
        if (place.IsLink)
        {
            place.State = PlaceState.Link;
            return false;
        }
        if (!place.Attributes.IsDirectory)
        {
            place.State = PlaceState.PathMissing;
            return false;
        }
        if (component.Contains(':', StringComparison.Ordinal))
        {
            throw new StatusException(STATUS_OBJECT_NAME_INVALID, "files have no named streams here");
        }
        place.Parent = place.Attributes.Inode;
        place.LinkAt = start;
        if (await names.FindAsync(place.Parent, component, caller, cancellation).ConfigureAwait(false) is not { } found)
        {
            place.State = isLast ? PlaceState.NameMissing : PlaceState.PathMissing;
            place.Name = WindowsName.ToName(component) ?? throw Invalid(component);
            place.Path = Join(place.Path, component);
            return false;
        }
        place.Hold(found.Entry.Attributes.Inode);
        (place.Attributes, place.Name, place.Path) = (found.Entry.Attributes, found.Shown.Name, Join(place.Path, found.Shown.Text));
        return true;
    }

    /// <summary>The name can be no file's.</summary>
    public static Exception Invalid(string name) => Encoding.UTF8.GetByteCount(name) > FileName.LongestName
        ? new FsException(FsError.NameTooLong, "a name is longer than 255 bytes in UTF-8")
        : new StatusException(STATUS_OBJECT_NAME_INVALID, "no file can have this name");

    public static string Join(string folder, string name) => folder.Length == 1 ? folder + name : $"{folder}{Separator}{name}";

    private static int Skip(string path, int at)
    {
        while (at < path.Length && path[at] == Separator)
        {
            at++;
        }
        return at;
    }
}
