namespace SseCFs.Tool.CommandLine;

/// <summary>
/// What mount(8) and umount(8) call their helpers with: mount.ssecfs SPEC DIR [-sfnv] [-N NAMESPACE] [-o LIST] [-t TYPE] and
/// umount.fuse.ssecfs DIR [-flnrv] [-N NAMESPACE] [-t TYPE] ("EXTERNAL HELPERS" in both manuals).
/// </summary>
/// <param name="Arguments">The same for this tool's own commands.</param>
/// <param name="IsSloppy">Unknown options are to be passed over.</param>
/// <param name="IsFake">Everything but the mount itself.</param>
internal sealed record HelperArguments(string[] Arguments, bool IsSloppy, bool IsFake)
{
    /// <summary>mount(8)'s codes: 1 for a wrong invocation, 32 for a mount that failed, 8 for an interrupt.</summary>
    public static int ToMountExitCode(int code) => (ExitCode)code switch
    {
        ExitCode.Done => 0,
        ExitCode.Usage => 1,
        ExitCode.Interrupted => 8,
        _ => 32,
    };

    /// <param name="program">The name the tool was called by, without folders.</param>
    /// <param name="arguments">After that name.</param>
    /// <returns>Null if the name is the tool's own.</returns>
    /// <exception cref="ToolException">Arguments that no mount(8) gives.</exception>
    public static HelperArguments? Parse(string program, IReadOnlyList<string> arguments) => program switch
    {
        "mount.ssecfs" or "mount.fuse.ssecfs" => Parse("mount", 2, arguments),
        "umount.ssecfs" or "umount.fuse.ssecfs" => Parse("umount", 1, arguments),
        _ => null,
    };

    /// <summary>With the options that mount(8) was given and did not hand on. What it did hand on goes before: "nodev" there means that it came last.</summary>
    /// <param name="find">Given source and directory; see <see cref="DroppedOptions"/>.</param>
    public HelperArguments WithDropped(Func<string, string, IEnumerable<string>> find)
    {
        if (Arguments is not ["mount", var source, var directory, .. var lists])
        {
            return this;
        }
        var handedOn = lists.SelectMany(list => list.Split(',')).ToHashSet();
        return this with
        {
            Arguments = [.. Arguments, .. find(source, directory).Where(word => !handedOn.Contains("no" + word)).SelectMany(word => (string[])["-o", word])],
        };
    }

    private static HelperArguments Parse(string command, int places, IReadOnlyList<string> arguments)
    {
        var found = new List<string>();
        var options = new List<string>();
        bool sloppy = false, fake = false;
        for (var i = 0; i < arguments.Count; i++)
        {
            var argument = arguments[i];
            if (argument is "-o" or "-t" or "-N")
            {
                if (++i == arguments.Count)
                {
                    throw new ToolException(ExitCode.Usage, $"{argument} needs a value");
                }
                if (argument == "-N")
                {
                    throw new ToolException(ExitCode.Usage, "mounting into another namespace (-N) is not offered: run the command in it, with nsenter");
                }
                if (argument == "-o")
                {
                    options.AddRange("-o", arguments[i]);
                }
            }
            else if (argument.Length > 1 && argument[0] == '-')
            {
                foreach (var letter in argument.AsSpan(1))
                {
                    switch (command, letter)
                    {
                        case ("mount", 's'):
                            sloppy = true;
                            break;
                        case ("mount", 'f'):
                            fake = true;
                            break;
                        case ("umount", 'l'):
                            options.Add("--lazy");
                            break;
                        case (_, 'n' or 'v' or 'w' or 'r' or 'f'):
                            break;
                        default:
                            throw new ToolException(ExitCode.Usage, $"unknown option -{letter}");
                    }
                }
            }
            else
            {
                found.Add(argument);
            }
        }
        if (found.Count != places)
        {
            throw new ToolException(ExitCode.Usage, command == "mount" ? "what to mount and where: mount -t ssecfs s3://BUCKET DIR" : "what to unmount: umount DIR");
        }
        return new HelperArguments([command, .. found, .. options], sloppy, fake);
    }
}
