using System.Globalization;
using Microsoft.Win32.SafeHandles;

namespace SseCFs.Secrets;

/// <summary>Files that hold secrets.</summary>
internal static class SecretFile
{
    private const UnixFileMode Others =
        UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.OtherRead | UnixFileMode.OtherWrite;

    /// <param name="file">Opened, so that none can be put in its place in between.</param>
    /// <param name="path">For messages.</param>
    /// <exception cref="InvalidDataException">Others than its owner can read it, or replace the content; for a person.</exception>
    public static void EnsureItsOwnersAlone(SafeFileHandle file, string path)
    {
        if (!OperatingSystem.IsWindows() && File.GetUnixFileMode(file) is var mode && (mode & Others) != 0)
        {
            throw new InvalidDataException(string.Create(CultureInfo.InvariantCulture,
                $"{path} can be read or changed by other users (mode {Convert.ToString((int)mode, 8)}); make it yours alone: chmod 600 {path}"));
        }
    }
}
