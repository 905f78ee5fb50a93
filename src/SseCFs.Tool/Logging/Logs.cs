using Microsoft.Extensions.Logging;
using SseCFs.Tool.Native;

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
            : OperatingSystem.IsWindows() ? new BothSinks(OpenFile(file ?? DefaultFile(), clock), new EventLogSink())
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
            return new WriterSink(AppendedFile.OpenText(path), clock);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new ToolException(ExitCode.Failed, $"the log file cannot be written: {exception.Message}", exception);
        }
    }

    private static string DefaultFile() => Environment.IsPrivilegedProcess && !OperatingSystem.IsWindows()
        ? "/var/log/ssecfs.log"
        : Path.Combine(Folders.State(ofRoot: "/var/log") ?? Path.GetTempPath(), "ssecfs.log");
}
