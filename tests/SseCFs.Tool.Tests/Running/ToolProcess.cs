using System.Diagnostics;
using System.Runtime.Versioning;

[assembly: SupportedOSPlatform("linux")]

namespace SseCFs.Tool.Tests.Running;

/// <summary>How one run of the command ended.</summary>
internal sealed record ToolResult(int ExitCode, string Output, string Error, TimeSpan Time);

/// <summary>The built command in a process of its own.</summary>
internal static class ToolProcess
{
    private static readonly string Command = Path.Combine(AppContext.BaseDirectory, "ssecfs");

    // So long that a slow machine does not fail; what hangs does.
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    /// <param name="environment">Instead of all AWS variables that the tests were started with.</param>
    public static async Task<ToolResult> RunAsync(IReadOnlyDictionary<string, string> environment, params string[] arguments)
    {
        var start = new ProcessStartInfo(Command, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var name in start.Environment.Keys.Where(name => name.StartsWith("AWS_", StringComparison.Ordinal)).ToList())
        {
            start.Environment.Remove(name);
        }
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }
        var clock = Stopwatch.StartNew();
        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        using var limit = new CancellationTokenSource(Limit);
        try
        {
            // To the end of both: a background process that held on to them would show here.
            var output = process.StandardOutput.ReadToEndAsync(limit.Token);
            var error = process.StandardError.ReadToEndAsync(limit.Token);
            await process.WaitForExitAsync(limit.Token);
            return new ToolResult(process.ExitCode, await output, await error, clock.Elapsed);
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
            }
        }
    }
}
