using System.Runtime.InteropServices;

namespace SseCFs.LocalStore.Storage;

/// <summary>fsync of a folder, which makes a rename in it last (open(2), fsync(2)). .NET opens no folders, hence libc.</summary>
internal static partial class FolderSync
{
    private const int ReadOnlyCloseOnExec = 0x80000; // O_RDONLY | O_CLOEXEC, the same on x64 and arm64

    /// <summary>Does nothing on Windows, where NTFS journals its own metadata.</summary>
    public static void Sync(string folder)
    {
        if (OperatingSystem.IsWindows())
            return;
        int descriptor = Open(folder, ReadOnlyCloseOnExec);
        if (descriptor < 0)
            throw new IOException($"cannot open {folder}: {Marshal.GetLastPInvokeErrorMessage()}");
        int result = Fsync(descriptor);
        string message = result == 0 ? "" : Marshal.GetLastPInvokeErrorMessage();
        _ = Close(descriptor);
        if (result != 0)
            throw new IOException($"cannot sync {folder}: {message}");
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int Fsync(int descriptor);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int descriptor);
}
