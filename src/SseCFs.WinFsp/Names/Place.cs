namespace SseCFs.WinFsp.Names;

/// <summary>How far a path led.</summary>
internal enum PlaceState
{
    /// <summary>To an entry.</summary>
    Found,

    /// <summary>To a folder that has no such name.</summary>
    NameMissing,

    /// <summary>Not even there.</summary>
    PathMissing,

    /// <summary>To a symbolic link before its end.</summary>
    Link,
}

/// <summary>Where a path leads. Holds the inodes on the way until it is disposed.</summary>
internal sealed class Place(IFileSystem files) : IDisposable
{
    private readonly List<ulong> _held = [];

    public PlaceState State { get; set; } = PlaceState.Found;

    /// <summary>The folder that the last name is in; the root's own is the root.</summary>
    public ulong Parent { get; set; } = IFileSystem.RootInode;

    /// <summary>The last name, as it is or as it would be made; null if it can be none. Empty for the root.</summary>
    public byte[]? Name { get; set; } = [];

    /// <summary>The path to the entry, or to the one to be made, in the spelling that Windows shows.</summary>
    public string Path { get; set; } = "\\";

    /// <summary>Where <see cref="State"/> is Found.</summary>
    public Attributes Attributes { get; set; }

    /// <summary>Where in the path the link's name begins, counted in characters.</summary>
    public int LinkAt { get; set; }

    public bool IsLink => (Attributes.Mode & FileType.Mask) == FileType.SymbolicLink;

    /// <summary>The inode was looked up for this place.</summary>
    public void Hold(ulong inode) => _held.Add(inode);

    /// <summary>The entry's lookup is the caller's now.</summary>
    public void Release(ulong inode) => _held.Remove(inode);

    public void Dispose()
    {
        _held.ForEach(inode => files.Forget(inode, 1));
        _held.Clear();
    }
}
