using SseCFs.LocalStore;
using Xunit;

namespace SseCFs.Tool.Tests.Running;

/// <summary>`ssecfs mb` where new buckets block SSE-C, and where nobody knows of that.</summary>
public sealed class MakeBucketTests
{
    [Fact]
    public async Task SseCIsAllowedInANewBucket()
    {
        await using var service = await Service.StartAsync(options => options with { NewBucketsBlockCustomerKey = true });
        var made = await MakeAsync(service);
        Assert.Equal((0, ""), (made.ExitCode, made.Error));
        Assert.Contains("SSE-C, which new buckets block here, is allowed", made.Output, StringComparison.Ordinal);
        await service.PutAsync("file", service.MakeKey());
    }

    [Theory]
    [InlineData("aws")]
    [InlineData("ceph16")]
    [InlineData("ceph20")]
    public async Task WhereNothingIsBlockedNothingIsDone(string dialect)
    {
        await using var service = await Service.StartAsync(options => options with { Dialect = Dialect.Parse(dialect) });
        // Whoever may not ask, or set, is none the worse for it.
        service.SetFaults("access-denied:op=PutBucketEncryption", "access-denied:op=GetBucketEncryption,count=1");
        var made = await MakeAsync(service);
        Assert.Equal((0, "", ""), (made.ExitCode, made.Output, made.Error));
        await service.PutAsync("file", service.MakeKey());
    }

    [Fact]
    public async Task WhoMayNotAllowItIsToldWhatIsToBeDone()
    {
        await using var service = await Service.StartAsync(options => options with { NewBucketsBlockCustomerKey = true });
        service.SetFaults("access-denied:op=PutBucketEncryption");
        var made = await MakeAsync(service);
        Assert.Equal((int)ExitCode.Refused, made.ExitCode);
        Assert.Contains("is made, but blocks SSE-C", made.Error, StringComparison.Ordinal);
        Assert.Contains($"aws s3api put-bucket-encryption --bucket {Service.Bucket} ", made.Error, StringComparison.Ordinal);
    }

    private static Task<ToolResult> MakeAsync(Service service) => service.RunAsync("mb", $"s3://{Service.Bucket}", "--endpoint", service.Endpoint);
}
