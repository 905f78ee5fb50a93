namespace SseCFs.Tool.Mounting;

/// <summary>Tells what a command waits for once that takes a second: on a terminal in one line that changes, else a line every ten seconds.</summary>
internal sealed class ProgressLine(TextWriter writer, bool isPlain, TimeProvider clock) : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan PlainEvery = TimeSpan.FromSeconds(10);
    private const string ClearLine = "\r\e[K";

    private readonly long _start = clock.GetTimestamp();
    private long? _last;
    private bool _isShown;

    /// <param name="files">Not stored yet.</param>
    /// <param name="example">One of them.</param>
    public void Show(int files, string? example) =>
        Show(files == 0 ? "waiting for the last requests" : $"waiting for {files} {(files == 1 ? "file" : "files")} to be stored: {example}");

    public void Show(string text)
    {
        var now = clock.GetTimestamp();
        if (clock.GetElapsedTime(_start, now) < Patience || isPlain && _last is { } last && clock.GetElapsedTime(last, now) < PlainEvery)
        {
            return;
        }
        _last = now;
        if (isPlain)
        {
            writer.WriteLine("ssecfs: " + text);
        }
        else
        {
            writer.Write(ClearLine + text);
            _isShown = true;
        }
    }

    public void Clear()
    {
        if (_isShown)
        {
            writer.Write(ClearLine);
            _isShown = false;
        }
    }

    public void Dispose() => Clear();
}
