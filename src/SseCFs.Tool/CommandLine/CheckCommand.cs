using System.CommandLine;
using Microsoft.Extensions.Logging.Abstractions;
using SseCFs.Contract;
using SseCFs.Store;
using SseCFs.Store.S3;
using SseCFs.Tool.Background;
using SseCFs.Tool.Mounting;
using SseCFs.Upkeep;

namespace SseCFs.Tool.CommandLine;

/// <summary>ssecfs check.</summary>
internal sealed class CheckCommand
{
    private readonly Argument<BucketUrl> _bucket = Parsers.Argument("s3://BUCKET[/PREFIX]", "The bucket, and the folder in it, that are to be mounted", BucketUrl.Parse);
    private readonly KeyOptions _key = new();
    private readonly ServiceOptions _service = new();

    public Command Build()
    {
        var command = new Command("check", "Asks a service, with objects of a few bytes that are removed again, what a mount depends on") { _bucket };
        foreach (var option in _key.All.Concat(_service.All))
        {
            command.Add(option);
        }
        command.SetAction((result, cancellation) =>
        {
            var service = _service.Read(result);
            return RunAsync(result.GetValue(_bucket)!, _key.Read(result, service), service, cancellation);
        });
        return command;
    }

    private static async Task<int> RunAsync(BucketUrl url, KeySettings keySettings, ServiceSettings settings, CancellationToken cancellation)
    {
        MemoryProtection.Apply();
        var options = ServiceConnection.ForFirstAnswer(ServiceConnection.ToOptions(url.Bucket, settings), settings);
        var client = ServiceConnection.Connect(options);
        using var ring = await new KeySources(keySettings).LoadAsync(cancellation).ConfigureAwait(false);
        using var store = new S3ObjectStore(client, options, ring, TimeProvider.System, NullLogger<S3ObjectStore>.Instance);
        List<ProbeRow> rows = [.. await new CapabilityProbe(store, url.Prefix).RunAsync(cancellation).ConfigureAwait(false)];
        if (rows[^1].Result != ProbeResult.Bad)
        {
            rows.Add(StoredObjects(await KeySample.TakeAsync(store, url.Prefix, cancellation).ConfigureAwait(false)));
        }
        Console.WriteLine($"{url} with {ring.Description}");
        var width = rows.Max(row => row.Name.Length);
        foreach (var row in rows)
        {
            Console.WriteLine($"  {NameOf(row.Result),-7}  {row.Name.PadRight(width)}  {row.Detail.ReplaceLineEndings(" ")}");
        }
        Console.WriteLine(Conclusion(rows));
        return (int)CodeOf(rows);
    }

    private static ProbeRow StoredObjects(KeySample sample)
    {
        var (result, detail) = sample switch
        {
            { Readable: 0, Unreadable: 0 } => (ProbeResult.Good, "no encrypted ones were found"),
            { Unreadable: 0 } => (ProbeResult.Good, $"the key opens the encrypted ones that were looked at ({sample.Readable})"),
            { Readable: 0 } => (ProbeResult.Bad, $"the key opens none of the {sample.Unreadable} encrypted ones looked at, such as {sample.Example}: only --allow-unreadable mounts them"),
            _ => (ProbeResult.Limited, $"the key does not open {sample.Unreadable} of the {sample.Unreadable + sample.Readable} encrypted ones looked at, such as {sample.Example}"),
        };
        return new ProbeRow("stored objects", result, detail);
    }

    private static string NameOf(ProbeResult result) => result switch
    {
        ProbeResult.Good => "good",
        ProbeResult.Limited => "limited",
        _ => "bad",
    };

    private static string Conclusion(IReadOnlyList<ProbeRow> rows) => rows[^1].Result == ProbeResult.Bad
        ? "It cannot be mounted until this is put right."
        : rows.Any(row => row.Result == ProbeResult.Limited)
            ? "It can be mounted; what is limited works in another way, as said above."
            : "It can be mounted, and everything is as it should be.";

    private static ExitCode CodeOf(IReadOnlyList<ProbeRow> rows) => rows[^1] switch
    {
        { Result: not ProbeResult.Bad } => ExitCode.Done,
        { Reason: FsError.Unavailable } => ExitCode.Unreachable,
        { Reason: FsError.NotFound } => ExitCode.Bucket,
        { Reason: FsError.AccessDenied } and { Name: CapabilityProbe.AccessRow } => ExitCode.Refused,
        _ => ExitCode.Encryption,
    };
}
