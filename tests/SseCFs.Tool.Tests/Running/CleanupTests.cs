using Microsoft.Extensions.Logging.Abstractions;
using SseCFs.Journal;
using SseCFs.Keys;
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

    [Fact]
    public async Task WhatTheJournalNeedsIsLeftAlone()
    {
        await using var service = await Service.StartAsync();
        await service.MakeBucketAsync();
        var keyFile = service.MakeKey();
        using var key = new CustomerKey(await File.ReadAllBytesAsync(keyFile, TestContext.Current.CancellationToken));
        var place = service.MakeDirectory("journal");
        using var journal = ChangeJournal.Open(place, $"s3://{Service.Bucket}/folder at {service.Endpoint}", new KeyRing([key]), isWriteBack: false, NullLogger.Instance);
        using var recorded = journal.Begin("needed", await service.BeginUploadAsync("needed"));
        await service.BeginUploadAsync("other");
        string[] all = ["--older-than", "0", "--remove", "--journal", place];

        // Without the key it cannot be told which is needed.
        var refused = await service.RunAsync(["cleanup", $"s3://{Service.Bucket}", "--endpoint", service.Endpoint, .. all]);
        Assert.NotEqual(0, refused.ExitCode);
        Assert.Contains("--key", refused.Error, StringComparison.Ordinal);
        Assert.StartsWith("no unfinished uploads; 2 ", await CleanUpAsync(service), StringComparison.Ordinal);

        Assert.EndsWith(
            "1 unfinished upload removed; 1 unfinished upload that the journal needs left alone\n",
            await CleanUpAsync(service, [.. all, "--key", "file:" + keyFile]), StringComparison.Ordinal);
        Assert.StartsWith("no unfinished uploads; 1 ", await CleanUpAsync(service), StringComparison.Ordinal);
    }

    private static async Task<string> CleanUpAsync(Service service, string[]? more = null, string prefix = "")
    {
        var result = await service.RunAsync(["cleanup", $"s3://{Service.Bucket}{prefix}", "--endpoint", service.Endpoint, .. more ?? []]);
        Assert.True(result.ExitCode == 0, result.Error);
        return result.Output;
    }
}
