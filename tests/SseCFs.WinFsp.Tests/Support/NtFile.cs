using FileInfo = Fsp.Interop.FileInfo;

namespace SseCFs.WinFsp.Tests.Support;

/// <summary>A handle that a program has.</summary>
internal sealed class NtFile(string path, object node, uint access, FileShare share)
{
    /// <summary>As the file system spelled it.</summary>
    public string Path { get; set; } = path;

    public object Node { get; } = node;

    /// <summary>What was told when it was opened; on a drive with a letter, nothing.</summary>
    public FileInfo Info { get; set; }

    public uint Access { get; } = access;

    public FileShare Share { get; } = share;

    /// <summary>Something was written, set or deleted: cleanup is asked for only then.</summary>
    public bool IsModified { get; set; }

    public bool IsDeleteOnClose { get; set; }
}
