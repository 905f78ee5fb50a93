namespace SseCFs.Tool.Mounting.Windows;

/// <summary>Where a drive is to be: a letter, any letter (*), a folder that does not exist yet, or a network name (\\ssecfs\BUCKET), which gets any letter, too.</summary>
/// <param name="MountPoint">As WinFsp takes it; null: a letter that is free.</param>
/// <param name="NetworkName">\SERVER\SHARE, as WinFsp takes it; empty: a disk.</param>
internal sealed record DrivePlace(string? MountPoint, string NetworkName)
{
    private const string AnyLetter = "*";

    /// <exception cref="ToolException">It is none of these.</exception>
    public static DrivePlace Parse(string place)
    {
        if (place == AnyLetter)
        {
            return new DrivePlace(null, "");
        }
        if (place.StartsWith(@"\\", StringComparison.Ordinal))
        {
            try
            {
                return new DrivePlace(null, ParseNetworkName(place));
            }
            catch (FormatException wrong)
            {
                throw new ToolException(ExitCode.Directory, wrong.Message, wrong);
            }
        }
        var letter = place.TrimEnd('\\');
        if (letter.Length == 2 && letter[1] == ':' && char.IsAsciiLetter(letter[0]))
        {
            return new DrivePlace(letter.ToUpperInvariant(), "");
        }
        return Path.GetFileName(place) is { Length: > 0 }
            ? new DrivePlace(Path.GetFullPath(place), "")
            : throw new ToolException(ExitCode.Directory, $"{place}: give a drive letter such as X:, * for any, or a folder that does not exist yet");
    }

    /// <param name="name">\\SERVER\SHARE.</param>
    /// <returns>\SERVER\SHARE.</returns>
    /// <exception cref="FormatException">It is no such name.</exception>
    public static string ParseNetworkName(string name) =>
        name.StartsWith(@"\\", StringComparison.Ordinal) && name[2..].TrimEnd('\\').Split('\\') is [{ Length: > 0 } server, { Length: > 0 } share]
            ? $@"\{server}\{share}"
            : throw new FormatException($@"{name}: a network drive is named \\ssecfs\NAME");
}
