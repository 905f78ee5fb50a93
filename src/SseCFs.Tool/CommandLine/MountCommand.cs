using System.CommandLine;
using Microsoft.Extensions.Logging;
using SseCFs.Contract;
using SseCFs.Fuse;
using SseCFs.Tool.Background;
using SseCFs.Tool.Logging;
using SseCFs.Tool.Mounting;
using SseCFs.Tool.Mounting.Windows;

namespace SseCFs.Tool.CommandLine;

/// <summary>ssecfs mount.</summary>
internal sealed class MountCommand
{
    private readonly Argument<BucketUrl> _bucket = Parsers.Argument("s3://BUCKET[/PREFIX]", "The bucket, and the folder in it to mount", BucketUrl.Parse);
    private readonly Argument<string> _directory = new("DIR") { Description = "An existing empty directory; on Windows a drive letter (X:), * for any, a folder that does not exist yet, or \\\\ssecfs\\NAME" };
    private readonly KeyOptions _key = new();
    private readonly ServiceOptions _service = new();

    private readonly Option<bool> _foreground = Parsers.Switch("--foreground", "Stay, and log to standard error, until it is unmounted");
    private readonly Option<bool> _readOnly = Parsers.Switch("--read-only", "Refuse every change");
    private readonly Option<bool> _allowOther = Parsers.Switch("--allow-other", "Let users other than you in; needs user_allow_other in /etc/fuse.conf unless you are root");
    private readonly Option<bool> _nonEmpty = Parsers.Switch("--nonempty", "Mount on a directory that has files, which are hidden meanwhile");
    private readonly Option<bool> _allowUnreadable = Parsers.Switch("--allow-unreadable", "Mount although the key opens none of the encrypted objects that were looked at");

    private readonly Option<PlainObjects> _plain = Parsers.Option(
        "--plain", "POLICY", "What becomes of objects that are not encrypted: read, refuse (shown, not opened) or hide [default: read]", ParsePlain);

    private readonly Option<uint> _uid = Parsers.Option("--uid", "NUMBER", "Owner of objects that carry none [default: you]", ParseId);
    private readonly Option<uint> _gid = Parsers.Option("--gid", "NUMBER", "Group of objects that carry none [default: yours]", ParseId);
    private readonly Option<uint> _umask = Parsers.Option("--umask", "OCTAL", "Permissions taken from 0666 and 0777 for objects that carry none [default: 022]", Quantities.ParseUmask);
    private readonly Option<string> _networkName = Parsers.Option("--network-name", "NAME", "On Windows: a network drive of this name, \\\\ssecfs\\NAME, instead of a disk", DrivePlace.ParseNetworkName);
    private readonly Option<bool> _asService = Parsers.Switch("--service", "On Windows: as a service, started by the service control manager");
    private readonly Option<string> _sddl = Parsers.Option("--sddl", "SDDL", "On Windows: one security descriptor for all files, such as D:P(A;;FA;;;OW) [default: what each file's mode says]", text => text);
    private readonly Option<long> _memory = Parsers.Option("--memory", "SIZE", "All caches, buffers and names together, at least 64M [default: 512M]", ParseMemory);

    private readonly Option<string> _spillDirectory = Parsers.Option(
        "--spill-dir", "DIR", "Where written data goes, encrypted, that finds no room in memory [default: TMPDIR, else /tmp]", ParseDirectory);

    private readonly Option<bool> _writeBack = Parsers.Switch(
        MountOptionList.WriteBack, "close and fsync wait only for the encrypted journal on this disk, and the upload follows; --write-back=DIR is --write-back --journal DIR");

    private readonly Option<string> _journal = JournalOption();

    private readonly Option<TimeSpan> _storeOpenAfter = Parsers.Option(
        "--store-open-after",
        "TIME",
        "How long what is appended to a file that stays open, as to a log, waits to be stored; with --write-back, how long what is written waits for the journal [default: 30s]",
        Quantities.ParseDuration);

    private readonly Option<TimeSpan> _unmountTimeout = Parsers.Option(
        "--unmount-timeout", "TIME", "When it is unmounted, how long to try to store what is left; then it is kept in the journal [default: until it is stored]", Quantities.ParseDuration);

    private readonly Option<LogLevel> _logLevel = LogLevelOption();

    private readonly Option<string> _logFile = Parsers.Option(
        "--log-file", "FILE", "Where the log goes [default: the system's log; with --foreground standard error]", Path.GetFullPath);

    // mount(8)'s own; options of the tool in such a list were taken out of it before parsing.
    private readonly Option<string[]> _flags = new("-o")
    {
        Description = "The same options as in fstab: ro,allow_other,key=file:/etc/key, and mount(8)'s noexec, noatime …; nosuid and nodev hold unless suid and dev are given",
        HelpName = "LIST",
        Arity = ArgumentArity.OneOrMore,
    };

    private readonly Option<bool> _background = new(BackgroundMount.ChildSwitch) { Hidden = true };

    public Command Build()
    {
        var command = new Command("mount", "Mounts a bucket, or a folder in it, on a directory; returns when it can be used") { _bucket, _directory };
        foreach (var option in Options)
        {
            command.Add(option);
        }
        command.SetAction((result, cancellation) => RunAsync(result, cancellation));
        return command;
    }

    /// <summary>Opens the long options in every -o of the arguments.</summary>
    /// <param name="arguments">After the word "mount".</param>
    public string[] Expand(IReadOnlyList<string> arguments, bool isSloppy)
    {
        var visible = Options.Where(option => !option.Hidden && option != _flags).ToList();
        return MountOptionList.Expand(
            arguments,
            visible.Where(option => option.Arity.MaximumNumberOfValues > 0).Select(option => option.Name).ToHashSet(),
            visible.Where(option => option.Arity.MaximumNumberOfValues == 0).Select(option => option.Name).ToHashSet(),
            isSloppy);
    }

    /// <summary>--journal; mount and recover have it.</summary>
    public static Option<string> JournalOption() => Parsers.Option(
        MountOptionList.Journal,
        "DIR",
        "Where what is not stored yet outlives this process, encrypted [default: /var/lib/ssecfs/journal for root, else ~/.local/state/ssecfs/journal]",
        Path.GetFullPath);

    /// <summary>--log-level; mount and serve have it.</summary>
    public static Option<LogLevel> LogLevelOption() =>
        Parsers.Option("--log-level", "LEVEL", "trace, debug, info, warning, error or none [default: info]", ParseLevel);

    public static LogLevel LevelOf(ParseResult result, Option<LogLevel> option) =>
        result.GetResult(option) is null ? LogLevel.Information : result.GetValue(option);

    public MountSettings Read(ParseResult result) => Read(result, _service.Read(result));

    private MountSettings Read(ParseResult result, ServiceSettings service) => new()
    {
        Bucket = result.GetValue(_bucket)!,
        Directory = result.GetValue(_directory)!,
        Key = _key.Read(result, service),
        Service = service,
        IsReadOnly = result.GetValue(_readOnly),
        AllowOther = result.GetValue(_allowOther),
        NonEmpty = result.GetValue(_nonEmpty),
        AllowUnreadable = result.GetValue(_allowUnreadable),
        Plain = result.GetValue(_plain),
        Uid = result.GetResult(_uid) is null ? null : result.GetValue(_uid),
        Gid = result.GetResult(_gid) is null ? null : result.GetValue(_gid),
        Umask = result.GetResult(_umask) is null ? null : result.GetValue(_umask),
        Memory = result.GetResult(_memory) is null ? null : result.GetValue(_memory),
        NetworkName = result.GetValue(_networkName),
        Sddl = result.GetValue(_sddl),
        SpillDirectory = result.GetValue(_spillDirectory),
        IsWriteBack = result.GetValue(_writeBack),
        JournalDirectory = result.GetValue(_journal),
        StoreOpenAfter = result.GetResult(_storeOpenAfter) is null ? null : result.GetValue(_storeOpenAfter),
        UnmountTimeout = result.GetResult(_unmountTimeout) is null ? null : result.GetValue(_unmountTimeout),
        LogLevel = LevelOf(result, _logLevel),
        LogFile = result.GetValue(_logFile),
        Flags = MountOptionList.ToFlags(result.GetValue(_flags) ?? []) | (result.GetValue(_readOnly) ? FuseMountFlags.ReadOnly : 0),
    };

    private IEnumerable<Option> Options =>
    [
        .. _key.All, .. _service.All, _foreground, _readOnly, _allowOther, _plain, _uid, _gid, _umask, _networkName, _sddl, _asService, _memory, _spillDirectory,
        _writeBack, _journal, _storeOpenAfter, _unmountTimeout,
        _logLevel, _logFile, _allowUnreadable, _nonEmpty, _flags, _background,
    ];

    private async Task<int> RunAsync(ParseResult result, CancellationToken cancellation)
    {
        var settings = Read(result);
        if (result.GetValue(_background))
        {
            return (int)await BackgroundMount.ServeAsync(settings, cancellation).ConfigureAwait(false);
        }
        if (result.GetValue(_asService))
        {
            if (!OperatingSystem.IsWindows())
            {
                throw new ToolException(ExitCode.Usage, "--service is for Windows; here, systemd runs ssecfs mount --foreground");
            }
            MountService.RunToEnd(new MountProcess(settings, LogPlace.Background));
            return (int)ExitCode.Done;
        }
        if (result.GetValue(_foreground))
        {
            return (int)await new MountProcess(settings, LogPlace.Foreground).RunAsync(Tell, cancellation).ConfigureAwait(false);
        }
        return (int)await BackgroundMount.StartAsync(result.Tokens.Select(token => token.Value), cancellation).ConfigureAwait(false);
    }

    private static void Tell(string? message)
    {
        if (message is not null)
        {
            Console.WriteLine(message);
        }
    }

    private static uint ParseId(string text) => uint.TryParse(text, out var id)
        ? id
        : throw new FormatException($"'{text}' is no user or group number");

    private static PlainObjects ParsePlain(string text) => text switch
    {
        "read" => PlainObjects.Read,
        "refuse" => PlainObjects.Refuse,
        "hide" => PlainObjects.Hide,
        _ => throw new FormatException($"'{text}' is not read, refuse or hide"),
    };

    private static long ParseMemory(string text) => Quantities.ParseSize(text) is >= SseFileSystemOptions.SmallestMemory and var bytes
        ? bytes
        : throw new FormatException($"{text} is too little: at least 64M");

    private static string ParseDirectory(string path) =>
        Directory.Exists(path) ? Path.GetFullPath(path) : throw new FormatException($"no such directory: {path}");

    private static LogLevel ParseLevel(string text) => text switch
    {
        "trace" => LogLevel.Trace,
        "debug" => LogLevel.Debug,
        "info" => LogLevel.Information,
        "warning" => LogLevel.Warning,
        "error" => LogLevel.Error,
        "none" => LogLevel.None,
        _ => throw new FormatException($"'{text}' is not trace, debug, info, warning, error or none"),
    };
}
