namespace SseCFs.Tool.Native;

/// <summary>Where a user's programs keep what is not the user's documents: the XDG base directories, root's folders of the system, or Windows' local application data.</summary>
internal static class Folders
{
    /// <summary>What is kept between runs; null if this user has no such place.</summary>
    /// <param name="ofRoot">Root's, where XDG_STATE_HOME does not say otherwise.</param>
    public static string? State(string ofRoot)
    {
        if (OperatingSystem.IsWindows())
        {
            return Windows();
        }
        if (Environment.GetEnvironmentVariable("XDG_STATE_HOME") is { Length: > 0 } state && Path.IsPathRooted(state))
        {
            return Path.Combine(state, "ssecfs");
        }
        if (Environment.IsPrivilegedProcess)
        {
            return ofRoot;
        }
        return Environment.GetEnvironmentVariable("HOME") is { Length: > 0 } home && Path.IsPathRooted(home) ? Path.Combine(home, ".local", "state", "ssecfs") : null;
    }

    /// <summary>%APPDATA%\ssecfs: what a user has written for the tool.</summary>
    public static string WindowsSettings() =>
        Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.ApplicationData, Environment.SpecialFolderOption.DoNotVerify), "ssecfs");

    /// <summary>%LOCALAPPDATA%\ssecfs, which only its user and administrators can enter.</summary>
    public static string Windows() =>
        Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.DoNotVerify), "ssecfs");
}
