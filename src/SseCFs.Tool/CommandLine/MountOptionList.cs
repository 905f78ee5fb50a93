using SseCFs.Fuse;

namespace SseCFs.Tool.CommandLine;

/// <summary>
/// The list after -o, as in fstab: "a,b=c". A backslash before a comma or a backslash takes it as it is, as for libfuse. Options of
/// the tool are named as they are without the dashes ('_' may stand for '-'), and become those; what is left are mount(8)'s own.
/// </summary>
internal static class MountOptionList
{
    /// <summary>A switch, whose value, if it has one, is that of <see cref="Journal"/>.</summary>
    public const string WriteBack = "--write-back";

    public const string Journal = "--journal";

    // Options that say when and by whom, which is mount(8)'s and systemd's business (fstab(5), systemd.mount(5)).
    private static readonly HashSet<string> Ignored =
    [
        "defaults", "auto", "noauto", "user", "nouser", "users", "owner", "group", "_netdev", "nofail", "rw", "async",
        "helper", "uhelper", "comment", "loud", "silent", "nolazytime", "noiversion",
    ];

    private static readonly Dictionary<string, (FuseMountFlags Set, FuseMountFlags Clear)> Flags = new()
    {
        ["nosuid"] = (FuseMountFlags.NoSetUserId, 0),
        ["suid"] = (0, FuseMountFlags.NoSetUserId),
        ["nodev"] = (FuseMountFlags.NoDevices, 0),
        ["dev"] = (0, FuseMountFlags.NoDevices),
        ["noexec"] = (FuseMountFlags.NoExecute, 0),
        ["exec"] = (0, FuseMountFlags.NoExecute),
        ["sync"] = (FuseMountFlags.Synchronous, 0),
        ["dirsync"] = (FuseMountFlags.SynchronousDirectories, 0),
        ["noatime"] = (FuseMountFlags.NoAccessTime, 0),
        ["atime"] = (0, FuseMountFlags.NoAccessTime),
        ["nodiratime"] = (FuseMountFlags.NoDirectoryAccessTime, 0),
        ["diratime"] = (0, FuseMountFlags.NoDirectoryAccessTime),
        ["relatime"] = (FuseMountFlags.RelativeAccessTime, 0),
        ["norelatime"] = (0, FuseMountFlags.RelativeAccessTime),
        ["strictatime"] = (FuseMountFlags.StrictAccessTime, 0),
        ["nostrictatime"] = (0, FuseMountFlags.StrictAccessTime),
    };

    /// <summary>Replaces each "-o LIST" by the long options in it; mount flags stay behind as a "-o" of one flag each.</summary>
    /// <param name="arguments">Of the mount command.</param>
    /// <param name="valued">Long options that take a value, with their dashes.</param>
    /// <param name="switches">Those that take none.</param>
    /// <param name="sloppy">Unknown options are passed over instead of refused, as mount -s wants.</param>
    /// <exception cref="ToolException">An option nobody knows, or with a value too many or too few.</exception>
    public static string[] Expand(IReadOnlyList<string> arguments, IReadOnlySet<string> valued, IReadOnlySet<string> switches, bool sloppy = false)
    {
        var result = new List<string>();
        for (var i = 0; i < arguments.Count; i++)
        {
            var argument = arguments[i];
            if (argument == "--")
            {
                result.AddRange(arguments.Skip(i));
                break;
            }
            if (argument == "-o" && i + 1 < arguments.Count)
            {
                result.AddRange(Split(arguments[++i]).SelectMany(option => Translate(option, valued, switches, sloppy)));
            }
            else if (argument.StartsWith("-o", StringComparison.Ordinal) && argument.Length > 2)
            {
                result.AddRange(Split(argument[2..]).SelectMany(option => Translate(option, valued, switches, sloppy)));
            }
            else if (argument.StartsWith(WriteBack + "=", StringComparison.Ordinal))
            {
                result.AddRange([WriteBack, Journal, argument[(WriteBack.Length + 1)..]]);
            }
            else
            {
                result.Add(argument);
                // The value of an option is never an option itself, whatever it looks like.
                if (valued.Contains(argument) && i + 1 < arguments.Count)
                {
                    result.Add(arguments[++i]);
                }
            }
        }
        return [.. result];
    }

    /// <summary>The kernel's flags, later ones winning; without any, nosuid and nodev hold.</summary>
    /// <param name="flags">Words that <see cref="Expand"/> left.</param>
    public static FuseMountFlags ToFlags(IEnumerable<string> flags) => flags.Aggregate(
        FuseMountFlags.NoSetUserId | FuseMountFlags.NoDevices,
        (all, word) => Flags.TryGetValue(word, out var change)
            ? all & ~change.Clear | change.Set
            : throw new ToolException(ExitCode.Usage, $"unknown mount option '{word}'"));

    private static IEnumerable<string> Translate(string option, IReadOnlySet<string> valued, IReadOnlySet<string> switches, bool sloppy)
    {
        var equals = option.IndexOf('=', StringComparison.Ordinal);
        var name = equals < 0 ? option : option[..equals];
        var value = equals < 0 ? null : option[(equals + 1)..];
        var dashed = "--" + name.Replace('_', '-');
        if (name is "" || Ignored.Contains(name) || name.StartsWith("x-", StringComparison.OrdinalIgnoreCase))
        {
            return [];
        }
        if (name == "ro")
        {
            return ["--read-only"];
        }
        if (Flags.ContainsKey(name) && value is null)
        {
            return ["-o", name];
        }
        if (valued.Contains(dashed))
        {
            return value is null
                ? throw new ToolException(ExitCode.Usage, $"the mount option '{name}' needs a value: {name}=…")
                : [dashed, value];
        }
        if (dashed == WriteBack && value is not null)
        {
            return [WriteBack, Journal, value];
        }
        if (switches.Contains(dashed))
        {
            return value is null ? [dashed] : throw new ToolException(ExitCode.Usage, $"the mount option '{name}' takes no value");
        }
        return sloppy ? [] : throw new ToolException(ExitCode.Usage, $"unknown mount option '{name}'; ssecfs mount --help names them");
    }

    private static IEnumerable<string> Split(string list)
    {
        var current = new System.Text.StringBuilder();
        for (var i = 0; i < list.Length; i++)
        {
            if (list[i] == '\\' && i + 1 < list.Length && list[i + 1] is ',' or '\\')
            {
                current.Append(list[++i]);
            }
            else if (list[i] == ',')
            {
                yield return current.ToString();
                current.Clear();
            }
            else
            {
                current.Append(list[i]);
            }
        }
        yield return current.ToString();
    }
}
