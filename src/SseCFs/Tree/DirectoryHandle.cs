namespace SseCFs.Tree;

/// <summary>One open directory: the snapshot it reads, so that positions stay good while the directory changes.</summary>
internal sealed class DirectoryHandle(DirectoryInode directory)
{
    public DirectoryInode Directory { get; } = directory;

    /// <summary>Taken when the directory is read from its start; replaced as a whole. Null before.</summary>
    public IReadOnlyList<(byte[] Name, Inode Inode)>? Snapshot { get; set; }
}
