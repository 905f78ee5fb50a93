using SseCFs.WinFsp.Names;

namespace SseCFs.WinFsp.Session;

/// <summary>
/// One open of a file or folder: what WinFsp keeps for us from Create or Open to Close, as its file node and descriptor both. Of one open, WinFsp sends one
/// request after the other, but for reads and writes.
/// </summary>
internal sealed class OpenNode
{
    /// <summary>Looked up once for this open; another after a reparse point was set.</summary>
    public required ulong Inode { get; set; }

    /// <summary>As Windows shows it; changed by a rename through this open.</summary>
    public required string Path { get; set; }

    public required bool IsDirectory { get; init; }

    /// <summary>Of the opened file; null for folders, and where the content is not asked for.</summary>
    public ulong? Handle { get; set; }

    public bool CanWrite { get; init; }

    /// <summary>The folder's entries as they were when the listing began; null before the first.</summary>
    public List<FolderNames.Shown>? Listing { get; set; }

    /// <summary>Its name is gone: nothing of it is to be stored.</summary>
    public bool IsDeleted { get; set; }
}
