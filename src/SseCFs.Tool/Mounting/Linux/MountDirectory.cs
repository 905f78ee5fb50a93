using SseCFs.Fuse;
using SseCFs.Fuse.Mounting;

namespace SseCFs.Tool.Mounting.Linux;

/// <summary>Looks at the directory before the service is asked anything, so that a wrong one is told at once.</summary>
internal static class MountDirectory
{
    /// <summary>The directory's absolute path without symbolic links.</summary>
    /// <exception cref="FuseMountException">It cannot be mounted on.</exception>
    /// <exception cref="ToolException">It has files.</exception>
    public static string Check(string directory, bool nonEmpty)
    {
        var path = MountPoint.Resolve(directory);
        if (!nonEmpty && HasFiles(path))
        {
            throw new ToolException(ExitCode.Directory, $"{path}: not empty, and its files would be hidden; take another directory, or give --nonempty");
        }
        return path;
    }

    private static bool HasFiles(string path)
    {
        try
        {
            return Directory.EnumerateFileSystemEntries(path).Any();
        }
        catch (UnauthorizedAccessException)
        {
            // Whoever may not list it may still be allowed to mount on it; mounting tells.
            return false;
        }
    }
}
