using System.CommandLine;
using SseCFs.Tool.Control;

namespace SseCFs.Tool.CommandLine;

/// <summary>ssecfs reload.</summary>
internal sealed class ReloadCommand
{
    private readonly Argument<string> _directory = new("DIR") { Description = "The directory that is mounted on" };

    public Command Build()
    {
        var command = new Command("reload", "Has a mount load its keys anew from their sources, as SIGHUP does") { _directory };
        command.SetAction((result, cancellation) => RunAsync(result.GetValue(_directory)!, cancellation));
        return command;
    }

    private static async Task<int> RunAsync(string directory, CancellationToken cancellation)
    {
        var (path, reply) = await ControlClient.AskOnceAsync(directory, ControlRequest.Reload, cancellation).ConfigureAwait(false);
        Console.WriteLine($"{path}: {reply.Message}");
        return 0;
    }
}
