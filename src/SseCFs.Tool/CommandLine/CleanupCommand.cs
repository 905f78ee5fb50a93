using System.CommandLine;
using System.Globalization;
using Microsoft.Extensions.Logging.Abstractions;
using SseCFs.Journal;
using SseCFs.Store.S3;
using SseCFs.Tool.Background;
using SseCFs.Tool.Mounting;

namespace SseCFs.Tool.CommandLine;

/// <summary>ssecfs cleanup.</summary>
internal sealed class CleanupCommand
{
    private static readonly TimeSpan OneDay = TimeSpan.FromDays(1);

    private readonly Argument<BucketUrl> _bucket = Parsers.Argument("s3://BUCKET[/PREFIX]", "The bucket, and the folder in it, to look at", BucketUrl.Parse);

    private readonly Option<TimeSpan> _olderThan = Parsers.Option(
        "--older-than", "TIME", "Only uploads that were begun so long ago; younger ones may be going on [default: 1d]", Quantities.ParseDuration);

    private readonly Option<bool> _remove = Parsers.Switch("--remove", "Remove what is listed; without it nothing is changed");
    private readonly KeyOptions _key = new(areRequired: false);
    private readonly Option<string> _journal = MountCommand.JournalOption();
    private readonly ServiceOptions _service = new();

    public Command Build()
    {
        var command = new Command("cleanup", "Lists uploads that were begun and never finished, by whatever program; the service keeps and charges their parts")
        {
            _bucket, _olderThan, _remove, _journal,
        };
        foreach (var option in _key.All.Concat(_service.All))
        {
            command.Add(option);
        }
        command.SetAction((result, cancellation) => RunAsync(result, cancellation));
        return command;
    }

    private async Task<int> RunAsync(ParseResult result, CancellationToken cancellation)
    {
        var url = result.GetValue(_bucket)!;
        var olderThan = result.GetResult(_olderThan) is null ? OneDay : result.GetValue(_olderThan);
        var remove = result.GetValue(_remove);
        var settings = _service.Read(result);
        var named = await FindNamedAsync(result, url, settings, cancellation).ConfigureAwait(false);
        var options = ServiceConnection.ForFirstAnswer(ServiceConnection.ToOptions(url.Bucket, settings), settings);
        using var client = ServiceConnection.Connect(options);
        var uploads = new OpenUploads(client, options, TimeProvider.System, NullLogger.Instance);
        var before = TimeProvider.System.GetUtcNow() - olderThan;
        var (found, young, needed) = (0, 0, 0);
        await foreach (var upload in uploads.ListAsync(url.Prefix, cancellation).ConfigureAwait(false))
        {
            if (upload.Started > before)
            {
                young++;
                continue;
            }
            if (named.Contains(upload.UploadId))
            {
                needed++;
                continue;
            }
            if (remove && named.Unreadable > 0)
            {
                throw new ToolException(
                    ExitCode.Failed, $"nothing more is removed: {named.Unreadable} files in the journal may need an upload; give --key SOURCE, so that they can be read");
            }
            found++;
            Console.WriteLine($"{upload.Started.ToLocalTime().ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture)}  {upload.Key}");
            if (remove)
            {
                await uploads.AbortAsync(upload.Key, upload.UploadId, cancellation).ConfigureAwait(false);
            }
        }
        var what = found switch
        {
            0 => "no unfinished uploads",
            _ when remove => $"{Count(found)} removed",
            _ => $"{Count(found)}; --remove removes {(found == 1 ? "it" : "them")}",
        };
        what = needed == 0 ? what : $"{what}; {Count(needed)} that the journal needs left alone";
        Console.WriteLine(young == 0 ? what : $"{what}; {Count(young)} begun later than {before.ToLocalTime().ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture)} left alone");
        return 0;
    }

    private async ValueTask<NamedUploads> FindNamedAsync(ParseResult result, BucketUrl url, ServiceSettings settings, CancellationToken cancellation)
    {
        var keys = _key.Read(result, settings);
        if (keys.Sources.Count == 0)
        {
            return JournalPlace.UploadsOf(result.GetValue(_journal), url.Bucket, ring: null);
        }
        MemoryProtection.Apply();
        using var ring = await new KeySources(keys).LoadAsync(cancellation).ConfigureAwait(false);
        return JournalPlace.UploadsOf(result.GetValue(_journal), url.Bucket, ring);
    }

    private static string Count(int uploads) => uploads == 1 ? "1 unfinished upload" : $"{uploads} unfinished uploads";
}
