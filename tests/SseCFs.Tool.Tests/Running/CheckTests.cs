using SseCFs.LocalStore;
using Xunit;

namespace SseCFs.Tool.Tests.Running;

/// <summary>What `ssecfs check` says of services, buckets and keys.</summary>
public sealed class CheckTests
{
    [Fact]
    public async Task AServiceThatDoesAll()
    {
        await using var service = await Service.StartAsync();
        await service.MakeBucketAsync();
        var key = service.MakeKey();
        await service.PutAsync("file", key);
        var lines = Told(ExitCode.Done, await CheckAsync(service, key));
        Assert.All(lines[1..^1], line => Assert.StartsWith("  good ", line, StringComparison.Ordinal));
        Assert.Contains(lines, line => line.Contains("opens the encrypted ones", StringComparison.Ordinal));
        Assert.EndsWith("everything is as it should be.", lines[^1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task AnOldCephCopiesNoEncryptedObjects()
    {
        await using var service = await Service.StartAsync(options => options with { Dialect = Dialect.Ceph18 });
        await service.MakeBucketAsync();
        var lines = Told(ExitCode.Done, await CheckAsync(service, service.MakeKey()));
        Assert.Contains(lines, line => line.StartsWith("  limited  copy ", StringComparison.Ordinal) && line.Contains("501", StringComparison.Ordinal));
        Assert.Contains(lines, line => line.StartsWith("  good     copy of parts ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task AKeyThatOpensNothing()
    {
        await using var service = await Service.StartAsync();
        await service.MakeBucketAsync();
        await service.PutAsync("file", service.MakeKey("right"));
        var lines = Told(ExitCode.Encryption, await CheckAsync(service, service.MakeKey("wrong")));
        Assert.Contains("stored objects", lines[^2], StringComparison.Ordinal);
        Assert.StartsWith("  bad ", lines[^2], StringComparison.Ordinal);
    }

    [Fact]
    public async Task ABucketThatRefusesEncryption()
    {
        await using var service = await Service.StartAsync(options => options with { NewBucketsBlockCustomerKey = true });
        await service.MakeBucketElsewhereAsync();
        var lines = Told(ExitCode.Encryption, await CheckAsync(service, service.MakeKey()));
        Assert.StartsWith("  bad      encrypted write ", lines[^2], StringComparison.Ordinal);
        Assert.Contains("the bucket blocks SSE-C", lines[^2], StringComparison.Ordinal);
        Assert.Contains($"aws s3api put-bucket-encryption --bucket {Service.Bucket} --endpoint-url {service.Endpoint} ", lines[^2], StringComparison.Ordinal);

        Assert.Contains("aws s3api put-bucket-encryption", await MountIsRefusedAsync(service), StringComparison.Ordinal);
    }

    [Fact]
    public async Task ABucketThatRefusesForAReasonThatMayNotBeAsked()
    {
        await using var service = await Service.StartAsync(options => options with { NewBucketsBlockCustomerKey = true });
        await service.MakeBucketElsewhereAsync();
        service.SetFaults("access-denied:op=GetBucketEncryption");
        var lines = Told(ExitCode.Encryption, await CheckAsync(service, service.MakeKey()));
        Assert.StartsWith("  bad      encrypted write ", lines[^2], StringComparison.Ordinal);
        Assert.Contains("either these credentials may not write there, or the bucket blocks SSE-C", lines[^2], StringComparison.Ordinal);
        Assert.Contains("aws s3api put-bucket-encryption", lines[^2], StringComparison.Ordinal);
    }

    [Fact]
    public async Task CredentialsThatMayNotWrite()
    {
        await using var service = await Service.StartAsync();
        await service.MakeBucketAsync();
        service.SetFaults("access-denied:op=PutObject");
        var lines = Told(ExitCode.Encryption, await CheckAsync(service, service.MakeKey()));
        Assert.StartsWith("  bad      encrypted write ", lines[^2], StringComparison.Ordinal);
        Assert.Contains("AccessDenied", lines[^2], StringComparison.Ordinal);
        Assert.DoesNotContain("SSE-C", lines[^2], StringComparison.Ordinal);
    }

    [Fact]
    public async Task AServiceThatDoesNotEncrypt()
    {
        await using var service = await Service.StartAsync(options => options with { Faults = [Fault.Parse("no-echo")] });
        await service.MakeBucketAsync();
        var lines = Told(ExitCode.Encryption, await CheckAsync(service, service.MakeKey()));
        Assert.StartsWith("  bad      encrypted write ", lines[^2], StringComparison.Ordinal);
        await MountIsRefusedAsync(service);
        Assert.Empty(await service.ListAsync());
    }

    [Fact]
    public async Task NoBucket()
    {
        await using var service = await Service.StartAsync();
        var lines = Told(ExitCode.Bucket, await CheckAsync(service, service.MakeKey()));
        Assert.StartsWith("  bad      access ", lines[1], StringComparison.Ordinal);
        Assert.Contains("ssecfs mb", lines[1], StringComparison.Ordinal);
    }

    private static async Task<string> MountIsRefusedAsync(Service service)
    {
        var refusal = await service.MountAsync();
        Assert.Equal((int)ExitCode.Encryption, refusal.ExitCode);
        Assert.Contains("takes no encrypted objects", refusal.Error, StringComparison.Ordinal);
        return refusal.Error;
    }

    private static Task<ToolResult> CheckAsync(Service service, string key) =>
        service.RunAsync("check", $"s3://{Service.Bucket}", "--key", "file:" + key, "--endpoint", service.Endpoint);

    private static string[] Told(ExitCode code, ToolResult result)
    {
        Assert.True((int)code == result.ExitCode, $"exit code {result.ExitCode}: {result.Output}{result.Error}");
        Assert.Equal("", result.Error);
        return result.Output.TrimEnd('\n').Split('\n');
    }
}
