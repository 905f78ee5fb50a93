using System.CommandLine;
using Microsoft.Extensions.Logging.Abstractions;
using SseCFs.Store.S3;
using SseCFs.Tool.Mounting;

namespace SseCFs.Tool.CommandLine;

/// <summary>ssecfs mb.</summary>
internal sealed class MakeBucketCommand
{
    /// <summary>
    /// A Ceph gateway tells all others of a new bucket before it answers, and waits for one that has just died until its watch ends, 30 s
    /// (osd_client_watch_timeout) or a little more.
    /// </summary>
    private static readonly TimeSpan AnswerWithin = TimeSpan.FromMinutes(2);

    private readonly Argument<BucketUrl> _bucket = Parsers.Argument("s3://BUCKET", "The bucket to make", ParseBucket);
    private readonly ServiceOptions _service = new();

    public Command Build()
    {
        var command = new Command("mb", "Makes a bucket that takes objects encrypted with SSE-C") { _bucket };
        foreach (var option in _service.All)
        {
            command.Add(option);
        }
        command.SetAction((result, cancellation) => RunAsync(result.GetValue(_bucket)!, _service.Read(result), cancellation));
        return command;
    }

    private static async Task<int> RunAsync(BucketUrl url, ServiceSettings settings, CancellationToken cancellation)
    {
        var options = ServiceConnection.ForFirstAnswer(ServiceConnection.ToOptions(url.Bucket, settings), settings) with { AnswerWithin = AnswerWithin };
        using var client = ServiceConnection.Connect(options);
        return await ServiceConnection.AskAsync(MakeAsync, ServiceConnection.NameOf(client)).ConfigureAwait(false);

        async ValueTask<int> MakeAsync()
        {
            if (await BucketMaker.MakeAsync(client, options, TimeProvider.System, NullLogger.Instance, cancellation).ConfigureAwait(false))
            {
                Console.WriteLine($"{url} is made, and SSE-C, which new buckets block here, is allowed in it");
            }
            return 0;
        }
    }

    private static BucketUrl ParseBucket(string text) => BucketUrl.Parse(text) is { Prefix: "" } url
        ? url
        : throw new FormatException($"'{text}' names a folder, and only a bucket is made: s3://BUCKET");
}
