using System.CommandLine;
using SseCFs.Tool.Mounting;

namespace SseCFs.Tool.CommandLine;

/// <summary>ssecfs umount.</summary>
internal sealed class UnmountCommand
{
    private readonly Argument<string> _directory = new("DIR") { Description = "The directory that is mounted on" };
    private readonly Option<bool> _lazy = Parsers.Switch("--lazy", "Take it out of the tree although files are open; wait until they are closed and stored");

    public Command Build()
    {
        var command = new Command("umount", "Unmounts, and waits until everything is stored") { _directory, _lazy };
        command.SetAction(async (result, cancellation) =>
            (int)await Unmounting.RunAsync(result.GetValue(_directory)!, result.GetValue(_lazy), cancellation).ConfigureAwait(false));
        return command;
    }
}
