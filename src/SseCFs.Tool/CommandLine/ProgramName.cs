namespace SseCFs.Tool.CommandLine;

/// <summary>The name the tool was called by, which differs where a symbolic link such as mount.ssecfs leads to it.</summary>
internal static class ProgramName
{
    /// <param name="fallback">The runtime's idea of the command line: under `dotnet` and its launchers that names the assembly.</param>
    public static string Of(IReadOnlyList<string> fallback)
    {
        try
        {
            var line = File.ReadAllText("/proc/self/cmdline");
            return Path.GetFileName(line[..line.IndexOf('\0', StringComparison.Ordinal)]);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentOutOfRangeException)
        {
            return Path.GetFileName(fallback[0]);
        }
    }
}
