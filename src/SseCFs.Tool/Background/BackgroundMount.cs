using System.Diagnostics;
using System.Globalization;
using System.Text;
using Microsoft.Win32.SafeHandles;
using SseCFs.Tool.Logging;
using SseCFs.Tool.Mounting;

namespace SseCFs.Tool.Background;

/// <summary>
/// The tool started again, to serve the mount after the command has returned. Its standard output is a pipe that tells how it went:
/// one line with the exit code in decimal, a space, and the message. Until then it shares the caller's standard input and error, so that it can
/// read the key from one and a key command can ask through the other; the key itself never passes through the parent or the arguments.
/// </summary>
internal static class BackgroundMount
{
    /// <summary>Hidden option which says that this process is the one in the background.</summary>
    public const string ChildSwitch = "--background-child";

    /// <summary>The parent: starts the child, and returns when that serves or has failed.</summary>
    /// <param name="arguments">Of the command line, beginning with the word "mount".</param>
    /// <param name="cancellation">Ends the child, too.</param>
    public static async Task<ExitCode> StartAsync(IEnumerable<string> arguments, CancellationToken cancellation)
    {
        StandardStreams.KeepFromChildren();
        var all = arguments.ToList();
        var start = new ProcessStartInfo(Environment.ProcessPath!) { UseShellExecute = false, RedirectStandardOutput = true, CreateNoWindow = true };
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet")
        {
            start.ArgumentList.Add(Environment.GetCommandLineArgs()[0]);
        }
        foreach (var argument in (IEnumerable<string>)[all[0], ChildSwitch, .. all.Skip(1)])
        {
            start.ArgumentList.Add(argument);
        }
        // Without NativeAOT the runtime has a diagnostics port that other processes of the user could attach to.
        start.Environment["DOTNET_EnableDiagnostics"] = "0";
        using var child = Process.Start(start)!;
        using var kill = cancellation.Register(child.Kill);
        var report = await child.StandardOutput.ReadLineAsync(CancellationToken.None).ConfigureAwait(false);
        cancellation.ThrowIfCancellationRequested();
        var space = report?.IndexOf(' ', StringComparison.Ordinal) ?? -1;
        if (space < 0 || !int.TryParse(report.AsSpan(0, space), NumberStyles.None, CultureInfo.InvariantCulture, out var code))
        {
            await child.WaitForExitAsync(CancellationToken.None).ConfigureAwait(false);
            throw new ToolException(ExitCode.Failed, $"the background process ended with code {child.ExitCode} before the mount was ready; --foreground shows more");
        }
        var message = report![(space + 1)..];
        if (code != 0)
        {
            throw new ToolException((ExitCode)code, message);
        }
        if (message.Length > 0)
        {
            Console.WriteLine(message);
        }
        return ExitCode.Done;
    }

    /// <summary>The child: serves until unmounted.</summary>
    public static async Task<ExitCode> ServeAsync(MountSettings settings, CancellationToken cancellation)
    {
        var reported = false;
        try
        {
            return await new MountProcess(settings, LogPlace.Background).RunAsync(told =>
            {
                Report(ExitCode.Done, told ?? "");
                reported = true;
                StandardStreams.Detach();
            }, cancellation).ConfigureAwait(false);
        }
        catch (Exception exception) when (!reported)
        {
            var (code, message) = FailureText.Of(exception);
            Report(code, message);
            return code;
        }
    }

    /// <summary>Fails if the parent is gone: then nobody waits for this mount.</summary>
    private static void Report(ExitCode code, string message)
    {
        using var pipe = OperatingSystem.IsWindows() ? Console.OpenStandardOutput() : new FileStream(new SafeFileHandle(1, ownsHandle: false), FileAccess.Write, bufferSize: 0);
        pipe.Write(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{(int)code} {message}\n")));
    }
}
