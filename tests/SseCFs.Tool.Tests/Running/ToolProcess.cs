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
    public static Task<ToolResult> RunAsync(IReadOnlyDictionary<string, string> environment, params string[] arguments) =>
        RunAsync(environment, Command, arguments);

    /// <summary>The command by another name, as mount(8) calls its helper.</summary>
    public static async Task<ToolResult> RunAsHelperAsync(IReadOnlyDictionary<string, string> environment, string name, params string[] arguments)
    {
        var folder = Directory.CreateTempSubdirectory("tool-tests-").FullName;
        try
        {
            var helper = Path.Combine(folder, name);
            File.CreateSymbolicLink(helper, Command);
            return await RunAsync(environment, helper, arguments);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task<ToolResult> RunAsync(IReadOnlyDictionary<string, string> environment, string command, string[] arguments)
    {
        var start = new ProcessStartInfo(command, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
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
