namespace SseCFs.Journal;

/// <summary>What the disk under a journal says, in the file system's words.</summary>
internal static class JournalErrors
{
    // ENOSPC and EDQUOT of Linux as .NET passes them on, ERROR_DISK_FULL and ERROR_HANDLE_DISK_FULL of Windows.
    private static readonly int[] Full = [28, 122, unchecked((int)0x80070070), unchecked((int)0x80070027)];

    public static FsException ToFsException(Exception e, string path) => e is IOException && Full.Contains(e.HResult)
        ? new FsException(FsError.NoSpace, $"the disk of the journal is full ({path})", e)
        : new FsException(FsError.InputOutput, $"the journal cannot be written ({path}): {e.Message}", e);
}
