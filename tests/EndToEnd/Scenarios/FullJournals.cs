using SseCFs.EndToEnd.Harness;
using Xunit;

namespace SseCFs.EndToEnd.Scenarios;

/// <summary>With write-back, on a small disk: where the journal has no room, close and fsync wait for the service. What it has, the next mount stores.</summary>
public sealed class FullJournals(Target target) : IAsyncLifetime
{
    private readonly string _prefix = Target.RandomName() + "/";
    private SmallDisk? _disk;
    private IOwnService? _service;
    private Mount? _mount;

    private Mount Mount => _mount!;

    private SmallDisk Disk => _disk!;

    private string Journal => Path.Combine(Disk.Root, "journal");

    public async ValueTask InitializeAsync() => _disk = await SmallDisk.MountAsync(target, mebibytes: 16);

    public async ValueTask DisposeAsync()
    {
        if (_mount is not null && TestContext.Current.TestState?.Result == TestResult.Failed)
            TestContext.Current.TestOutputHelper?.WriteLine("The mount's log ends with:\n" + _mount.LogTail());
        if (_mount is not null) await _mount.DisposeAsync();
        if (_disk is not null) await _disk.DisposeAsync();
        if (_service is not null) await _service.DisposeAsync();
    }

    [Fact]
    public async Task CloseWaitsForTheService()
    {
        await MountAsync();
        await Disk.FillAsync();
        await Mount.RunAsync("noise 200000 1 >f; mkdir d; noise 200000 2 >d/g; mv d/g h");
        Assert.Equal(200000, (await target.S3.GetAsync(_prefix + "f", target.Key)).Content.Length);
        Assert.Equal(200000, (await target.S3.GetAsync(_prefix + "h", target.Key)).Content.Length);
        await Mount.UnmountAsync();
        Assert.Equal(["journal"], Directory.GetDirectories(Disk.Root).Select(Path.GetFileName));
        Assert.Empty(Directory.GetFileSystemEntries(Journal));
    }

    /// <summary>Of more than it can hold, some is in the journal and the rest with the service when the mount is killed. Not a byte is then free for the journal of the next.</summary>
    [Fact]
    public async Task WhatItHasIsStoredByTheNextMountWhichNeedsNoRoom()
    {
        await MountAsync();
        await Mount.RunAsync("for i in $(seq 12); do noise 3000000 $i >f$i; done");
        await Mount.KillAsync();
        await Disk.FillAsync();
        await Mount.StartAgainAsync();
        const string AllAreThere = "for i in $(seq 12); do cmp f$i <(noise 3000000 $i); done";
        await Mount.RunAsync(AllAreThere + "; noise 200000 13 >f13; mv f13 moved");
        await Mount.RemountAsync();
        Disk.Clear();
        await Mount.RunAsync(AllAreThere + "; cmp moved <(noise 200000 13)");
        await Mount.UnmountAsync();
        Assert.Empty(Directory.GetFileSystemEntries(Journal));
    }

    [Fact]
    public async Task RecoverNeedsNoRoom()
    {
        await MountAsync();
        await Mount.RunAsync($"noise 3000000 1 >f; {Disk.Fill}");
        await Mount.KillAsync();
        var said = await Shell.RunAsync(
            $"\"$TOOL\" recover s3://{target.Bucket}/{_prefix} --key file:{target.KeyFile} --endpoint {target.Endpoint.Url} --region us-east-1 --journal {Journal}",
            target.Home,
            new Dictionary<string, string>(target.Environment()) { ["TOOL"] = target.Tool });
        Assert.Contains("1 file is stored", said, StringComparison.Ordinal);
        Assert.Equal(3000000, (await target.S3.GetAsync(_prefix + "f", target.Key)).Content.Length);
        Assert.Empty(Directory.GetFileSystemEntries(Journal));
    }

    /// <summary>Each fsync adds to what the journal has of the file, until there is no room.</summary>
    [Fact]
    public async Task WhatFsyncAcknowledgedOutlivesAKill()
    {
        await MountAsync();
        await Mount.RunAsync($"""
            python3 - <<'P'
            import os, random
            f = os.open("f", os.O_RDWR | os.O_CREAT)
            data = bytearray(4 << 20)
            for i in range(30):
                at = i % 4 << 20
                data[at:at + (1 << 20)] = random.Random(i).randbytes(1 << 20)
                os.pwrite(f, data[at:at + (1 << 20)], at)
                os.fsync(f)
            with open(os.environ["SCRATCH"] + "/expected", "wb") as expected:
                expected.write(data)
            os.kill({Mount.Process.Id}, 9)
            P
            """);
        await Mount.KillAsync();
        await Mount.StartAgainAsync();
        await Mount.RunAsync("cmp f \"$SCRATCH/expected\"");
        await Mount.UnmountAsync();
    }

    [Fact]
    public async Task AFileThatItHasIsRenamedAllTheSame()
    {
        await MountAsync();
        await Mount.RunAsync($"noise 3000000 1 >a; noise 100 2 >b; {Disk.Fill}; mv a b; for i in $(seq 20); do mv b a; mv a b; done");
        await Mount.KillAsync();
        await Mount.StartAgainAsync();
        await Mount.RunAsync("cmp b <(noise 3000000 1); is \"$(ls)\" b");
        await Mount.UnmountAsync();
    }

    /// <summary>Neither the journal nor the service takes it: then it is EIO, and what was acknowledged before is not touched.</summary>
    [Fact]
    public async Task WithoutTheServiceEitherTheErrorIsTold()
    {
        _service = await target.StartOwnServiceAsync();
        var bucket = "full-" + Target.RandomName();
        using var s3 = new S3Client(_service.Endpoint, bucket);
        await s3.MakeBucketAsync();
        _mount = await Mount.StartAsync(
            target, "s3://" + bucket, ["--key", "file:" + target.KeyFile, "--memory", "64M", "--write-back", "--journal", Journal, "--retry-for", "1s"], _service.Endpoint);
        var work = Mount.RunAsync("""
            python3 - <<'P'
            import errno, os, random, time
            scratch = os.environ["SCRATCH"]
            files = [os.open("f%d" % i, os.O_WRONLY | os.O_CREAT) for i in range(6)]
            open(scratch + "/open", "w").close()
            while not os.path.exists(scratch + "/away"):
                time.sleep(0.02)
            acknowledged = 0
            for i, f in enumerate(files):
                assert os.write(f, random.Random(i).randbytes(1 << 20) * 4) == 4 << 20
                try:
                    os.fsync(f)
                    acknowledged += 1
                    assert acknowledged == i + 1
                except OSError as e:
                    assert e.errno == errno.EIO, e
            assert acknowledged == 3, acknowledged
            P
            """);
        while (!File.Exists(Path.Combine(Mount.Scratch, "open")) && !work.IsCompleted) await Task.Delay(20, TestContext.Current.CancellationToken);
        await _service.KillAsync();
        await File.WriteAllTextAsync(Path.Combine(Mount.Scratch, "away"), "", TestContext.Current.CancellationToken);
        await work;
        await Mount.KillAsync();
        await _service.StartAgainAsync();
        await Mount.StartAgainAsync();
        await Mount.RunAsync("""
            python3 - <<'P'
            import random
            for i in range(3):
                with open("f%d" % i, "rb") as f:
                    assert f.read() == random.Random(i).randbytes(1 << 20) * 4, i
            P
            """);
        await Mount.UnmountAsync();
        await s3.RemoveBucketAsync();
    }

    /// <summary>The journal has room, but neither memory nor the spill file has: what is closed is uploaded to make some.</summary>
    [Fact]
    public async Task FilesThatComeFasterThanTheyAreUploadedAreWaitedFor()
    {
        _mount = await Mount.StartAsync(target, Source, [.. Options, "--spill-dir", Disk.Root, "--journal", Path.Combine(target.Home, "journal-" + _prefix.TrimEnd('/'))]);
        await Mount.RunAsync("for i in $(seq 12); do noise 7000000 $i >\"$SCRATCH/f$i\"; done; cp \"$SCRATCH\"/f* .");
        await Mount.RemountAsync();
        await Mount.RunAsync("for i in $(seq 12); do cmp f$i <(noise 7000000 $i); done");
        await Mount.UnmountAsync();
    }

    private string Source => $"s3://{target.Bucket}/{_prefix}";

    private string[] Options => ["--key", "file:" + target.KeyFile, "--memory", "64M", "--write-back"];

    private async Task MountAsync() => _mount = await Mount.StartAsync(target, Source, [.. Options, "--journal", Journal]);
}
