using System.Diagnostics;

namespace SseCFs.EndToEnd.Harness;

/// <summary>A program that runs while tests do, its output going to a file.</summary>
public sealed class Background
{
    /// <summary>What takes longer hangs. That long, as a busy machine is many times slower than an idle one; how fast things are is for the benchmarks.</summary>
    public static readonly TimeSpan HangLimit = TimeSpan.FromMinutes(8);

    private readonly Process _process;
    private readonly string _log;

    private Background(Process process, string log)
    {
        _process = process;
        _log = log;
    }

    public int Id => _process.Id;

    public bool HasExited => _process.HasExited;

    public int ExitCode => _process.ExitCode;

    public static Background Start(string program, IEnumerable<string> arguments, IDictionary<string, string> environment, string log)
    {
        // The shell redirects and is then replaced, so that the id is the program's own.
        var start = new ProcessStartInfo("/bin/bash", ["-c", "exec \"$@\" >>\"$LOG\" 2>&1 </dev/null", "bash", program, .. arguments]);
        foreach (var (name, value) in environment) start.Environment[name] = value;
        start.Environment["LOG"] = log;
        return new Background(Process.Start(start)!, log);
    }

    /// <summary>The memory the program holds now, in bytes.</summary>
    public long ResidentBytes()
    {
        var line = File.ReadLines($"/proc/{Id}/status").First(l => l.StartsWith("VmRSS:", StringComparison.Ordinal));
        return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], null) * 1024;
    }

    /// <returns>False: it hangs.</returns>
    public async Task<bool> ExitsAsync()
    {
        using var limit = new CancellationTokenSource(HangLimit);
        try
        {
            await _process.WaitForExitAsync(limit.Token);
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    /// <summary>Ends the program as a service manager does, which lets it say goodbye; after 20 s it is killed.</summary>
    public async Task StopAsync()
    {
        using (var kill = Process.Start("/bin/bash", ["-c", $"kill -TERM {Id} 2>/dev/null"])) await kill.WaitForExitAsync();
        try
        {
            await _process.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(20));
        }
        catch (TimeoutException)
        {
            // It is killed.
        }

        await KillAsync();
    }

    public async Task KillAsync()
    {
        if (!_process.HasExited) _process.Kill();
        await _process.WaitForExitAsync();
    }

    public string LogTail()
    {
        if (!File.Exists(_log)) return "";
        var lines = File.ReadAllLines(_log);
        return string.Join('\n', lines.TakeLast(60));
    }
}
