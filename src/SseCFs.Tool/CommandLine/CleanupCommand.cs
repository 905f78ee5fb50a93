using System.CommandLine;
using System.Globalization;
using Microsoft.Extensions.Logging.Abstractions;
using SseCFs.Store.S3;
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
    private readonly ServiceOptions _service = new();

    public Command Build()
    {
        var command = new Command("cleanup", "Lists uploads that were begun and never finished, by whatever program; the service keeps and charges their parts")
        {
            _bucket, _olderThan, _remove,
        };
        foreach (var option in _service.All)
        {
            command.Add(option);
        }
        command.SetAction((result, cancellation) => RunAsync(
            result.GetValue(_bucket)!,
            result.GetResult(_olderThan) is null ? OneDay : result.GetValue(_olderThan),
            result.GetValue(_remove),
            _service.Read(result),
            cancellation));
        return command;
    }

    private static async Task<int> RunAsync(BucketUrl url, TimeSpan olderThan, bool remove, ServiceSettings settings, CancellationToken cancellation)
    {
        var options = ServiceConnection.ForFirstAnswer(ServiceConnection.ToOptions(url.Bucket, settings), settings);
        using var client = ServiceConnection.Connect(options);
        var uploads = new OpenUploads(client, options, TimeProvider.System, NullLogger.Instance);
        var before = TimeProvider.System.GetUtcNow() - olderThan;
        var (found, young) = (0, 0);
        await foreach (var upload in uploads.ListAsync(url.Prefix, cancellation).ConfigureAwait(false))
        {
            if (upload.Started > before)
            {
                young++;
                continue;
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
        Console.WriteLine(young == 0 ? what : $"{what}; {Count(young)} begun later than {before.ToLocalTime().ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture)} left alone");
        return 0;
    }

    private static string Count(int uploads) => uploads == 1 ? "1 unfinished upload" : $"{uploads} unfinished uploads";
}
