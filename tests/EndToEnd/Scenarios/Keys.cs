using System.Net;
using System.Security.Cryptography;
using SseCFs.EndToEnd.Harness;
using Xunit;

namespace SseCFs.EndToEnd.Scenarios;

/// <summary>Files whose key this mount does not have, and files that have none.</summary>
public sealed class Keys(Target target) : Scenario(target)
{
    private readonly byte[] _otherKey = RandomNumberGenerator.GetBytes(32);

    [Fact]
    public async Task AFileOfAnotherKeyIsListedAndNeverDestroyed()
    {
        var content = RandomNumberGenerator.GetBytes(5000);
        await Target.S3.PutAsync(Prefix + "foreign", content, _otherKey);
        await Target.S3.PutAsync(Prefix + "own", "mine"u8.ToArray(), Target.Key);
        await Mount.RemountAsync();
        await RunAsync("""
            is "$(ls)" $'foreign\nown'
            is "$(stat -c %s foreign)" 5000
            is "$(cat own)" mine
            refused 'Permission denied' cat foreign
            refused 'Permission denied' bash -c 'echo lost >foreign'
            refused 'Permission denied' bash -c 'echo lost >>foreign'
            refused 'Permission denied' truncate -s 10 foreign
            refused 'Permission denied' python3 -c 'import os; os.truncate("foreign", 0)'
            refused 'Permission denied' python3 -c 'import os; os.open("foreign", os.O_RDWR | os.O_CREAT)'
            echo new >new
            refused 'Permission denied' python3 -c 'import os; os.rename("new", "foreign")'
            is "$(cat new)" new
            """);
        var reply = await Target.S3.GetAsync(Prefix + "foreign", _otherKey);
        Assert.Equal(HttpStatusCode.OK, reply.Status);
        Assert.Equal(content, reply.Content);

        Assert.Single(
            File.ReadLines(Mount.LogFile),
            line => line.Contains($"{Prefix}foreign cannot be opened", StringComparison.Ordinal) && line.Contains("key", StringComparison.Ordinal));

        await RunAsync("rm foreign; [ ! -e foreign ]");
        Assert.Equal(HttpStatusCode.NotFound, (await Target.S3.HeadAsync(Prefix + "foreign", _otherKey)).Status);
    }

    [Fact]
    public async Task PlainObjectsAreReadAndBecomeEncryptedWhenWritten()
    {
        foreach (var name in new[] { "read", "appended", "overwritten", "moved", "touched" })
            await Target.S3.PutAsync(Prefix + name, "plain\n"u8.ToArray(), null);
        await Mount.RemountAsync();
        await RunAsync("""
            is "$(cat read)" plain
            echo more >>appended
            echo other >overwritten
            mv moved elsewhere
            """);
        await ThenAsync("""
            is "$(cat read)" plain
            is "$(cat appended)" $'plain\nmore'
            is "$(cat overwritten)" other
            is "$(cat elsewhere)" plain
            """);
        await SealedAsync("appended", "overwritten");
    }

    [Fact]
    public async Task AMountWhoseKeyReadsNothingFails()
    {
        await RunAsync("echo secret >f");
        var wrong = Target.WriteKey("wrong-" + Target.RandomName(), _otherKey);
        var source = $"s3://{Target.Bucket}/{Prefix}";
        await Mount.UnmountAsync();

        var refusal = await Assert.ThrowsAsync<MountException>(async () =>
        {
            await using var unexpected = await Mount.StartAsync(Target, source, ["--key", "file:" + wrong]);
        });
        Assert.Contains("key", refusal.Message, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain(Convert.ToBase64String(_otherKey), refusal.Message, StringComparison.Ordinal);

        await using (var allowed = await Mount.StartAsync(Target, source, ["--key", "file:" + wrong, "--allow-unreadable"]))
        {
            await allowed.RunAsync("is \"$(ls)\" f; is \"$(stat -c %s f)\" 7; refused 'Permission denied' cat f");
            await allowed.UnmountAsync();
        }

        await StartAgainAsync();
        await RunAsync("is \"$(cat f)\" secret");
    }

    [Fact]
    public async Task TheKeyShowsNowhere()
    {
        await RunAsync("echo content >f; cat f");
        var arguments = await File.ReadAllTextAsync($"/proc/{Mount.Process.Id}/cmdline");
        byte[] environment = [];
        try
        {
            environment = await File.ReadAllBytesAsync($"/proc/{Mount.Process.Id}/environ");
        }
        catch (UnauthorizedAccessException)
        {
            // A process that leaves no core dump hides its environment even from its own user.
        }
        var log = await File.ReadAllTextAsync(Mount.LogFile);
        foreach (var form in new[] { Convert.ToBase64String(Target.Key), Convert.ToHexString(Target.Key), Convert.ToHexStringLower(Target.Key) })
        {
            Assert.DoesNotContain(form, arguments, StringComparison.Ordinal);
            Assert.DoesNotContain(form, log, StringComparison.Ordinal);
        }

        Assert.Equal(-1, environment.AsSpan().IndexOf(Target.Key));
        // A core dump would hold the key: the process must refuse to leave one.
        var core = (await File.ReadAllLinesAsync($"/proc/{Mount.Process.Id}/limits")).Single(l => l.StartsWith("Max core file size", StringComparison.Ordinal));
        var dumpable = File.Exists($"/proc/{Mount.Process.Id}/coredump_filter")
            && await File.ReadAllTextAsync($"/proc/{Mount.Process.Id}/coredump_filter") is var filter && filter.Trim() != "00000000";
        Assert.True(core.Split(' ', StringSplitOptions.RemoveEmptyEntries)[4] == "0" || !dumpable, "the mount may leave a core dump: " + core);
    }
}
