using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using SseCFs.Keys;
using SseCFs.Store;
using SseCFs.Store.S3;
using SseCFs.Tool.Background;
using SseCFs.Tool.Mounting;
using SseCFs.Upkeep;

namespace SseCFs.Tool.CommandLine;

/// <summary>One run of a command that goes through a whole bucket.</summary>
/// <param name="Result">For the command's own options.</param>
/// <param name="AtOnce">Objects under way together.</param>
internal sealed record UpkeepRun(ParseResult Result, BucketUrl Url, S3ObjectStore Store, KeyRing Ring, int AtOnce, bool IsJson);

/// <summary>What the commands that go through a whole bucket have in common: bucket, keys, service, how fast, --json and the progress.</summary>
/// <param name="movesContent">It reads or writes objects, and not only looks at them.</param>
internal sealed class UpkeepOptions(bool movesContent)
{
    private const int DefaultAtOnce = 8;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    private readonly Argument<BucketUrl> _bucket = Parsers.Argument("s3://BUCKET[/PREFIX]", "The bucket, and the folder in it", BucketUrl.Parse);
    private readonly KeyOptions _key = new();
    private readonly ServiceOptions _service = new();
    private readonly Option<int> _parallel = Parsers.Option("--parallel", "NUMBER", "Objects under way at once, 1 to 64 [default: 8]", ParseAtOnce);

    private readonly Option<long> _limitRate = Parsers.Option(
        "--limit-rate", "SIZE", "Bytes per second that pass through here, both ways together; at least 64K [default: as fast as it goes]", ParseRate);

    private readonly Option<bool> _json = Parsers.Switch("--json", "Print one JSON object instead of a table");

    public Command Build(string name, string description, Func<UpkeepRun, CancellationToken, Task<ExitCode>> run)
    {
        var command = new Command(name, description) { _bucket, _parallel, _json };
        if (movesContent)
        {
            command.Add(_limitRate);
        }
        foreach (var option in _key.All.Concat(_service.All))
        {
            command.Add(option);
        }
        command.SetAction(async (result, cancellation) =>
        {
            MemoryProtection.Apply();
            var url = result.GetValue(_bucket)!;
            var settings = _service.Read(result);
            using var rate = movesContent && result.GetResult(_limitRate) is not null ? new TransferRate(result.GetValue(_limitRate)) : null;
            var options = ServiceConnection.ToOptions(url.Bucket, settings) with { Rate = rate };
            var client = ServiceConnection.Connect(options);
            using var ring = await new KeySources(_key.Read(result, settings)).LoadAsync(cancellation).ConfigureAwait(false);
            // A first request that gives up early: a wrong host name will not become right.
            var first = ServiceConnection.ForFirstAnswer(options, settings);
            var look = new S3ObjectStore(client, first, ring, TimeProvider.System, NullLogger<S3ObjectStore>.Instance);
            await ServiceConnection.AskAsync(() => look.ListAsync(url.Prefix, null, null, 1, cancellation), ServiceConnection.NameOf(client)).ConfigureAwait(false);
            using var store = new S3ObjectStore(client, options, ring, TimeProvider.System, NullLogger<S3ObjectStore>.Instance);
            var atOnce = result.GetResult(_parallel) is null ? DefaultAtOnce : result.GetValue(_parallel);
            return (int)await run(new UpkeepRun(result, url, store, ring, atOnce, result.GetValue(_json)), cancellation).ConfigureAwait(false);
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

    /// <summary>An array of what is wrong with which object.</summary>
    public static void WriteDamages(Utf8JsonWriter json, string name, IReadOnlyList<Damage> damages)
    {
        json.WriteStartArray(name);
        foreach (var damage in damages)
        {
            json.WriteStartObject();
            json.WriteString("key", damage.Key);
            json.WriteString("what", damage.What);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    /// <summary>"1 object", "1,234 objects".</summary>
    public static string Count(long objects) => string.Create(CultureInfo.InvariantCulture, $"{objects:N0} {(objects == 1 ? "object" : "objects")}");

    private static int ParseAtOnce(string text) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number is >= 1 and <= 64
        ? number
        : throw new FormatException($"'{text}' is not a number from 1 to 64");

    private static long ParseRate(string text) => Quantities.ParseSize(text) is >= TransferRate.Smallest and var bytes
        ? bytes
        : throw new FormatException($"{text} is too little: at least 64K");
}
