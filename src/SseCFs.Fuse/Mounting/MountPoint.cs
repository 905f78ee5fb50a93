using System.Runtime.InteropServices;
using SseCFs.Fuse.Native;
using SseCFs.Fuse.Wire;

namespace SseCFs.Fuse.Mounting;

/// <summary>Looks at the directory before anything is mounted on it, so that a refusal says what is wrong.</summary>
public static class MountPoint
{
    /// <summary>The directory's absolute path without symbolic links.</summary>
    /// <exception cref="FuseMountException">It cannot be mounted on.</exception>
    public static unsafe string Resolve(string directory)
    {
        var resolved = Libc.realpath(directory, null);
        if (resolved == null)
        {
            throw Refusal(directory, Marshal.GetLastPInvokeError());
        }
        string path;
        try
        {
            path = Marshal.PtrToStringUTF8((nint)resolved)!;
        }
        finally
        {
            Libc.free(resolved);
        }
        if (MountTable.Find(path) is { Type: var type } && (type == "fuse" || type.StartsWith("fuse.", StringComparison.Ordinal)))
        {
            if (Libc.access(path, 0) != 0 && Marshal.GetLastPInvokeError() == Errno.ENOTCONN)
            {
                throw Refusal(path, Errno.ENOTCONN);
            }
            throw new FuseMountException(FuseMountFailure.AlreadyMounted, $"{path}: a file system of type {type} is mounted there already");
        }
        // A trailing slash makes anything but a directory ENOTDIR.
        if (Libc.access(path + "/", 0) != 0)
        {
            throw Refusal(path, Marshal.GetLastPInvokeError());
        }
        return path;
    }

    private static FuseMountException Refusal(string directory, int errno) => errno switch
    {
        Errno.ENOENT => new FuseMountException(FuseMountFailure.DirectoryMissing, $"{directory}: no such directory"),
        Errno.ENOTDIR => new FuseMountException(FuseMountFailure.NotADirectory, $"{directory}: not a directory"),
        Errno.EACCES => new FuseMountException(FuseMountFailure.NotPermitted, $"{directory}: permission denied"),
        Errno.ENOTCONN => new FuseMountException(
            FuseMountFailure.DirectoryUnusable, $"{directory}: a mount whose server is gone is still there; unmount it first"),
        _ => new FuseMountException(
            FuseMountFailure.DirectoryUnusable, $"{directory}: {Marshal.GetPInvokeErrorMessage(errno)}"),
    };
}
