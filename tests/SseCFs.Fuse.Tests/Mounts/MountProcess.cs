using System.Diagnostics;

namespace SseCFs.Fuse.Tests.Mounts;

/// <summary>What a command said, and how it ended (137: killed, it hung).</summary>
internal sealed record CommandResult(int ExitCode, string Output);

/// <summary>
/// A file system in memory, mounted by a child process on a directory of its own: this process may then use the mount
/// without waiting for itself.
/// </summary>
internal sealed class MountProcess : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private bool _disposed;

    private MountProcess(Process process, string directory)
    {
        _process = process;
        Directory = directory;
    }

    public string Directory { get; }

    /// <summary>What the child said first: "serving", or why it could not mount.</summary>
    public string Greeting { get; private set; } = "";

    public int Id => _process.Id;

    /// <summary>A new empty directory of that user. Only such directories are ever mounted on by an ordinary user.</summary>
    public static string NewDirectory(uint owner = 0)
    {
        var directory = System.IO.Directory.CreateTempSubdirectory("ssecfs-fuse-test-").FullName;
        Assert.Equal(0, Shell($"chown {owner}:{owner} '{directory}'; chmod 755 '{directory}'").ExitCode);
        return directory;
    }

    /// <param name="uid">0, or the user (and group) that mounts.</param>
    /// <param name="directory">Left as it is; null: a new one of that user.</param>
    /// <param name="options">As the child's program takes them.</param>
    public static MountProcess Start(uint uid = 0, string? directory = null, params string[] options)
    {
        directory ??= NewDirectory(uid);
        var program = Path.Combine(AppContext.BaseDirectory, "SseCFs.Fuse.TestMount.dll");
        string[] command = ["dotnet", program, directory, $"uid={uid}", $"gid={uid}", .. options];
        if (uid != 0)
        {
            command = ["setpriv", $"--reuid={uid}", $"--regid={uid}", "--clear-groups", "--", .. command];
        }
        var start = new ProcessStartInfo(command[0], command[1..])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            UseShellExecute = false,
        };
        // Otherwise the runtime leaves its diagnostic sockets where the ordinary user cannot remove them.
        start.Environment["DOTNET_EnableDiagnostics"] = "0";
        start.Environment["HOME"] = "/tmp";
        var mount = new MountProcess(Process.Start(start)!, directory);
        var greeting = mount._process.StandardOutput.ReadLineAsync();
        Assert.True(greeting.Wait(Patience), "the child neither mounted nor gave up");
        mount.Greeting = greeting.Result ?? "";
        return mount;
    }

    /// <summary>As <see cref="Start"/>, and it must work.</summary>
    public static MountProcess Mounted(uint uid = 0, params string[] options)
    {
        var mount = Start(uid, null, options);
        Assert.Equal("serving", mount.Greeting);
        return mount;
    }

    /// <summary>Runs a script with bash, as root or as another user, killing it after a minute.</summary>
    public static CommandResult Shell(string script, string? directory = null, uint uid = 0)
    {
        string[] command = uid == 0
            ? ["timeout", "-s", "KILL", "60", "bash", "-euc", script]
            : ["timeout", "-s", "KILL", "60", "setpriv", $"--reuid={uid}", $"--regid={uid}", "--clear-groups", "--", "bash", "-euc", script];
        var start = new ProcessStartInfo(command[0], command[1..])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        if (directory is not null)
        {
            // Entered by the shell, not by this process: whoever mounts may be the only one who can.
            start.ArgumentList.Clear();
            foreach (var word in command[1..^1])
            {
                start.ArgumentList.Add(word);
            }
            start.ArgumentList.Add($"cd '{directory}'\n{script}");
        }
        start.Environment["LC_ALL"] = "C";
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return new CommandResult(process.ExitCode, output + error.Result);
    }

    /// <summary>Runs a script in the mount; it must end with 0.</summary>
    public string Run(string script, uint uid = 0)
    {
        var result = Shell(script, Directory, uid);
        Assert.True(result.ExitCode == 0, $"exit code {result.ExitCode}: {result.Output}");
        return result.Output;
    }

    /// <summary>Waits for the child to end by itself; its last line and its exit code.</summary>
    public CommandResult WaitForEnd()
    {
        var rest = _process.StandardOutput.ReadToEndAsync();
        Assert.True(_process.WaitForExit(Patience), "the child did not end");
        return new CommandResult(_process.ExitCode, rest.Result.Trim());
    }

    public void Dispose()
    {
        if (_disposed)
        {
            return;
        }
        _disposed = true;
        if (!_process.HasExited)
        {
            try
            {
                _process.StandardInput.WriteLine();
            }
            catch (IOException)
            {
                // It is ending by itself.
            }
            if (!_process.WaitForExit(Patience))
            {
                _process.Kill();
                _process.WaitForExit();
            }
        }
        _process.Dispose();
        if (Shell($"mountpoint -q '{Directory}' && umount -l '{Directory}'; rmdir '{Directory}'").ExitCode != 0)
        {
            Assert.False(System.IO.Directory.Exists(Directory), "the mount is still there");
        }
    }
}

/// <summary>Runs where root can mount; elsewhere it says why it does not.</summary>
internal sealed class MountFactAttribute : FactAttribute
{
    public MountFactAttribute(
        [System.Runtime.CompilerServices.CallerFilePath] string? sourceFilePath = null,
        [System.Runtime.CompilerServices.CallerLineNumber] int sourceLineNumber = -1)
        : base(sourceFilePath, sourceLineNumber)
    {
        if (!Environment.IsPrivilegedProcess || !File.Exists("/dev/fuse"))
        {
            Skip = "mounting takes root and /dev/fuse";
        }
    }
}
