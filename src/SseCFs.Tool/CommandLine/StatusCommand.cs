using System.CommandLine;
using System.Globalization;
using SseCFs.Contract;
using SseCFs.Tool.Control;

namespace SseCFs.Tool.CommandLine;

/// <summary>ssecfs status.</summary>
internal sealed class StatusCommand
{
    private readonly Argument<string> _directory = new("DIR") { Description = "The directory that is mounted on" };

    public Command Build()
    {
        var command = new Command("status", "Tells what of a mount is not stored yet, which files are in conflict, and what is being renamed") { _directory };
        command.SetAction((result, cancellation) => RunAsync(result.GetValue(_directory)!, cancellation));
        return command;
    }

    private static async Task<int> RunAsync(string directory, CancellationToken cancellation)
    {
        var (path, reply) = await ControlClient.AskOnceAsync(directory, ControlRequest.Status, cancellation).ConfigureAwait(false);
        foreach (var line in Lines(path, reply.ProcessId, reply.Status!))
        {
            Console.WriteLine(line);
        }
        return 0;
    }

    private static IEnumerable<string> Lines(string path, int processId, MountStatus status)
    {
        yield return $"{status.Source} on {path} since {Local(status.Since)}, process {processId}";
        yield return status.Journal is null ? "journal: none" : $"journal: {status.Journal}{(status.IsWriteBack ? ", write-back" : "")}";
        yield return status.UnsavedCount == 0 ? "everything is stored" : $"not stored yet: {status.UnsavedCount}";
        foreach (var file in status.Unsaved)
        {
            yield return $"  {file.Key}: {Describe(file)}";
        }
        foreach (var rename in status.Renames)
        {
            yield return $"renaming {rename.From} to {rename.To}: {rename.Copied} of {rename.Objects} objects copied";
        }
        foreach (var conflict in status.Conflicts)
        {
            yield return $"conflict at {Local(conflict.At)}: {conflict.Key} was changed by another writer too; {(conflict.IsOurs ? "what was written here" : "what was written there")} is {conflict.ConflictKey}";
        }
    }

    private static string Describe(PendingChange file) => file switch
    {
        { State: ChangeState.Drafting } => "open, and not closed yet",
        { State: ChangeState.Sending, Failure: null } => $"being sent since {Local(file.Since)}, {Progress(file)}",
        { State: ChangeState.Sending } => $"being sent again, {Progress(file)}, after {file.Failure.ReplaceLineEndings(" ")}",
        { Failure: not null, NextTry: { } next } => $"{file.Failure.ReplaceLineEndings(" ")}; tried again at {Local(next)}",
        _ => "about to be sent",
    };

    private static string Progress(PendingChange file) => file.Rate == 0
        ? Quantities.Size(file.Bytes)
        : $"{Quantities.Size(Math.Min(file.Sent, file.Bytes))} of {Quantities.Size(file.Bytes)} at {Quantities.Size(file.Rate)}/s";

    private static string Local(DateTimeOffset time) => time.ToLocalTime().ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture);
}
