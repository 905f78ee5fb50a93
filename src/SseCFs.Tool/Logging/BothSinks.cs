using Microsoft.Extensions.Logging;

namespace SseCFs.Tool.Logging;

/// <summary>Each line into two places. Thread-safe as they are.</summary>
internal sealed class BothSinks(ILineSink first, ILineSink second) : ILineSink
{
    public void Write(LogLevel level, string line)
    {
        first.Write(level, line);
        second.Write(level, line);
    }

    public void Dispose()
    {
        first.Dispose();
        second.Dispose();
    }
}
