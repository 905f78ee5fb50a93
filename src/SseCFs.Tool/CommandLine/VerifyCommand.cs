using System.CommandLine;
using System.Text.Json;
using SseCFs.Upkeep;

namespace SseCFs.Tool.CommandLine;

/// <summary>ssecfs verify.</summary>
internal static class VerifyCommand
{
    public static Command Build() => new UpkeepOptions(movesContent: true).Build(
        "verify", "Reads everything in a bucket and compares it with the hashes that are kept with the objects; exit code 11 if something is damaged or cannot be read", RunAsync);

    private static async Task<ExitCode> RunAsync(UpkeepRun run, CancellationToken cancellation)
    {
        var verification = new Verification(run.Store, run.AtOnce);
        var found = await UpkeepOptions.WatchAsync(
            verification.RunAsync(run.Url.Prefix, cancellation),
            () => $"{UpkeepOptions.Count(verification.Done.Objects)} and {Quantities.Size(verification.Done.Bytes)} read").ConfigureAwait(false);
        if (run.IsJson)
        {
            UpkeepOptions.PrintJson(json => WriteJson(json, found));
        }
        else
        {
            WriteTable(run.Url, found, verification.Done.Bytes);
        }
        return found.Damaged.Count > 0 || found.Unreadable > 0 ? ExitCode.Findings : ExitCode.Done;
    }

    private static void WriteTable(BucketUrl url, VerificationResult found, long bytes)
    {
        foreach (var damage in found.Damaged)
        {
            Console.WriteLine($"damaged: {damage.Key}: {damage.What.ReplaceLineEndings(" ")}");
        }
        Console.WriteLine($"{url}: {Quantities.Size(bytes)} read");
        Console.WriteLine($"  right                {UpkeepOptions.Count(found.Right),15}");
        Console.WriteLine($"  read, without hash   {UpkeepOptions.Count(found.WithoutHash),15}");
        Console.WriteLine($"  under another key    {UpkeepOptions.Count(found.Unreadable),15}");
        Console.WriteLine($"  damaged              {UpkeepOptions.Count(found.Damaged.Count),15}");
    }

    private static void WriteJson(Utf8JsonWriter json, VerificationResult found)
    {
        json.WriteNumber("right", found.Right);
        json.WriteNumber("withoutHash", found.WithoutHash);
        json.WriteNumber("unreadable", found.Unreadable);
        UpkeepOptions.WriteDamages(json, "damaged", found.Damaged);
    }
}
