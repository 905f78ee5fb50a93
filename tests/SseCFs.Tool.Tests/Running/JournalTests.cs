using Xunit;

namespace SseCFs.Tool.Tests.Running;

/// <summary>What of a mount is not stored, as its user sees it.</summary>
public sealed class JournalTests
{
    [Fact]
    public async Task WhatCannotBeStoredIsNamedAndKeptAndRecovered()
    {
        await using var service = await Service.StartAsync();
        await service.MakeBucketAsync();
        var (directory, key) = (service.MakeDirectory(), service.MakeKey());
        Assert.Equal((int)ExitCode.Directory, (await service.RunAsync("status", directory)).ExitCode);
        Assert.Equal(0, (await service.MountAsync(directory, key, ["--unmount-timeout", "1s"])).ExitCode);

        ToolResult before, after, unmounted;
        try
        {
            await File.WriteAllTextAsync(Path.Combine(directory, "good"), "content");
            before = await service.RunAsync("status", directory);
            service.SetFaults("access-denied:method=PUT");
            // .NET passes over what close says.
            await File.WriteAllTextAsync(Path.Combine(directory, "denied"), "kept");
            after = await service.RunAsync("status", directory);
        }
        finally
        {
            unmounted = await service.RunAsync("umount", directory);
        }
        Assert.StartsWith($"s3://{Service.Bucket} on {directory} since ", before.Output, StringComparison.Ordinal);
        Assert.Contains("everything is stored\n", before.Output, StringComparison.Ordinal);
        Assert.Equal(0, after.ExitCode);
        Assert.Contains("not stored yet: 1\n  denied", after.Output, StringComparison.Ordinal);
        Assert.Equal((int)ExitCode.NotStored, unmounted.ExitCode);
        Assert.Contains("1 file is not stored, and kept in the journal " + service.Folder, unmounted.Error, StringComparison.Ordinal);
        Assert.Contains("ssecfs recover", unmounted.Error, StringComparison.Ordinal);

        var refused = await RecoverAsync(service, key);
        Assert.Equal((int)ExitCode.NotStored, refused.ExitCode);
        Assert.Contains("denied", refused.Error, StringComparison.Ordinal);
        var otherKey = await RecoverAsync(service, service.MakeKey("other"));
        Assert.Equal(0, otherKey.ExitCode);
        Assert.Contains("is of another key", otherKey.Error, StringComparison.Ordinal);

        service.SetFaults();
        var recovered = await RecoverAsync(service, key);
        Assert.Equal((0, "1 file is stored\n"), (recovered.ExitCode, recovered.Output));
        Assert.Equal(["denied", "good"], await service.ListAsync());
        Assert.StartsWith("nothing to recover", (await RecoverAsync(service, key)).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task StatusTellsHowMuchOfAFileHasLeftAndHowFast()
    {
        await using var service = await Service.StartAsync();
        await service.MakeBucketAsync();
        var directory = service.MakeDirectory();
        Assert.Equal(0, (await service.MountAsync(directory)).ExitCode);
        ToolResult status;
        try
        {
            service.SetFaults("rate:op=PutObject,bytes=1000000");
            var writing = File.WriteAllBytesAsync(Path.Combine(directory, "slow"), new byte[4 << 20]);
            do
            {
                status = await service.RunAsync("status", directory);
            }
            while (!status.Output.Contains("/s\n", StringComparison.Ordinal) && !writing.IsCompleted);
            service.SetFaults();
            await writing;
        }
        finally
        {
            await service.RunAsync("umount", directory);
        }
        Assert.Matches("not stored yet: 1\n  slow: being sent since [0-9: -]+, [0-9.]+ [KM]iB of 4 MiB at [0-9.]+ [KM]iB/s\n", status.Output);
    }

    [Fact]
    public async Task AJournalThatCannotBeUsedIsAnErrorIfItWasAskedFor()
    {
        await using var service = await Service.StartAsync();
        await service.MakeBucketAsync();
        var file = service.MakeKey("file");
        var refusal = await service.MountAsync(more: ["--write-back=" + file]);
        Assert.Equal((int)ExitCode.Failed, refusal.ExitCode);
        Assert.Contains("--journal", refusal.Error, StringComparison.Ordinal);
    }

    private static Task<ToolResult> RecoverAsync(Service service, string key) =>
        service.RunAsync("recover", $"s3://{Service.Bucket}", "--key", "file:" + key, "--endpoint", service.Endpoint);
}
