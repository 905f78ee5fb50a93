using Xunit;

namespace SseCFs.Tool.Tests.Running;

/// <summary>What `ssecfs cleanup` lists, and what it removes when it is told to.</summary>
public sealed class CleanupTests
{
    [Fact]
    public async Task OldUploadsAreListedAndRemovedOnlyWhenToldTo()
    {
        await using var service = await Service.StartAsync();
        await service.MakeBucketAsync();
        Assert.Equal("no unfinished uploads\n", await CleanUpAsync(service));
        await service.BeginUploadAsync("a+b/ü 1");
        await service.BeginUploadAsync("c");
        Assert.StartsWith("no unfinished uploads; 2 unfinished uploads begun later than ", await CleanUpAsync(service), StringComparison.Ordinal);

        string[] all = ["--older-than", "0"];
        var listed = (await CleanUpAsync(service, all)).Split('\n');
        Assert.EndsWith("  a+b/ü 1", listed[0], StringComparison.Ordinal);
        Assert.EndsWith("  c", listed[1], StringComparison.Ordinal);
        Assert.Equal("2 unfinished uploads; --remove removes them", listed[2]);

        Assert.EndsWith("1 unfinished upload removed\n", await CleanUpAsync(service, [.. all, "--remove"], "/a+b"), StringComparison.Ordinal);
        Assert.EndsWith("1 unfinished upload removed\n", await CleanUpAsync(service, [.. all, "--remove"]), StringComparison.Ordinal);
        Assert.Equal("no unfinished uploads\n", await CleanUpAsync(service, all));
    }

    private static async Task<string> CleanUpAsync(Service service, string[]? more = null, string prefix = "")
    {
        var result = await service.RunAsync(["cleanup", $"s3://{Service.Bucket}{prefix}", "--endpoint", service.Endpoint, .. more ?? []]);
        Assert.True(result.ExitCode == 0, result.Error);
        return result.Output;
    }
}
