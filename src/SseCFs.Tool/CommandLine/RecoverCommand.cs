using System.CommandLine;
using Microsoft.Extensions.Logging;
using SseCFs.Contract;
using SseCFs.Store.S3;
using SseCFs.Tool.Background;
using SseCFs.Tool.Logging;
using SseCFs.Tool.Mounting;

namespace SseCFs.Tool.CommandLine;

/// <summary>ssecfs recover.</summary>
internal sealed class RecoverCommand
{
    private readonly Argument<BucketUrl> _bucket = Parsers.Argument("s3://BUCKET[/PREFIX]", "The bucket, and the folder in it, as they were mounted", BucketUrl.Parse);
    private readonly KeyOptions _key = new();
    private readonly Option<string> _journal = MountCommand.JournalOption();
    private readonly Option<LogLevel> _logLevel = MountCommand.LogLevelOption();
    private readonly ServiceOptions _service = new();

    public Command Build()
    {
        var command = new Command("recover", "Stores what a mount left in the journal when it was killed or could not store it; the next mount does the same") { _bucket, _journal, _logLevel };
        foreach (var option in _key.All.Concat(_service.All))
        {
            command.Add(option);
        }
        command.SetAction((result, cancellation) => RunAsync(result, cancellation));
        return command;
    }

    private async Task<int> RunAsync(ParseResult result, CancellationToken cancellation)
    {
        MemoryProtection.Apply();
        var url = result.GetValue(_bucket)!;
        var settings = _service.Read(result);
        using var logs = Logs.Open(LogPlace.Foreground, file: null, MountCommand.LevelOf(result, _logLevel), TimeProvider.System);
        var options = ServiceConnection.ToOptions(url.Bucket, settings);
        var client = ServiceConnection.Connect(options);
        using var ring = await new KeySources(_key.Read(result, settings)).LoadAsync(cancellation).ConfigureAwait(false);
        var place = JournalPlace.Find(result.GetValue(_journal));
        using var journal = JournalPlace.Open(place, isWriteBack: false, url, ServiceConnection.NameOf(client), ring, logs.CreateLogger("journal"))!;
        using var store = new S3ObjectStore(client, options with { Uploads = journal }, ring, TimeProvider.System, logs.CreateLogger<S3ObjectStore>());
        var fileSystem = new SseFileSystem(store, new SseFileSystemOptions { Prefix = url.Prefix }, journal, TimeProvider.System, logs.CreateLogger<SseFileSystem>());
        await using var disposing = fileSystem.ConfigureAwait(false);
        var found = await ServiceConnection.AskAsync(() => fileSystem.RestoreAsync(cancellation), ServiceConnection.NameOf(client)).ConfigureAwait(false);
        var failed = await fileSystem.DrainAsync(cancellation).ConfigureAwait(false);
        if (failed > 0)
        {
            var example = fileSystem.Unsaved.FirstOrDefault(change => change.Failure is not null);
            throw new ToolException(ExitCode.NotStored, $"{failed} of {found} files could not be stored and stay in the journal {place}, such as {example?.Key} ({example?.Failure})");
        }
        Console.WriteLine(found == 0 ? $"nothing to recover: the journal {place} has nothing for {url} and this key" : $"{found} {(found == 1 ? "file is" : "files are")} stored");
        return 0;
    }
}
