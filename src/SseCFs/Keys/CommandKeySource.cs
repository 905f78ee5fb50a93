using System.Diagnostics;
using System.Globalization;

namespace SseCFs.Keys;

/// <summary>
/// The standard output of a shell command (sh -c), such as a password manager's. Its standard error is shown if it fails, its output never.
/// It shares this process' standard input and terminal, and has 30 seconds unless told otherwise.
/// </summary>
internal sealed class CommandKeySource(string line, TimeSpan? limit = null) : KeySource
{
    private const int LongestMessage = 500;

    private readonly string _directory = Directory.GetCurrentDirectory();
    private readonly TimeSpan _limit = limit ?? TimeSpan.FromSeconds(30);

    public override string ToString() => "command:" + line;

    public override async Task<CustomerKey> LoadAsync(CancellationToken cancellation)
    {
        var start = OperatingSystem.IsWindows() ? new ProcessStartInfo("cmd.exe", ["/c", line]) : new ProcessStartInfo("/bin/sh", ["-c", line]);
        start.RedirectStandardOutput = true;
        start.RedirectStandardError = true;
        // That in which it was given; whoever loads the key again may have gone to another.
        start.WorkingDirectory = Directory.Exists(_directory) ? _directory : "";
        using var process = Process.Start(start)!;
        using var time = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        time.CancelAfter(_limit);
        try
        {
            var message = process.StandardError.ReadToEndAsync(time.Token);
            return await ReadAsync(process.StandardOutput.BaseStream, CheckEndAsync, time.Token).ConfigureAwait(false);

            async Task CheckEndAsync()
            {
                var said = OneLine(await message.ConfigureAwait(false));
                await process.WaitForExitAsync(time.Token).ConfigureAwait(false);
                if (process.ExitCode != 0)
                {
                    throw new KeySourceException(string.Create(CultureInfo.InvariantCulture,
                        $"the key command '{line}' failed with exit code {process.ExitCode}{(said.Length > 0 ? ": " + said : "")}"));
                }
            }
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new KeySourceException(string.Create(CultureInfo.InvariantCulture,
                $"the key command '{line}' gave no key within {_limit.TotalSeconds:0.#} seconds"));
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
            }
        }
    }

    private static string OneLine(string text)
    {
        var line = text.Trim().ReplaceLineEndings(" ");
        return line.Length <= LongestMessage ? line : line[..LongestMessage] + "…";
    }
}
