using SseCFs.Keys;
using SseCFs.Store;

namespace SseCFs.Tree;

/// <summary>
/// Merges what the store shows of the names in a directory into the tree, unless this mount knows better. All of it is called under <see cref="Namespace.Sync"/>.
/// </summary>
internal sealed class EntryMerge(Mounted mounted)
{
    private readonly Namespace _names = mounted.Names;

    /// <summary>Whether the tree knows a name better than the answer to a question that began at <paramref name="started"/>.</summary>
    public static bool IsKnownBetter(DirectoryInode directory, string name, Inode? child, long started) =>
        child is not null ? IsNewer(child, started) : directory.Removed.TryGetValue(name, out var removed) && removed > started;

    /// <summary>There are keys below a name.</summary>
    /// <param name="hasMarker">Whether an object stands for the directory itself; null if the answer does not tell.</param>
    /// <returns>The inode that the name leads to now.</returns>
    public Inode? MergeDirectory(DirectoryInode parent, string name, bool? hasMarker, ListedObject? marker, long started)
    {
        parent.Children.TryGetValue(name, out var child);
        if (child is not DirectoryInode directory)
        {
            if (IsKnownBetter(parent, name, child, started))
            {
                return child;
            }
            Drop(child);
            directory = _names.NewDirectory();
            _names.Attach(parent, name, directory);
        }
        if (hasMarker is { } has)
        {
            MergeMarker(directory, has, marker, started);
        }
        _names.Confirm(directory);
        return directory;
    }

    /// <summary>Merges whether an object stands for the directory, and the time of that object: changed metadata shows in nothing else.</summary>
    public static void MergeMarker(DirectoryInode directory, bool hasMarker, ListedObject? marker, long started)
    {
        if (directory.ChangedAt > started && directory.HasMarker is not null)
        {
            return;
        }
        directory.HasMarker = hasMarker;
        lock (directory.Sync)
        {
            if (marker is not { } listed || directory.AreAttributesNewer)
            {
                return;
            }
            if (directory.MarkerModified != default && (directory.MarkerModified - listed.LastModified).Duration() >= TimeSpan.FromSeconds(1))
            {
                directory.Attributes = directory.Attributes.Outdated();
            }
            directory.MarkerModified = listed.LastModified;
            directory.MarkerETag = listed.ETag;
        }
    }

    /// <summary>An object has the name, and there are no keys below it.</summary>
    /// <returns>The inode that the name leads to now.</returns>
    public Inode? MergeFile(DirectoryInode parent, string name, in ListedObject listed, long started)
    {
        parent.Children.TryGetValue(name, out var child);
        if (IsKnownBetter(parent, name, child, started))
        {
            return child;
        }
        var version = new StoredVersion(listed.ETag, listed.Size, listed.LastModified, Encryption.CustomerKey);
        if (child is FileInode file)
        {
            MergeVersion(file, listed, version);
            _names.Confirm(file);
            return file;
        }
        Drop(child);
        var fresh = _names.NewFile();
        fresh.Stored = version;
        _names.Attach(parent, name, fresh);
        return fresh;
    }

    /// <summary>The store has nothing under the name.</summary>
    /// <returns>The inode that the name leads to all the same.</returns>
    public Inode? MergeAbsence(DirectoryInode parent, string name, long started)
    {
        parent.Children.TryGetValue(name, out var child);
        if (child is null || IsKnownBetter(parent, name, child, started))
        {
            return child;
        }
        Drop(child);
        return null;
    }

    private void MergeVersion(FileInode file, in ListedObject listed, StoredVersion version)
    {
        lock (file.Sync)
        {
            if (file.IsDirty || file.IsUploading)
            {
                return;
            }
            if (file.Stored!.IsShownBy(listed))
            {
                file.Stored = file.Stored with { LastModified = listed.LastModified, IsOwnWrite = false };
            }
            else if (file.Handles == 0)
            {
                Versions.Replace(mounted, file, version);
            }
            else
            {
                file.IsInDoubt = true;
                mounted.Invalidation?.InvalidateEntry(file.Parent!.Number, FileName.ToName(file.Name)!);
            }
        }
    }

    private void Drop(Inode? child)
    {
        if (child is not null)
        {
            _names.Detach(child);
            mounted.Invalidation?.InvalidateEntry(child.Parent!.Number, FileName.ToName(child.Name)!);
        }
    }

    /// <summary>The inode changed here since, or something at or below it is unsaved: it exists, whatever an answer says.</summary>
    private static bool IsNewer(Inode inode, long started) => inode.ChangedAt > started || inode switch
    {
        DirectoryInode directory => directory.ChangedBelowAt > started || directory.Children.Values.Any(child => IsNewer(child, started)),
        FileInode file => file.HoldsUnsaved,
        _ => false,
    };
}
