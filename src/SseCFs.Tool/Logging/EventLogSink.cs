using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.Versioning;
using System.Security;
using Microsoft.Extensions.Logging;

namespace SseCFs.Tool.Logging;

/// <summary>
/// Windows' event log, for what somebody must see: errors. Only an administrator can register a source for it; without one, the log file has the same lines. Thread-safe.
/// </summary>
[SupportedOSPlatform("windows")]
internal sealed class EventLogSink : ILineSink
{
    public const string Source = "ssecfs";

    /// <summary>Characters in an entry at most.</summary>
    private const int LongestLine = 31_000;

    private readonly EventLog _log = new("Application", ".", Source);
    private volatile bool _isRefused;

    public void Write(LogLevel level, string line)
    {
        if (level < LogLevel.Error || _isRefused)
        {
            return;
        }
        try
        {
            _log.WriteEntry(line.Length <= LongestLine ? line : line[..LongestLine], EventLogEntryType.Error);
        }
        catch (Exception exception) when (exception is SecurityException or InvalidOperationException or Win32Exception or ArgumentException)
        {
            _isRefused = true;
        }
    }

    public void Dispose() => _log.Dispose();
}
