using SseCFs.EndToEnd.Harness;
using Xunit;

namespace SseCFs.EndToEnd.Scenarios;

/// <summary>The mount's process is killed at any moment: whatever was acknowledged is there afterwards, byte by byte.</summary>
public sealed class Kills(Target target) : IAsyncLifetime
{
    private readonly string _prefix = Target.RandomName() + "/";
    private Mount? _mount;

    private static bool Fast { get; } = Environment.GetEnvironmentVariable("SSECFS_E2E_FAST") is not null;

    /// <summary>More of them are run by hand.</summary>
    private static int Rounds { get; } = int.Parse(Environment.GetEnvironmentVariable("SSECFS_E2E_KILLS") ?? (Fast ? "2" : "6"), null);

    private Mount Mount => _mount!;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        if (_mount is null) return;
        if (TestContext.Current.TestState?.Result == TestResult.Failed)
            TestContext.Current.TestOutputHelper?.WriteLine("The mount's log ends with:\n" + _mount.LogTail());
        await _mount.DisposeAsync();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task WhatWasAcknowledgedOutlivesAKill(bool writeBack)
    {
        await MountAsync(writeBack ? ["--write-back"] : []);
        var random = new Random(writeBack ? 1 : 2);
        for (var round = 0; round < Rounds; round++)
        {
            var work = Background.Start(
                "python3", [Path.Combine(Shell.Programs, "acknowledged.py"), "work", Mount.Root, Log, $"{random.Next()}"], target.Environment(), Log + ".errors");
            await Task.Delay(random.Next(500, 4000));
            await Mount.KillAsync();
            if (!await work.ExitsAsync()) Assert.Fail("the program hangs, although its mount is gone");
            Assert.True(work.ExitCode == 0, work.LogTail());
            await Mount.StartAgainAsync();
            await CheckAsync(round);
        }

        // What the journal gave back is in the store, too.
        await Mount.RemountAsync();
        await CheckAsync(Rounds);
        await Mount.UnmountAsync();
    }

    [Fact]
    public async Task AKillRightAfterCloseLosesNothingWithWriteBack()
    {
        await MountAsync(["--write-back"]);
        await Mount.RunAsync("""
            mkdir d; noise 3000000 1 >d/f; noise 100 2 >d/g; mv d/g d/h; noise 200000 3 >gone; rm gone
            """);
        await Mount.KillAsync();
        await Mount.StartAgainAsync();
        await Mount.RunAsync("cmp d/f <(noise 3000000 1); cmp d/h <(noise 100 2); is \"$(ls)\" d; is \"$(ls d | xargs)\" 'f h'");
        await Mount.UnmountAsync();
        Assert.Equal(3000000, (await target.S3.GetAsync(_prefix + "d/f", target.Key)).Content.Length);
        Assert.Empty(Kept());
    }

    [Fact]
    public async Task RecoverStoresWhatAKillLeft()
    {
        await MountAsync(["--write-back"]);
        await Mount.RunAsync("noise 300000 1 >f");
        await Mount.KillAsync();
        var journal = Assert.Single(Kept());
        Assert.DoesNotContain("f", Path.GetFileName(journal).Replace(".save", "", StringComparison.Ordinal), StringComparison.Ordinal);
        var said = await Shell.RunAsync(
            $"\"$TOOL\" recover s3://{target.Bucket}/{_prefix} --key file:{target.KeyFile} --endpoint {target.Endpoint.Url} --region us-east-1 --journal {Journal}",
            target.Home,
            new Dictionary<string, string>(target.Environment()) { ["TOOL"] = target.Tool });
        Assert.Contains("1 file is stored", said, StringComparison.Ordinal);
        Assert.Equal(300000, (await target.S3.GetAsync(_prefix + "f", target.Key)).Content.Length);
        Assert.Empty(Kept());
    }

    [Fact]
    public async Task AnUploadThatAKillCutIsTakenBackByTheNextMount()
    {
        await MountAsync(["--memory", "64M"]);
        var work = Mount.RunAsync("noise 300000000 1 >large || true");
        for (var i = 0; i < 600 && Kept(".upload").All(path => new FileInfo(path).Length == 0) && !work.IsCompleted; i++) await Task.Delay(50);
        await Mount.KillAsync();
        await work;
        Assert.Equal(1, await UploadsAsync());
        await Mount.StartAgainAsync();
        Assert.Equal(0, await UploadsAsync());
        await Mount.UnmountAsync();
        Assert.Empty(Directory.GetFileSystemEntries(Journal));
    }

    /// <summary>Multipart uploads of this scenario that the service has parts of.</summary>
    private async Task<int> UploadsAsync()
    {
        var reply = await target.S3.ListUploadsAsync();
        return System.Text.RegularExpressions.Regex.Count(reply, $"<Key>{_prefix}");
    }

    private string Log => Path.Combine(Mount.Scratch, "acknowledged");

    private async Task CheckAsync(int round)
    {
        try
        {
            await Mount.RunAsync($"python3 \"$PROGRAMS/acknowledged.py\" check \"$MNT\" '{Log}'");
        }
        catch (Exception e)
        {
            throw new InvalidOperationException($"round {round}: {e.Message}", e);
        }
    }

    private async Task MountAsync(string[] options) =>
        _mount = await Mount.StartAsync(target, $"s3://{target.Bucket}/{_prefix}", ["--key", "file:" + target.KeyFile, "--journal", Journal, .. options]);

    private string Journal => Path.Combine(target.Home, "journal-" + _prefix.TrimEnd('/'));

    private string[] Kept(string kind = ".save") => Directory.Exists(Journal) ? Directory.GetFiles(Journal, "*" + kind, SearchOption.AllDirectories) : [];
}
