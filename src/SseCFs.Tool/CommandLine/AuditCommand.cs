using System.CommandLine;
using System.Text.Json;
using SseCFs.Upkeep;

namespace SseCFs.Tool.CommandLine;

/// <summary>ssecfs audit.</summary>
internal static class AuditCommand
{
    public static Command Build() => new UpkeepOptions(movesContent: false).Build(
        "audit", "Counts the objects of a bucket by the key that they are encrypted with; exit code 11 if some are plain or under a key that was not given", RunAsync);

    private static async Task<ExitCode> RunAsync(UpkeepRun run, CancellationToken cancellation)
    {
        var audit = new Audit(run.Store, run.AtOnce);
        var groups = await UpkeepOptions.WatchAsync(audit.RunAsync(run.Url.Prefix, cancellation), () => $"{UpkeepOptions.Count(audit.Seen)} looked at").ConfigureAwait(false);
        if (run.IsJson)
        {
            UpkeepOptions.PrintJson(json => WriteJson(json, groups));
        }
        else
        {
            WriteTable(run.Url, groups);
        }
        return groups.Any(group => group.IsPlain || group.IsUnreadable) ? ExitCode.Findings : ExitCode.Done;
    }

    private static void WriteTable(BucketUrl url, IReadOnlyList<AuditGroup> groups)
    {
        Console.WriteLine($"{url}: {UpkeepOptions.Count(groups.Sum(group => group.Objects))}, {Quantities.Size(groups.Sum(group => group.Bytes))}");
        foreach (var group in groups)
        {
            var kind = group.IsPlain ? "not encrypted" : group.IsUnreadable ? "under another key" : $"key {group.KeyFingerprint}";
            var example = group.IsPlain || group.IsUnreadable ? $"  such as {group.Example}" : "";
            Console.WriteLine($"  {kind,-20}  {UpkeepOptions.Count(group.Objects),15}  {Quantities.Size(group.Bytes),10}{example}");
        }
    }

    private static void WriteJson(Utf8JsonWriter json, IReadOnlyList<AuditGroup> groups)
    {
        json.WriteStartArray("groups");
        foreach (var group in groups)
        {
            json.WriteStartObject();
            json.WriteString("kind", group.IsPlain ? "plain" : group.IsUnreadable ? "unreadable" : "key");
            if (group.KeyFingerprint is not null)
            {
                json.WriteString("key", group.KeyFingerprint);
            }
            json.WriteNumber("objects", group.Objects);
            json.WriteNumber("bytes", group.Bytes);
            json.WriteString("example", group.Example);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }
}
