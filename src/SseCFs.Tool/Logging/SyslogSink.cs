using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.Logging;

namespace SseCFs.Tool.Logging;

/// <summary>The system's log: one datagram per line to /dev/log, in the form of RFC 3164 that journald and rsyslog take locally.</summary>
internal sealed class SyslogSink : ILineSink
{
    public const string Path = "/dev/log";

    private const int Daemon = 3 << 3;
    private const int LongestLine = 8000;

    private readonly Lock _lock = new();
    private Socket? _socket;

    public void Write(LogLevel level, string line)
    {
        var text = string.Create(CultureInfo.InvariantCulture, $"<{Daemon | SeverityOf(level)}>ssecfs[{Environment.ProcessId}]: {line}");
        var bytes = Encoding.UTF8.GetBytes(text);
        lock (_lock)
        {
            try
            {
                _socket ??= Connect();
                _socket.Send(bytes.AsSpan(0, Math.Min(bytes.Length, LongestLine)));
            }
            catch (SocketException)
            {
                // The log's own process restarts now and then: connect again for the next line.
                _socket?.Dispose();
                _socket = null;
            }
        }
    }

    public void Dispose() => _socket?.Dispose();

    private static Socket Connect()
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        try
        {
            socket.Connect(new UnixDomainSocketEndPoint(Path));
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    // Severities of RFC 5424, table 2.
    private static int SeverityOf(LogLevel level) => level switch
    {
        LogLevel.Trace or LogLevel.Debug => 7,
        LogLevel.Information => 6,
        LogLevel.Warning => 4,
        LogLevel.Error => 3,
        _ => 2,
    };
}
