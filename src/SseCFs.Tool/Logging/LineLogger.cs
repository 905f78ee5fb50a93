using System.Globalization;
using Microsoft.Extensions.Logging;

namespace SseCFs.Tool.Logging;

/// <summary>One line per event into a sink: standard error, a file or the system's log. Thread-safe as the sink is.</summary>
internal sealed class LineLoggerProvider(ILineSink sink) : ILoggerProvider
{
    public ILogger CreateLogger(string categoryName) => new LineLogger(sink);

    public void Dispose() => sink.Dispose();

    private sealed class LineLogger(ILineSink sink) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel != LogLevel.None;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            var text = formatter(state, exception);
            if (exception is not null)
            {
                text += $": {exception}";
            }
            // Names of objects are other people's: no line of theirs may pass for one of ours.
            sink.Write(logLevel, string.Create(CultureInfo.InvariantCulture, $"[{eventId.Id}] {text.ReplaceLineEndings(" | ")}"));
        }
    }
}

/// <summary>Takes log lines.</summary>
internal interface ILineSink : IDisposable
{
    void Write(LogLevel level, string line);
}

/// <summary>Lines with time and level into a stream of text. Those that its disk has no room for are lost: what is logged fails for no such reason.</summary>
internal sealed class WriterSink(TextWriter writer, TimeProvider clock) : ILineSink
{
    private readonly Lock _lock = new();

    public void Write(LogLevel level, string line)
    {
        lock (_lock)
        {
            try
            {
                writer.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{clock.GetUtcNow():yyyy-MM-ddTHH:mm:ss.fffZ} {NameOf(level)} {line}"));
                writer.Flush();
            }
            catch (IOException)
            {
                // The next line may find room again.
            }
        }
    }

    public void Dispose()
    {
        try
        {
            writer.Dispose();
        }
        catch (IOException)
        {
            // As above, and there is no next line.
        }
    }

    private static string NameOf(LogLevel level) => level switch
    {
        LogLevel.Trace => "trace",
        LogLevel.Debug => "debug",
        LogLevel.Information => "info",
        LogLevel.Warning => "warning",
        LogLevel.Error => "error",
        _ => "critical",
    };
}
