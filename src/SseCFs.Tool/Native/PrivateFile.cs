namespace SseCFs.Tool.Native;

/// <summary>Files that are nobody else's business: on Windows what their folder says, elsewhere for their owner only from the moment they are made.</summary>
internal static class PrivateFile
{
    /// <param name="share">Who may open it meanwhile.</param>
    public static FileStreamOptions ToWrite(FileMode mode, FileShare share = FileShare.Read)
    {
        var options = new FileStreamOptions { Mode = mode, Access = FileAccess.Write, Share = share };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }
        return options;
    }
}
