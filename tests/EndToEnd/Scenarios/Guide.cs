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
    private static readonly PageText Text = PageText.Read("guide.md");

    private readonly Newcomer _reader = new(target, "guide");
    private EmbeddedStore? _store;

    private Endpoint Endpoint => _store?.Endpoint ?? target.Endpoint;

    private IEnumerable<PageStep> Steps => Text.Steps.Where(step =>
        !(target.IsEmbedded && step.Section.Contains("Barbican", StringComparison.Ordinal)) &&
        !(target.Dialect == "aws" && step.Section.EndsWith("on Ceph", StringComparison.Ordinal)));

    public async ValueTask InitializeAsync()
    {
        // rclone sends no key over plain HTTP.
        if (target.IsEmbedded) _store = await EmbeddedStore.StartOverTlsAsync(target);
        else File.Copy(Path.Combine(Barbican(), "openrc"), Path.Combine(_reader.Home, "openrc"));
    }

    public async ValueTask DisposeAsync()
    {
        await _reader.DisposeAsync();
        if (_store is not null)
        {
            await _store.DisposeAsync();
            return;
        }

        using var s3 = new S3Client(Endpoint, _reader.Bucket);
        if ((await s3.HeadAsync("", null)).Status == HttpStatusCode.OK) await s3.RemoveBucketAsync();
    }

    [Fact]
    public async Task EveryCommandDoesWhatIsWritten()
    {
        var given = _reader.Given(Endpoint);
        given["AWS_DEFAULT_REGION"] = "us-east-1";
        Assert.Equal(given.Keys.Order(), Text.Given.Order());

        var run = _reader.FollowAsync([.. Steps], given);
        var exposed = await ArgumentsWithTheKeyAsync(run);
        await run;
        Assert.Empty(exposed);
    }

    /// <summary>The guide promises that no command has the key in its arguments, where every user sees it.</summary>
    private async Task<List<string>> ArgumentsWithTheKeyAsync(Task until)
    {
        var (forms, found) = (Array.Empty<string>(), new List<string>());
        for (var file = Path.Combine(_reader.Home, "documents.key"); !until.IsCompleted; await Task.Delay(20))
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
