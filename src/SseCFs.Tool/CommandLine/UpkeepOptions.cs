using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using SseCFs.Store;
using SseCFs.Tool.Background;
using SseCFs.Tool.Mounting;

namespace SseCFs.Tool.CommandLine;

/// <summary>What the commands that go through a whole bucket have in common: bucket, keys, service, --json and the progress.</summary>
internal sealed class UpkeepOptions
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    private readonly Argument<BucketUrl> _bucket = Parsers.Argument("s3://BUCKET[/PREFIX]", "The bucket, and the folder in it", BucketUrl.Parse);
    private readonly KeyOptions _key = new();
    private readonly ServiceOptions _service = new();
    private readonly Option<bool> _json = Parsers.Switch("--json", "Print one JSON object instead of a table");

    /// <param name="run">Given the bucket, a store for it, and whether to print JSON.</param>
    public Command Build(string name, string description, Func<BucketUrl, S3ObjectStore, bool, CancellationToken, Task<ExitCode>> run)
    {
        var command = new Command(name, description) { _bucket, _json };
        foreach (var option in _key.All.Concat(_service.All))
        {
            command.Add(option);
        }
        command.SetAction(async (result, cancellation) =>
        {
            MemoryProtection.Apply();
            var url = result.GetValue(_bucket)!;
            var settings = _service.Read(result);
            var options = ServiceConnection.ToOptions(url.Bucket, settings);
            var client = ServiceConnection.Connect(options);
            using var ring = await KeyLoading.LoadAsync(_key.Read(result, settings), cancellation).ConfigureAwait(false);
            // A first request that gives up early: a wrong host name will not become right.
            var first = ServiceConnection.ForFirstAnswer(options, settings);
            var look = new S3ObjectStore(client, first, ring, TimeProvider.System, NullLogger<S3ObjectStore>.Instance);
            await ServiceConnection.AskAsync(() => look.ListAsync(url.Prefix, null, null, 1, cancellation), ServiceConnection.NameOf(client)).ConfigureAwait(false);
            using var store = new S3ObjectStore(client, options, ring, TimeProvider.System, NullLogger<S3ObjectStore>.Instance);
            return (int)await run(url, store, result.GetValue(_json), cancellation).ConfigureAwait(false);
        });
        return command;
    }

    /// <summary>Shows how far it is, from time to time, until the work has ended.</summary>
    public static async Task<T> WatchAsync<T>(Task<T> work, Func<string> progress)
    {
        using var line = new ProgressLine(Console.Error, Console.IsErrorRedirected, TimeProvider.System);
        while (await Task.WhenAny(work, Task.Delay(Pause, CancellationToken.None)).ConfigureAwait(false) != work)
        {
            line.Show(progress());
        }
        return await work.ConfigureAwait(false);
    }

    /// <summary>Prints one object, whose members are written in between.</summary>
    public static void PrintJson(Action<Utf8JsonWriter> members)
    {
        using var output = Console.OpenStandardOutput();
        using var json = new Utf8JsonWriter(output, new JsonWriterOptions { Indented = true });
        json.WriteStartObject();
        members(json);
        json.WriteEndObject();
    }

    /// <summary>"1 object", "1,234 objects".</summary>
    public static string Count(long objects) => string.Create(CultureInfo.InvariantCulture, $"{objects:N0} {(objects == 1 ? "object" : "objects")}");

    /// <summary>"5 B", "1.4 MiB".</summary>
    public static string Size(long bytes)
    {
        string[] units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
        var (size, unit) = ((double)bytes, 0);
        while (size >= 1024 && unit < units.Length - 1)
        {
            (size, unit) = (size / 1024, unit + 1);
        }
        return string.Create(CultureInfo.InvariantCulture, $"{(unit == 0 ? size : Math.Round(size, 1))} {units[unit]}");
    }
}
