using System.Buffers;
using System.Globalization;
using System.Text.RegularExpressions;
using SseCFs.Tool.Native;

namespace SseCFs.Tool.CommandLine;

/// <summary>
/// The options dev and suid of mount(8). libmount before 2.39 does not pass them to a helper, since they clear flags that no other option
/// has set; but a mount of this file system is nodev and nosuid without them. So they are read where mount(8) has its options from: its
/// command line and fstab(5).
/// </summary>
internal static partial class DroppedOptions
{
    private static readonly string[] Words = ["dev", "suid"];

    /// <summary>Short options of mount(8) with a value, and the long ones that matter here.</summary>
    private static readonly SearchValues<char> ShortWithValue = SearchValues.Create("TOLUotN");

    private static readonly HashSet<string> LongWithValue =
    [
        "--fstab", "--test-opts", "--label", "--uuid", "--options", "--types", "--namespace", "--source", "--target", "--target-prefix",
        "--options-mode", "--options-source",
    ];

    /// <summary>Those that the process which called this one, if it is mount(8), was given for a file system.</summary>
    /// <param name="source">As the helper was given it.</param>
    /// <param name="directory">As the helper was given it: absolute, without symbolic links.</param>
    /// <returns>"dev" and "suid", if they were given.</returns>
    public static IEnumerable<string> OfCaller(string source, string directory)
    {
        // mount(8) does for an ordinary user what fstab allows, and tells the helper; fusermount3 adds nodev and nosuid anyway.
        if (!Environment.IsPrivilegedProcess || ArgumentsOfCaller() is not { } arguments)
        {
            return [];
        }
        var fstab = Environment.GetEnvironmentVariable("LIBMOUNT_FSTAB") is { Length: > 0 } other ? other : "/etc/fstab";
        return Find(arguments, fstab, source, directory);
    }

    /// <param name="arguments">Of mount(8), after its name.</param>
    /// <param name="defaultFstab">Read where the arguments do not name another.</param>
    /// <param name="source">The file system's.</param>
    /// <param name="directory">The file system's.</param>
    public static IEnumerable<string> Find(IReadOnlyList<string> arguments, string defaultFstab, string source, string directory)
    {
        var (lists, fstabs, isFstabUsed) = Read(arguments);
        if (isFstabUsed)
        {
            List<string> named = fstabs.Count > 0 ? fstabs : [defaultFstab];
            lists.AddRange(named.SelectMany(FilesOf).SelectMany(file => OptionsIn(file, source, directory)));
        }
        var given = lists.SelectMany(Split).ToHashSet();
        return Words.Where(given.Contains);
    }

    private static string[]? ArgumentsOfCaller()
    {
        try
        {
            var caller = "/proc/" + Libc.getppid().ToString(CultureInfo.InvariantCulture);
            return Path.GetFileName(File.ResolveLinkTarget(caller + "/exe", returnFinalTarget: false)?.FullName) == "mount"
                ? File.ReadAllText(caller + "/cmdline").TrimEnd('\0').Split('\0')[1..]
                : null;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>
    /// Lists of options, files named instead of /etc/fstab, and whether the options in fstab count: not if source and directory were both given.
    /// </summary>
    private static (List<string> Lists, List<string> Fstabs, bool IsFstabUsed) Read(IReadOnlyList<string> arguments)
    {
        var (lists, fstabs, places, isCombined) = (new List<string>(), new List<string>(), 0, true);
        for (var i = 0; i < arguments.Count; i++)
        {
            var argument = arguments[i];
            if (argument.Length < 2 || argument[0] != '-')
            {
                places++;
                continue;
            }
            var (name, value) = Name(argument);
            if (value is null && (LongWithValue.Contains(name) || name.Length == 2 && ShortWithValue.Contains(name[1])))
            {
                value = arguments.ElementAtOrDefault(++i);
            }
            switch (name)
            {
                case "-o" or "--options" when value is not null:
                    lists.Add(value);
                    break;
                case "-T" or "--fstab" when value is not null:
                    fstabs.Add(value);
                    break;
                case "-L" or "--label" or "-U" or "--uuid" or "--source" or "--target":
                    places++;
                    break;
                default:
                    isCombined &= !name.StartsWith("--options-", StringComparison.Ordinal);
                    break;
            }
        }
        return (lists, fstabs, isCombined && places < 2);
    }

    /// <summary>Of a cluster of short options, as in -vo LIST, the first that takes a value, else the last.</summary>
    private static (string Name, string? Value) Name(string argument)
    {
        if (argument.StartsWith("--", StringComparison.Ordinal))
        {
            var equals = argument.IndexOf('=', StringComparison.Ordinal);
            return equals < 0 ? (argument, null) : (argument[..equals], argument[(equals + 1)..]);
        }
        var at = argument.AsSpan(1).IndexOfAny(ShortWithValue) + 1;
        return at == 0 ? ("-" + argument[^1], null) : ("-" + argument[at], at + 1 < argument.Length ? argument[(at + 1)..] : null);
    }

    /// <summary>A folder stands for the files in it that end in .fstab.</summary>
    private static IEnumerable<string> FilesOf(string path) => Directory.Exists(path) ? Directory.EnumerateFiles(path, "*.fstab") : [path];

    private static List<string> OptionsIn(string file, string source, string directory)
    {
        try
        {
            return
            [
                .. from line in File.ReadLines(file)
                   let fields = line.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries)
                   where fields is [not ['#', ..], _, "ssecfs" or "fuse.ssecfs", _, ..]
                   where Plain(fields[0]) == source && IsSame(Plain(fields[1]), directory)
                   select Plain(fields[3]),
            ];
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    private static bool IsSame(string path, string directory) =>
        path == directory || Libc.RealPath(path) is { } real && real == Libc.RealPath(directory);

    /// <summary>What stands in fstab without its escapes: a backslash and three octal digits for a blank and the like.</summary>
    private static string Plain(string field) =>
        Escape().Replace(field, escape => ((char)Convert.ToInt32(escape.Groups[1].Value, 8)).ToString());

    /// <summary>As libmount splits: at commas that are not between double quotes.</summary>
    private static IEnumerable<string> Split(string list)
    {
        var (start, isQuoted) = (0, false);
        for (var i = 0; i < list.Length; i++)
        {
            isQuoted ^= list[i] == '"';
            if (list[i] == ',' && !isQuoted)
            {
                yield return list[start..i];
                start = i + 1;
            }
        }
        yield return list[start..];
    }

    [GeneratedRegex(@"\\([0-3][0-7]{2})")]
    private static partial Regex Escape();
}
