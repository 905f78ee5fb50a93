using SseCFs.Content;

namespace SseCFs.Tree;

/// <summary>One open file. Immutable but for how it is used.</summary>
/// <param name="generation">The file's <see cref="FileInode.Generation"/> at the open.</param>
internal sealed class FileHandle(FileInode file, OpenFlags flags, int generation, long readAheadLimit)
{
    private volatile bool _isUsed;

    public FileInode File { get; } = file;

    public bool CanRead { get; } = (flags & OpenFlags.Read) != 0;

    public bool CanWrite { get; } = (flags & OpenFlags.Write) != 0;

    /// <summary>
    /// To be called when a program reads, writes or flushes by the handle: the first time proves that the kernel has dropped the pages of versions before, if it was told
    /// so. A release does not: it also follows an open whose answer was not wanted any more.
    /// </summary>
    public void NoteUse()
    {
        if (_isUsed)
        {
            return;
        }
        lock (File.Sync)
        {
            File.KernelGeneration = Math.Max(File.KernelGeneration, generation);
        }
        _isUsed = true;
    }

    public ReadAhead ReadAhead { get; } = new(readAheadLimit);
}
