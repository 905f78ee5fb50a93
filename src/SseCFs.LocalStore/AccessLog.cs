using System.Globalization;

namespace SseCFs.LocalStore;

/// <summary>
/// A line per request: time, status (0 where the connection ended without one), operation, path, bytes of body in and out, milliseconds. The path
/// stands as it was sent, without the query; headers never. Thread-safe.
/// </summary>
internal sealed class AccessLog(TextWriter writer) : IDisposable
{
    private readonly Lock _gate = new();

    public void Write(DateTimeOffset time, int status, Operation operation, string rawPath, long received, long sent, TimeSpan took)
    {
        string line = string.Create(CultureInfo.InvariantCulture,
            $"{time:yyyy-MM-dd'T'HH:mm:ss.fff'Z'} {status} {operation} {rawPath} {received} {sent} {took.TotalMilliseconds:F1}");
        lock (_gate)
        {
            writer.WriteLine(line);
            writer.Flush();
        }
    }

    public void Dispose()
    {
        lock (_gate)
            writer.Dispose();
    }
}
