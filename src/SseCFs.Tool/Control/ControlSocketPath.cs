using System.Security.Cryptography;
using System.Text;
using SseCFs.Tool.Native;

namespace SseCFs.Tool.Control;

/// <summary>Where the process that serves a mount listens: a socket named after the mount point, in a folder only its user can enter.</summary>
internal static class ControlSocketPath
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    /// <summary>Where to listen; the folder is made.</summary>
    /// <param name="directory">The mount point, resolved.</param>
    /// <exception cref="IOException">No folder can be made, or it is another user's.</exception>
    public static string Prepare(string directory)
    {
        if (OperatingSystem.IsWindows())
        {
            return Path.Combine(Directory.CreateDirectory(FolderOf(0)).FullName, NameOf(directory));
        }
        var folder = FolderOf(Libc.getuid());
        var made = Directory.CreateDirectory(folder, OwnerOnly);
        // /tmp is everybody's: whoever made the folder first could listen in our place.
        if (made.LinkTarget is not null || made.UnixFileMode != OwnerOnly)
        {
            throw new IOException($"{folder} is not a folder that only this user can enter");
        }
        return Path.Combine(folder, NameOf(directory));
    }

    /// <param name="directory">The mount point, resolved.</param>
    /// <param name="owner">The user who mounted it; Windows has a folder for each of its own.</param>
    public static string Of(string directory, uint owner) => Path.Combine(FolderOf(owner), NameOf(directory));

    // Told by the user alone, as the caller of umount may have another environment than the one of mount had.
    private static string FolderOf(uint user) => OperatingSystem.IsWindows() ? Path.Combine(Folders.Windows(), "run") : user == 0
        ? "/run/ssecfs"
        : Directory.Exists($"/run/user/{user}") ? $"/run/user/{user}/ssecfs" : $"/tmp/ssecfs-{user}";

    // A socket's path is limited to 107 bytes, see unix(7).
    private static string NameOf(string directory) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(directory)).AsSpan(0, 16)) + ".sock";
}
