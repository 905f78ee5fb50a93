namespace SseCFs.WinFsp.Tests.Support;

/// <summary>A handle that a program has.</summary>
internal sealed class NtFile(string path, object node, uint access, FileShare share)
{
    /// <summary>As the file system spelled it.</summary>
    public string Path { get; set; } = path;

    public object Node { get; } = node;

    public uint Access { get; } = access;

    public FileShare Share { get; } = share;

    /// <summary>Something was written, set or deleted: cleanup is asked for only then.</summary>
    public bool IsModified { get; set; }

    public bool IsDeleteOnClose { get; set; }
}
