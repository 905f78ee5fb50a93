using System.Net;
using SseCFs.EndToEnd.Harness;
using Xunit;

namespace SseCFs.EndToEnd.Scenarios;

/// <summary>The two sessions of README as a newcomer follows them.</summary>
public sealed class Readme(Target target) : IAsyncLifetime
{
    private static readonly PageText Text = PageText.Read("README.md");

    private readonly Newcomer _reader = new(target, "readme");
    private EmbeddedStore? _store;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        await _reader.DisposeAsync();
        if (_store is not null) await _store.DisposeAsync();
    }

    /// <summary>Over TLS with a certificate of the service's own; on a real Ceph, where that is the target.</summary>
    [Fact]
    public async Task TheSessionOnCeph()
    {
        if (target.IsEmbedded) _store = await EmbeddedStore.StartOverTlsAsync(target);
        var service = _store?.Endpoint ?? target.Endpoint;
        using var s3 = new S3Client(service, _reader.Bucket);
        try
        {
            var given = _reader.Given(service);
            Assert.Equal(given.Keys.Order(), Text.Given.Order());
            await _reader.FollowAsync(Session("A session on Ceph"), given);
            await IsSealedAsync(s3, "letter.txt", "Dear Ada,\n", await KeyAsync("documents.key"));
        }
        finally
        {
            if (_store is null && (await s3.HeadAsync("", null)).Status == HttpStatusCode.OK) await s3.RemoveBucketAsync();
        }
    }

    /// <summary>With a profile as the reader has one, on a store that blocks SSE-C in new buckets, as AWS does.</summary>
    [Fact]
    public async Task TheSessionOnAws()
    {
        _store = await EmbeddedStore.StartBlockingAsync(target);
        var service = _store.Endpoint;
        var folder = Directory.CreateDirectory(Path.Combine(_reader.Home, ".aws")).FullName;
        await File.WriteAllTextAsync(Path.Combine(folder, "config"), $"[profile work]\nendpoint_url = {service.Url}\n");
        await File.WriteAllTextAsync(
            Path.Combine(folder, "credentials"), $"[work]\naws_access_key_id = {service.AccessKey}\naws_secret_access_key = {service.SecretKey}\n");
        await _reader.FollowAsync(Session("A session on AWS"), new Dictionary<string, string> { ["BUCKET"] = _reader.Bucket });
        using var s3 = new S3Client(service, _reader.Bucket);
        await IsSealedAsync(s3, "2026/letter.txt", "Dear Grace,\n", await KeyAsync("work.key"));
    }

    private static List<PageStep> Session(string heading) => [.. Text.Steps.Where(step => step.Section == heading)];

    private Task<byte[]> KeyAsync(string name) => File.ReadAllBytesAsync(Path.Combine(_reader.Home, name));

    /// <summary>What the session wrote is an object with this content, which nobody gets without the key.</summary>
    private static async Task IsSealedAsync(S3Client s3, string key, string content, byte[] customerKey)
    {
        Assert.Equal(HttpStatusCode.BadRequest, (await s3.GetAsync(key, null)).Status);
        var reply = await s3.GetAsync(key, customerKey);
        Assert.Equal((HttpStatusCode.OK, content), (reply.Status, System.Text.Encoding.UTF8.GetString(reply.Content)));
    }
}
