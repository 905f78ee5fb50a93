using System.Net;
using SseCFs.EndToEnd.Harness;
using Xunit;

namespace SseCFs.EndToEnd.Scenarios;

/// <summary>Buckets that block SSE-C, as new ones on AWS do since April 2026; on an embedded store that does the same, whatever the target is.</summary>
public sealed class BlockedBuckets(Target target) : IAsyncLifetime
{
    private const string Bucket = "blocked";

    private EmbeddedStore? _store;
    private S3Client? _s3;

    private EmbeddedStore Store => _store!;

    private S3Client S3 => _s3!;

    public async ValueTask InitializeAsync()
    {
        _store = await EmbeddedStore.StartBlockingAsync(target);
        _s3 = new S3Client(_store.Endpoint, Bucket);
    }

    public async ValueTask DisposeAsync()
    {
        _s3?.Dispose();
        if (_store is not null) await _store.DisposeAsync();
    }

    [Fact]
    public async Task MountingOneNamesTheCommandThatLiftsTheBlock()
    {
        await S3.MakeBucketAsync();
        var refusal = await Assert.ThrowsAsync<MountException>(async () =>
        {
            await using var unexpected = await StartAsync();
        });
        Assert.Contains("the bucket blocks SSE-C", refusal.Message, StringComparison.Ordinal);
        Assert.Contains($"aws s3api put-bucket-encryption --bucket {Bucket} --region us-east-1 --endpoint-url {Store.Endpoint.Url} ", refusal.Message, StringComparison.Ordinal);

        await S3.BlockAsync("NONE");
        await using var mount = await StartAsync();
        await mount.RunAsync("echo 1 >f; is \"$(cat f)\" 1");
        await mount.UnmountAsync();
    }

    [Fact]
    public async Task ABucketThatMbMakesCanBeMountedAndABlockThatComesLaterIsNamed()
    {
        var said = await Shell.RunAsync(
            $"exec \"{target.Tool}\" mb s3://{Bucket} --endpoint {Store.Endpoint.Url} --region us-east-1", target.Home, target.Environment(Store.Endpoint));
        Assert.Contains("SSE-C, which new buckets block here, is allowed", said, StringComparison.Ordinal);
        await using var mount = await StartAsync();
        await mount.RunAsync("echo 1 >f; is \"$(cat f)\" 1");

        await S3.BlockAsync("SSE-C");
        await mount.RunAsync($$"""
            refused 'Permission denied' python3 -c 'f = open("kept", "w"); f.write("kept\n"); f.close()'
            refused 'Permission denied' mkdir d
            "{{target.Tool}}" status "$MNT" | grep -q 'kept.*the bucket blocks SSE-C.*aws s3api put-bucket-encryption'
            """);
        Assert.Contains(
            File.ReadLines(mount.LogFile),
            line => line.Contains("kept could not be stored", StringComparison.Ordinal) && line.Contains("aws s3api put-bucket-encryption", StringComparison.Ordinal));

        await S3.BlockAsync("NONE");
        await mount.RunAsync("is \"$(cat f kept)\" $'1\\nkept'");
        await mount.UnmountAsync();
        Assert.Equal((HttpStatusCode.OK, "kept\n"), await ContentAsync("kept"));
    }

    private async Task<(HttpStatusCode, string)> ContentAsync(string key)
    {
        var reply = await S3.GetAsync(key, target.Key);
        return (reply.Status, System.Text.Encoding.UTF8.GetString(reply.Content));
    }

    private Task<Mount> StartAsync() => Mount.StartAsync(target, $"s3://{Bucket}", ["--key", "file:" + target.KeyFile], Store.Endpoint);
}
