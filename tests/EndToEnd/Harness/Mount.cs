using System.Diagnostics;

namespace SseCFs.EndToEnd.Harness;

/// <summary>One mount of the tool, in a process of its own: a mount that its own process uses can deadlock.</summary>
public sealed class Mount : IAsyncDisposable
{
    private readonly Target _target;
    private readonly string[] _arguments;
    private readonly Endpoint _endpoint;
    private Background? _process;

    private Mount(Target target, string source, string[] options, Endpoint endpoint)
    {
        _target = target;
        _endpoint = endpoint;
        var name = Target.RandomName();
        Root = Path.Combine(target.Home, "m-" + name);
        Scratch = Path.Combine(target.Home, "scratch-" + name);
        LogFile = Path.Combine(target.Home, "mount-" + name + ".log");
        Directory.CreateDirectory(Root);
        Directory.CreateDirectory(Scratch);
        _arguments = ["mount", source, Root, "--endpoint", endpoint.Url.ToString(), "--region", "us-east-1", "--foreground",
            .. endpoint.CertificateFile is { } file ? new[] { "--ca-file", file } : [], .. options];
    }

    /// <summary>The mount point.</summary>
    public string Root { get; }

    /// <summary>A directory on the local disk for what a scenario compares with.</summary>
    public string Scratch { get; }

    public string LogFile { get; }

    public Background Process => _process ?? throw new InvalidOperationException("not mounted");

    public bool IsServing => _process is not null;

    /// <summary>Mounts <c>s3://BUCKET[/PREFIX]</c>; options must name the key.</summary>
    public static async Task<Mount> StartAsync(Target target, string source, string[] options, Endpoint? endpoint = null)
    {
        var mount = new Mount(target, source, options, endpoint ?? target.Endpoint);
        await mount.StartAsync();
        return mount;
    }

    /// <summary>Runs a script in the mount point; MNT and SCRATCH name the two directories.</summary>
    public Task<string> RunAsync(string script)
    {
        var environment = _target.Environment(_endpoint);
        environment["MNT"] = Root;
        environment["SCRATCH"] = Scratch;
        environment["HOME"] = Scratch;
        return Shell.RunAsync(script, Root, environment);
    }

    public async Task RemountAsync()
    {
        await UnmountAsync();
        await StartAsync();
    }

    /// <summary>Unmounts as a user does; all that was written is stored when this returns.</summary>
    public async Task UnmountAsync()
    {
        var process = Process;
        await Shell.RunAsync("exec \"$TOOL\" umount \"$ROOT\"", _target.Home,
            new Dictionary<string, string> { ["TOOL"] = _target.Tool, ["ROOT"] = Root });
        if (!await process.ExitsAsync())
            throw new MountException("unmounted, but the mount's process lives on", process);
        _process = null;
        if (process.ExitCode != 0) throw new MountException($"the mount ended with exit code {process.ExitCode}", process);
        if (IsMounted()) throw new MountException("umount returned, but the directory is still mounted", process);
    }

    /// <summary>Ends the mount whatever state it is in; killing its process lets go everything that hangs in it.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_process is null) return;
        await _process.KillAsync();
        _process = null;
        if (!IsMounted()) return;
        using var unmount = System.Diagnostics.Process.Start(System.Environment.IsPrivilegedProcess
            ? new ProcessStartInfo("umount", ["-l", Root])
            : new ProcessStartInfo("fusermount3", ["-uz", Root]));
        await unmount!.WaitForExitAsync();
    }

    /// <summary>kill -9: nothing is said and nothing is stored any more. The directory is free again afterwards.</summary>
    public async Task KillAsync() => await DisposeAsync();

    /// <summary>Mounts again what was killed.</summary>
    public Task StartAgainAsync() => StartAsync();

    public string LogTail() => File.Exists(LogFile) ? string.Join('\n', File.ReadAllLines(LogFile).TakeLast(60)) : "";

    private async Task StartAsync()
    {
        _process = Background.Start(_target.Tool, _arguments, _target.Environment(_endpoint), LogFile);
        var clock = Stopwatch.StartNew();
        while (!IsMounted())
        {
            if (_process.HasExited)
            {
                var failed = _process;
                _process = null;
                throw new MountException($"the mount failed with exit code {failed.ExitCode}", failed);
            }

            if (clock.Elapsed > Background.HangLimit)
            {
                var hanging = _process;
                await DisposeAsync();
                throw new MountException($"not mounted after {Background.HangLimit}", hanging);
            }

            await Task.Delay(10);
        }
    }

    private bool IsMounted() => File.ReadLines("/proc/self/mounts").Any(line => line.Split(' ')[1] == Root);
}

/// <summary>A mount that did not start or end as it should, with the tail of its log.</summary>
public sealed class MountException(string reason, Background process) : Exception($"{reason}\n{process.LogTail()}");
