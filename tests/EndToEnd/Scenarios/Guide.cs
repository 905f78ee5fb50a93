using System.Net;
using System.Text;
using SseCFs.EndToEnd.Harness;
using Xunit;

namespace SseCFs.EndToEnd.Scenarios;

/// <summary>
/// docs/guide.md as a newcomer follows it: in one shell, in an empty home, with nothing set but what the guide says that the provider gives. Barbican is
/// where the real services are, and s3cmd is not for AWS; the guide says so.
/// </summary>
public sealed class Guide(Target target) : IAsyncLifetime
{
    private const char BeforeEachStep = '\x1e';
    private static readonly GuideText Text = GuideText.Read();

    private readonly string _bucket = "guide-" + Target.RandomName();
    private readonly string _home = Path.Combine(target.Home, "guide-" + Target.RandomName());
    private EmbeddedStore? _store;

    private Endpoint Endpoint => _store?.Endpoint ?? target.Endpoint;

    private IEnumerable<GuideStep> Steps => Text.Steps.Where(step =>
        !(target.IsEmbedded && step.Section.Contains("Barbican", StringComparison.Ordinal)) &&
        !(target.Dialect == "aws" && step.Section.EndsWith("on Ceph", StringComparison.Ordinal)));

    public async ValueTask InitializeAsync()
    {
        Directory.CreateDirectory(_home);
        // rclone sends no key over plain HTTP.
        if (target.IsEmbedded) _store = await EmbeddedStore.StartOverTlsAsync(target);
        else File.Copy(Path.Combine(Barbican(), "openrc"), Path.Combine(_home, "openrc"));
    }

    public async ValueTask DisposeAsync()
    {
        // What a failed run left mounted.
        await Shell.RunAsync("""if mountpoint -q "$AT"; then "$TOOL" umount "$AT"; fi""", target.Home,
            new Dictionary<string, string> { ["AT"] = Path.Combine(_home, "documents"), ["TOOL"] = target.Tool });
        if (_store is not null)
        {
            await _store.DisposeAsync();
            return;
        }

        using var s3 = new S3Client(Endpoint, _bucket);
        if ((await s3.HeadAsync("", null)).Status == HttpStatusCode.OK) await s3.RemoveBucketAsync();
    }

    [Fact]
    public async Task EveryCommandDoesWhatIsWritten()
    {
        var given = new Dictionary<string, string>
        {
            ["AWS_ENDPOINT_URL"] = Endpoint.Url.GetLeftPart(UriPartial.Authority),
            ["AWS_ACCESS_KEY_ID"] = Endpoint.AccessKey,
            ["AWS_SECRET_ACCESS_KEY"] = Endpoint.SecretKey,
            ["AWS_DEFAULT_REGION"] = "us-east-1",
            ["AWS_CA_BUNDLE"] = Endpoint.CertificateFile!,
            ["BUCKET"] = _bucket,
        };
        Assert.Equal(given.Keys, Text.Given);

        var steps = Steps.ToList();
        var script = _home + ".sh";
        await File.WriteAllTextAsync(script,
            """
            exec 2>&1
            trap 'echo "failed: $BASH_COMMAND"' ERR

            """ + string.Concat(steps.Select(step => $"printf '{BeforeEachStep}'\n{step.Commands}")));
        var variables = string.Join(' ', given.Select(one => $"{one.Key}='{one.Value}'"));
        var run = Shell.RunAsync(
            $$"""
            exec env -i HOME="$HOME" PATH="${TOOL%/*}:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin" LANG=C.UTF-8 {{variables}} bash -e "$SCRIPT"
            """,
            _home,
            new Dictionary<string, string> { ["HOME"] = _home, ["TOOL"] = target.Tool, ["SCRIPT"] = script });
        var exposed = await ArgumentsWithTheKeyAsync(run);
        var outputs = (await run).Split(BeforeEachStep)[1..];
        Assert.Equal(steps.Count, outputs.Length);
        foreach (var (step, output) in steps.Zip(outputs))
            Assert.True(step.IsAsPromised(output), $"{step.Section}: the guide has\n{step.Commands}\nand promises\n{step.Prints}\nIt prints\n{output}");
        Assert.Empty(exposed);
    }

    /// <summary>The guide promises that no command has the key in its arguments, where every user sees it.</summary>
    private async Task<List<string>> ArgumentsWithTheKeyAsync(Task until)
    {
        var (forms, found) = (Array.Empty<string>(), new List<string>());
        for (var file = Path.Combine(_home, "documents.key"); !until.IsCompleted; await Task.Delay(20))
        {
            if (forms.Length == 0 && File.Exists(file) && await File.ReadAllBytesAsync(file) is { Length: 32 } key)
                forms = [Encoding.ASCII.GetString(key), Convert.ToBase64String(key).TrimEnd('='), Convert.ToHexStringLower(key)];
            found.AddRange(AllArguments().Where(line => forms.Any(form => line.Contains(form, StringComparison.Ordinal))));
        }

        return found;
    }

    private static IEnumerable<string> AllArguments()
    {
        foreach (var process in Directory.EnumerateDirectories("/proc").Where(directory => char.IsAsciiDigit(Path.GetFileName(directory)[0])))
        {
            string line;
            try
            {
                line = File.ReadAllText(process + "/cmdline");
            }
            catch (Exception ended) when (ended is IOException or UnauthorizedAccessException)
            {
                continue;
            }

            yield return line.Replace('\0', ' ');
        }
    }

    private static string Barbican() =>
        Environment.GetEnvironmentVariable("BARBICAN") ?? throw new InvalidOperationException("BARBICAN is not set: tests/real/barbican.sh starts one");
}
