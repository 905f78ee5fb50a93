using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;
using SseCFs.Tool.Mounting;
using SseCFs.Tool.Mounting.Windows;
using SseCFs.Tool.Native;
using SseCFs.Transport;

namespace SseCFs.Tool.CommandLine;

/// <summary>From arguments to an exit code; every failure is one line on standard error.</summary>
internal static class Entry
{
    /// <param name="program">The name the tool was called by.</param>
    /// <param name="arguments">After it.</param>
    public static async Task<int> RunAsync(string program, string[] arguments)
    {
        var isHelper = program.StartsWith("mount.", StringComparison.Ordinal) || program.StartsWith("umount.", StringComparison.Ordinal);
        var code = await RunUnmappedAsync(program, arguments).ConfigureAwait(false);
        return isHelper ? HelperArguments.ToMountExitCode(code) : code;
    }

    /// <summary>Not a RootCommand: that one takes its name from the file it is called by, and "mount.ssecfs" would hide the command "mount".</summary>
    public static Command BuildRoot(MountCommand mount) => new("ssecfs", "Mounts S3 buckets of SSE-C objects as directories")
    {
        new HelpOption(),
        VersionNotice.Option(),
        mount.Build(),
        new UnmountCommand().Build(),
        new StatusCommand().Build(),
        new ReloadCommand().Build(),
        new CheckCommand().Build(),
        new KeyCommand().Build(),
        AuditCommand.Build(),
        VerifyCommand.Build(),
        new RekeyCommand().Build(),
        new RecoverCommand().Build(),
        new CleanupCommand().Build(),
        new MakeBucketCommand().Build(),
        new ServeCommand().Build(),
    };

    /// <summary>
    /// Parses without response files: the library would replace @FILE by the lines of FILE, so that the content of a key's file became part of a message, and a name
    /// that begins with @ could bring options.
    /// </summary>
    public static ParseResult Parse(Command root, IReadOnlyList<string> arguments) =>
        root.Parse(arguments, new ParserConfiguration { ResponseFileTokenReplacer = null });

    private static string NameOf(CommandResult command) => command.Parent is CommandResult above ? $"{NameOf(above)} {command.Command.Name}" : command.Command.Name;

    private static async Task<int> RunUnmappedAsync(string program, string[] arguments)
    {
        try
        {
            HttpTransport.SetDefaultProxy(proxy: null);
            var helper = HelperArguments.Parse(program, arguments)?.WithDropped(DroppedOptions.OfCaller);
            var mount = new MountCommand();
            var root = BuildRoot(mount);
            var plain = helper?.Arguments ?? arguments;
            if (plain is ["mount", ..])
            {
                var asked = OperatingSystem.IsWindows() ? NetworkMount.Expand(plain[1..], Folders.WindowsSettings()) : plain[1..];
                plain = ["mount", .. mount.Expand(asked, helper?.IsSloppy ?? false)];
            }
            var result = Parse(root, plain);
            if (result.Action is ParseErrorAction)
            {
                var command = NameOf(result.CommandResult);
                throw new ToolException(ExitCode.Usage, $"{result.Errors[0].Message} ({command} --help)");
            }
            if (helper is { IsFake: true })
            {
                return 0;
            }
            using var interrupts = new Interrupts();
            return await result.InvokeAsync(
                new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null }, interrupts.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            return (int)ExitCode.Interrupted;
        }
        catch (Exception exception)
        {
            var (code, message) = FailureText.Of(exception);
            await Console.Error.WriteLineAsync("ssecfs: " + message).ConfigureAwait(false);
            return (int)code;
        }
    }
}
