using System.Diagnostics;
using System.Text;

namespace SseCFs.EndToEnd.Harness;

/// <summary>Runs bash scripts as a person at a terminal would, with the few words of Programs/prelude.sh.</summary>
public static class Shell
{
    public static string Programs { get; } = Path.Combine(AppContext.BaseDirectory, "Programs");

    /// <summary>Runs a script and returns what it printed; anything but success, and a script that hangs, is an exception.</summary>
    public static async Task<string> RunAsync(string script, string directory, IDictionary<string, string> environment)
    {
        // setsid: the script and all it started form one group, which a script that hangs is ended with.
        var start = new ProcessStartInfo("setsid", ["--wait", "bash", "-c", ". \"$PROGRAMS/prelude.sh\"\n" + script])
        {
            WorkingDirectory = directory,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in environment) start.Environment[name] = value;
        start.Environment["PROGRAMS"] = Programs;
        start.Environment["LC_ALL"] = "C.UTF-8";
        start.Environment["TERM"] = "xterm";

        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        var output = new StringBuilder();
        void Take(string? line)
        {
            if (line is null) return;
            lock (output) output.AppendLine(line);
        }

        process.OutputDataReceived += (_, e) => Take(e.Data);
        process.ErrorDataReceived += (_, e) => Take(e.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        using var limit = new CancellationTokenSource(Background.HangLimit);
        try
        {
            await process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            await EndGroupAsync(process);
            lock (output) throw new ScriptException($"not done after {Background.HangLimit}", script, output.ToString());
        }

        lock (output)
        {
            return process.ExitCode == 0
                ? output.ToString()
                : throw new ScriptException($"exit code {process.ExitCode}", script, output.ToString());
        }
    }

    private static async Task EndGroupAsync(Process process)
    {
        // setsid --wait forks when it leads a group already; its child then leads the new one.
        using var kill = Process.Start("bash", ["-c", $"for p in {process.Id} $(pgrep -P {process.Id}); do kill -9 -- -$p $p; done 2>/dev/null; true"]);
        await kill.WaitForExitAsync();
    }
}

/// <summary>A script that did not do what it should: the reason, the script and everything it printed.</summary>
public sealed class ScriptException(string reason, string script, string output)
    : Exception($"{reason}\n--- script\n{script.Trim()}\n--- printed\n{output.TrimEnd()}\n---");
