namespace SseCFs.Tool.Mounting.Windows;

/// <summary>
/// What WinFsp's launcher calls the tool with, when somebody connects a network drive, as by `net use X: \\ssecfs\NAME`: mount \ssecfs\NAME X: and perhaps options. What that is
/// to be stands in the user's file NAME.mount: the bucket, and options as on the command line, one a line; lines that begin with # are comments.
/// </summary>
internal static class NetworkMount
{
    private const string Extension = ".mount";

    /// <param name="arguments">After the word "mount".</param>
    /// <param name="folder">Where the files are.</param>
    /// <returns>The same in full; what was given, if it is nothing of the launcher's.</returns>
    /// <exception cref="ToolException">There is no such file, or it cannot be read.</exception>
    public static string[] Expand(string[] arguments, string folder)
    {
        if (arguments is not [['\\', not '\\', ..] network, var place, .. var options])
        {
            return arguments;
        }
        var name = network[(network.LastIndexOf('\\') + 1)..];
        return [.. Read(name, folder), place, "--network-name", @"\" + network, .. options];
    }

    private static IEnumerable<string> Read(string name, string folder)
    {
        var path = Path.Combine(folder, name + Extension);
        if (name.Length == 0 || name.AsSpan().ContainsAny(Path.GetInvalidFileNameChars()))
        {
            throw new ToolException(ExitCode.Usage, $"'{name}' is no name of a network drive");
        }
        try
        {
            return File.ReadAllLines(path).Select(line => line.Trim()).Where(line => line.Length > 0 && line[0] != '#').SelectMany(ToArguments);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new ToolException(ExitCode.Usage, $"what {name} is to be stands in {path}, which cannot be read: {failure.Message}", failure);
        }
    }

    /// <summary>An option and its value, which may have blanks, or one word.</summary>
    private static string[] ToArguments(string line) => line[0] == '-' && line.IndexOf(' ', StringComparison.Ordinal) is > 0 and var blank
        ? [line[..blank], line[(blank + 1)..].Trim()]
        : [line];
}
