using SseCFs.EndToEnd.Harness;
using Xunit;

namespace SseCFs.EndToEnd.Scenarios;

/// <summary>Files larger than what the mount may hold in memory, which leave while programs write them.</summary>
public sealed class LargeWrites(Target target) : Scenario(target)
{
    // Of them 24 MiB for what is staged.
    protected override string[] Options => ["--memory", "64M"];

    /// <summary>Neither on disk nor, under its name, in the bucket is anything of it while it is written; its start is then patched, as ffmpeg and zip do.</summary>
    [Fact]
    public async Task OneIsSeenWholeOnlyAndNeedsNoSpillFile()
    {
        var writing = RunAsync("""
            python3 - <<'P'
            import os, subprocess, time
            noise = subprocess.Popen('. "$PROGRAMS/prelude.sh"; noise 80000000 3', shell=True, executable="/bin/bash", stdout=subprocess.PIPE).stdout
            f = os.open("f", os.O_WRONLY | os.O_CREAT)
            while piece := noise.read(1 << 20):
                os.write(f, piece)
            open(os.environ["SCRATCH"] + "/written", "w").close()
            while not os.path.exists(os.environ["SCRATCH"] + "/looked"):
                time.sleep(0.05)
            os.pwrite(f, b"a header with the size", 100)
            os.close(f)
            P
            """);
        while (!writing.IsCompleted && !File.Exists(Path.Combine(Mount.Scratch, "written")))
        {
            await Task.Delay(50, TestContext.Current.CancellationToken);
        }
        Assert.Empty(await Target.S3.ListAsync(Prefix));
        if (Environment.IsPrivilegedProcess)
        {
            // Nobody else may look into a process that holds a key.
            Assert.DoesNotContain(
                new DirectoryInfo($"/proc/{Mount.Process.Id}/fd").EnumerateFiles(),
                file => file.LinkTarget?.Contains("ssecfs-spill", StringComparison.Ordinal) == true);
        }
        await File.WriteAllTextAsync(Path.Combine(Mount.Scratch, "looked"), "", TestContext.Current.CancellationToken);
        await writing;
        await ThenAsync("""cmp f <(noise 100 3; printf 'a header with the size'; noise 80000000 3 | tail -c +123)""");
    }

    /// <summary>The version before was written by the same mount: it must not pass for the new one.</summary>
    [Fact]
    public async Task OneWhoseUploadSomebodyAbortsIsStoredOrFails()
    {
        await RunAsync("noise 80000000 6 >f");
        var writing = RunAsync("""
            python3 - <<'P'
            import errno, os, subprocess, time
            f = os.open("f", os.O_WRONLY | os.O_TRUNC)
            data = subprocess.check_output('. "$PROGRAMS/prelude.sh"; noise 80000000 7', shell=True, executable="/bin/bash")
            at = 0
            while at < len(data):
                at += os.write(f, data[at:at + (1 << 20)])
            open(os.environ["SCRATCH"] + "/written", "w").close()
            while not os.path.exists(os.environ["SCRATCH"] + "/aborted"):
                time.sleep(0.05)
            try:
                os.close(f)
            except OSError as e:
                assert e.errno == errno.EIO, e
                open(os.environ["SCRATCH"] + "/failed", "w").close()
            P
            """);
        while (!writing.IsCompleted && !File.Exists(Path.Combine(Mount.Scratch, "written")))
        {
            await Task.Delay(50, TestContext.Current.CancellationToken);
        }
        Assert.NotEqual(0, await Target.S3.AbortUploadsAsync(Prefix + "f"));
        await File.WriteAllTextAsync(Path.Combine(Mount.Scratch, "aborted"), "", TestContext.Current.CancellationToken);
        await writing;
        var hasFailed = File.Exists(Path.Combine(Mount.Scratch, "failed"));
        await Mount.KillAsync();
        await Mount.StartAgainAsync();
        // The children of the program closed the file, too, when it was cut to nothing: that was not stored.
        await RunAsync($"cmp f <(noise 80000000 {(hasFailed ? 6 : 7)})");
    }

    /// <summary>What is with the service alone by now is read and patched all the same.</summary>
    [Fact]
    public async Task WhatHasLeftIsReadAndPatched()
    {
        await RunAsync("""
            python3 - <<'P'
            import os, subprocess
            data = bytearray(subprocess.check_output('. "$PROGRAMS/prelude.sh"; noise 90000000 4', shell=True, executable="/bin/bash"))
            f = os.open("f", os.O_RDWR | os.O_CREAT)
            def write(at, piece):
                data[at:at + len(piece)] = piece
                while piece:
                    n = os.pwrite(f, piece[:1 << 20], at)
                    at, piece = at + n, piece[n:]
            write(0, bytes(data[:60_000_000]))
            assert os.pread(f, 100_000, 20_000_000) == data[20_000_000:20_100_000]
            write(60_000_000, bytes(data[60_000_000:]))
            write(30_000_000, b"patched")
            os.ftruncate(f, 85_000_000)
            os.close(f)
            P
            """);
        await ThenAsync("cmp f <(noise 30000000 4; printf patched; noise 85000000 4 | tail -c +30000008)");
    }

    [Theory]
    [MemberData(nameof(Moments))]
    public async Task MuchIsAppendedToAStoredFile(bool earlier)
    {
        await GivenAsync(earlier, "noise 30000000 1 >f; chmod 640 f");
        await RunAsync("noise 50000000 2 >>f");
        await ThenAsync("""cmp f <(noise 30000000 1; noise 50000000 2); is "$(stat -c %a f)" 640""");
    }

    /// <summary>cp of a stored file: the service copies it, and hardly anything passes through the mount.</summary>
    [Theory]
    [MemberData(nameof(Moments))]
    public async Task CopiesAreMadeByTheService(bool earlier)
    {
        await GivenAsync(earlier, "noise 40000000 1 >f; chmod 640 f; touch -d '2001-02-03 04:05:06.789' f; : >old");
        await RunAsync("""
            cp f copy; cp -p f kept; cp f old
            python3 - <<'P'
            import os
            a, b = os.open("f", os.O_RDONLY), os.open("part", os.O_WRONLY | os.O_CREAT)
            assert os.copy_file_range(a, b, 1000, 5, 0) == 1000
            os.close(a)
            os.close(b)
            P
            """);
        await ThenAsync("""
            cmp f copy; cmp f kept; cmp f old; cmp part <(noise 1005 1 | tail -c 1000)
            is "$(stat -c '%a %.9Y' kept)" "$(stat -c '%a %.9Y' f)"; [ "$(stat -c %Y copy)" -gt 1500000000 ]
            """);
    }

    [Fact]
    public async Task ItsAttributesAndNameArePreserved()
    {
        await RunAsync("""
            noise 70000000 5 >"$SCRATCH/big"; touch -d '2001-02-03 04:05:06.789' "$SCRATCH/big"; chmod 604 "$SCRATCH/big"
            mkdir d; cp -p "$SCRATCH/big" d/copy
            (cat "$SCRATCH/big"; mv d/written d/moved; mv d e; cat "$SCRATCH/big") >d/written
            """);
        await ThenAsync("""
            cmp e/copy "$SCRATCH/big"; is "$(stat -c '%a %.9Y' e/copy)" "$(stat -c '%a %.9Y' "$SCRATCH/big")"
            cmp e/moved <(cat "$SCRATCH/big" "$SCRATCH/big"); is "$(ls e)" $'copy\nmoved'
            """);
    }
}
