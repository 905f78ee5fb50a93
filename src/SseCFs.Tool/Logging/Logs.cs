using Microsoft.Extensions.Logging;

namespace SseCFs.Tool.Logging;

/// <summary>Where a process logs when no --log-file says so.</summary>
internal enum LogPlace
{
    /// <summary>Standard error.</summary>
    Foreground,

    /// <summary>The system's log; on a machine without one a file in the user's state folder.</summary>
    Background,
}

/// <summary>Opens the log.</summary>
internal static class Logs
{
    /// <param name="file">Absolute, appended to; null for the place's default.</param>
    /// <exception cref="ToolException">The file cannot be written.</exception>
    public static LoggerFactory Open(LogPlace place, string? file, LogLevel level, TimeProvider clock)
    {
        ILineSink sink = file is null && place == LogPlace.Foreground ? new WriterSink(Console.Error, clock)
            : file is null && File.Exists(SyslogSink.Path) ? new SyslogSink()
            : OpenFile(file ?? DefaultFile(), clock);
        return new LoggerFactory([new LineLoggerProvider(sink)], Filters(level));
    }

    /// <summary>The web server behind `serve` tells of each request at this level: that is what its access log is for.</summary>
    private static LoggerFilterOptions Filters(LogLevel level)
    {
        var options = new LoggerFilterOptions { MinLevel = level };
        if (level == LogLevel.Information)
        {
            options.Rules.Add(new LoggerFilterRule(null, "Microsoft", LogLevel.Warning, null));
        }
        return options;
    }

    private static WriterSink OpenFile(string path, TimeProvider clock)
    {
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            // Names of files are in it: nobody else's business.
            var stream = new FileStream(path, new FileStreamOptions
            {
                Mode = FileMode.Append,
                Access = FileAccess.Write,
                Share = FileShare.ReadWrite | FileShare.Delete,
                UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
            });
            return new WriterSink(new StreamWriter(stream), clock);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new ToolException(ExitCode.Failed, $"the log file cannot be written: {exception.Message}", exception);
        }
    }

    // See the XDG base directory specification for the state folder.
    private static string DefaultFile() => Environment.IsPrivilegedProcess
        ? "/var/log/ssecfs.log"
        : Path.Combine(
            Environment.GetEnvironmentVariable("XDG_STATE_HOME") is { Length: > 0 } state ? state : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".local/state"),
            "ssecfs/ssecfs.log");
}
