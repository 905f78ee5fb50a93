using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using SseCFs.Upkeep;

namespace SseCFs.Tool.CommandLine;

/// <summary>ssecfs rekey.</summary>
internal sealed class RekeyCommand
{
    private const int BarWidth = 20;

    /// <summary>Failures that a table shows; JSON has them all.</summary>
    private const int MostShown = 20;

    private readonly Option<bool> _encryptPlain = Parsers.Switch("--encrypt-plain", "Encrypt objects that are not encrypted, too");
    private readonly Option<bool> _dryRun = Parsers.Switch("--dry-run", "Tell what would be done, and change nothing");

    public Command Build()
    {
        var command = new UpkeepOptions(movesContent: true).Build(
            "rekey",
            "Encrypts all objects of a bucket anew with the first --key, while mounts go on working in it; exit code 11 if some could not be",
            RunAsync);
        command.Add(_encryptPlain);
        command.Add(_dryRun);
        return command;
    }

    private async Task<ExitCode> RunAsync(UpkeepRun run, CancellationToken cancellation)
    {
        var isDryRun = run.Result.GetValue(_dryRun);
        var rekey = new Rekey(run.Store, run.Ring, new RekeyOptions { EncryptPlain = run.Result.GetValue(_encryptPlain), IsDryRun = isDryRun, AtOnce = run.AtOnce });
        var clock = TimeProvider.System;
        var start = clock.GetTimestamp();
        var result = await UpkeepOptions.WatchAsync(
            rekey.RunAsync(run.Url.Prefix, cancellation), () => Progress(rekey.Done, rekey.Total, clock.GetElapsedTime(start))).ConfigureAwait(false);
        if (run.IsJson)
        {
            UpkeepOptions.PrintJson(json => WriteJson(json, result, isDryRun));
        }
        else
        {
            WriteTable(run, result, isDryRun);
        }
        return result.IsIncomplete ? ExitCode.Findings : ExitCode.Done;
    }

    /// <summary>"[#####...............]  25 %  1,234 of 5,000 objects, 1.2 GiB of 4.8 GiB, 12 min left".</summary>
    internal static string Progress((long Objects, long Bytes) done, (long Objects, long Bytes)? total, TimeSpan elapsed)
    {
        if (total is not { } all)
        {
            return "listing the objects";
        }
        // Small objects take their time without having bytes.
        var share = (Share(done.Objects, all.Objects) + Share(done.Bytes, all.Bytes)) / 2;
        var filled = (int)(share * BarWidth);
        var left = share > 0.02 ? $", {Left(elapsed * ((1 - share) / share))} left" : "";
        return string.Create(
            CultureInfo.InvariantCulture,
            $"[{new string('#', filled)}{new string('.', BarWidth - filled)}] {(int)(share * 100),3} %  {done.Objects:N0} of {UpkeepOptions.Count(all.Objects)}, {Quantities.Size(done.Bytes)} of {Quantities.Size(all.Bytes)}{left}");

        static double Share(long part, long whole) => whole == 0 ? 1 : Math.Min(1, (double)part / whole);
    }

    private static string Left(TimeSpan time) => time.TotalMinutes < 2
        ? string.Create(CultureInfo.InvariantCulture, $"{Math.Ceiling(time.TotalSeconds)} s")
        : time.TotalHours < 2
            ? string.Create(CultureInfo.InvariantCulture, $"{Math.Round(time.TotalMinutes)} min")
            : string.Create(CultureInfo.InvariantCulture, $"{Math.Round(time.TotalHours)} h");

    private static void WriteTable(UpkeepRun run, RekeyResult result, bool isDryRun)
    {
        foreach (var failure in result.Failed.Take(MostShown))
        {
            Console.WriteLine($"failed: {failure.Key}: {failure.What.ReplaceLineEndings(" ")}");
        }
        if (result.Failed.Count > MostShown)
        {
            Console.WriteLine($"failed: {result.Failed.Count - MostShown} more; --json names them all");
        }
        Console.WriteLine($"{run.Url}, new key {run.Ring.Writer.Fingerprint}{(isDryRun ? ", nothing was changed" : "")}");
        foreach (var group in result.Groups)
        {
            var example = group.Outcome is RekeyOutcome.Unreadable or RekeyOutcome.Busy or RekeyOutcome.Plain ? $"  such as {group.Example}" : "";
            Console.WriteLine($"  {Describe(group, isDryRun),-34}  {UpkeepOptions.Count(group.Objects),15}  {Quantities.Size(group.Bytes),10}{example}");
        }
        if (result.Groups.Any(group => group.Outcome == RekeyOutcome.Busy))
        {
            Console.WriteLine("run it again for those that were being changed");
        }
    }

    private static string Describe(RekeyGroup group, bool isDryRun) => group.Outcome switch
    {
        RekeyOutcome.Changed => $"{(isDryRun ? "to be " : "")}re-encrypted{(group.FromFingerprint is null ? ", were plain" : $" from {group.FromFingerprint}")}",
        RekeyOutcome.Unchanged => "under the new key already",
        RekeyOutcome.Plain => "not encrypted, left so",
        RekeyOutcome.Gone => "removed meanwhile",
        RekeyOutcome.Busy => "being changed, left as they are",
        RekeyOutcome.Unreadable => "under another key, left as they are",
        _ => "failed, left as they are",
    };

    private static void WriteJson(Utf8JsonWriter json, RekeyResult result, bool isDryRun)
    {
        json.WriteBoolean("dryRun", isDryRun);
        json.WriteStartArray("groups");
        foreach (var group in result.Groups)
        {
            json.WriteStartObject();
            json.WriteString("outcome", group.Outcome.ToString().ToLowerInvariant());
            if (group.FromFingerprint is not null)
            {
                json.WriteString("from", group.FromFingerprint);
            }
            json.WriteNumber("objects", group.Objects);
            json.WriteNumber("bytes", group.Bytes);
            json.WriteString("example", group.Example);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        UpkeepOptions.WriteDamages(json, "failed", result.Failed);
    }
}
