using SseCFs.Cache;

namespace SseCFs.Tree;

/// <summary>One open file. Immutable but for how it reads.</summary>
internal sealed class FileHandle(FileInode file, OpenFlags flags, long readAheadLimit)
{
    public FileInode File { get; } = file;

    public bool CanRead { get; } = (flags & OpenFlags.Read) != 0;

    public bool CanWrite { get; } = (flags & OpenFlags.Write) != 0;

    public ReadAhead ReadAhead { get; } = new(readAheadLimit);
}
