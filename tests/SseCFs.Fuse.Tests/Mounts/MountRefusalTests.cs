using SseCFs.Fuse.Mounting;

namespace SseCFs.Fuse.Tests.Mounts;

/// <summary>Each way a mount can fail has its reason and a sentence.</summary>
public sealed class MountRefusalTests
{
    private const uint Nobody = 65534;

    [MountFact]
    public void A_directory_that_is_missing()
    {
        using var mount = MountProcess.Start(directory: "/tmp/ssecfs-fuse-test-missing/dir");
        Assert.Equal("DirectoryMissing: /tmp/ssecfs-fuse-test-missing/dir: no such directory", mount.Greeting);
        Assert.Equal(1, mount.WaitForEnd().ExitCode);
    }

    [MountFact]
    public void A_file_instead_of_a_directory()
    {
        var file = Path.GetTempFileName();
        try
        {
            using var mount = MountProcess.Start(directory: file);
            Assert.Equal($"NotADirectory: {file}: not a directory", mount.Greeting);
        }
        finally
        {
            File.Delete(file);
        }
    }

    [MountFact]
    public void A_directory_that_is_mounted_already()
    {
        using var first = MountProcess.Mounted();
        using (var second = MountProcess.Start(directory: first.Directory))
        {
            Assert.Equal($"AlreadyMounted: {first.Directory}: a file system of type fuse.ssecfs is mounted there already", second.Greeting);
            Assert.Equal(1, second.WaitForEnd().ExitCode);
            first.Run("echo still > served");
        }
    }

    [MountFact]
    public void An_ordinary_user_mounts_through_fusermount3_and_works_there_alone()
    {
        using var mount = MountProcess.Mounted(Nobody);
        var line = MountProcess.Shell($"grep ' {mount.Directory} ' /proc/self/mounts").Output;
        Assert.StartsWith(@"memory\043test,\040with\040a\040comma ", line, StringComparison.Ordinal);
        Assert.Contains($" fuse.ssecfs rw,nosuid,nodev,relatime,user_id={Nobody},group_id={Nobody},default_permissions ", line, StringComparison.Ordinal);
        mount.Run("echo mine > f; test \"$(cat f)\" = mine; mkdir d; mv f d; test \"$(stat -c %u d/f)\" = 65534; rm -r d", uid: Nobody);
        // Without allow_other not even root may enter.
        Assert.NotEqual(0, MountProcess.Shell("ls", mount.Directory).ExitCode);
        Assert.Equal(0, MountProcess.Shell($"fusermount3 -u '{mount.Directory}'", uid: Nobody).ExitCode);
        Assert.Equal("unmounted", mount.WaitForEnd().Output);
    }

    [MountFact]
    public void An_ordinary_users_mount_is_unmounted_when_it_stops()
    {
        var mount = MountProcess.Mounted(Nobody);
        mount.Dispose();
        Assert.False(Directory.Exists(mount.Directory));
    }

    [MountFact]
    public void An_ordinary_user_needs_leave_for_allow_other()
    {
        if (File.Exists("/etc/fuse.conf") && File.ReadLines("/etc/fuse.conf").Any(line => line.Trim() == "user_allow_other"))
        {
            Assert.Skip("/etc/fuse.conf has user_allow_other");
        }
        using var mount = MountProcess.Start(Nobody, null, "allow_other");
        Assert.Equal("AllowOtherForbidden: allow_other needs the line user_allow_other in /etc/fuse.conf", mount.Greeting);
    }

    [MountFact]
    public void An_ordinary_user_may_not_mount_on_anothers_directory()
    {
        using var mount = MountProcess.Start(Nobody, MountProcess.NewDirectory(owner: 0));
        Assert.StartsWith($"NotPermitted: {mount.Directory}: ", mount.Greeting, StringComparison.Ordinal);
    }

    [Fact]
    public void What_fusermount3_says_becomes_a_reason()
    {
        Assert.Equal(FuseMountFailure.DeviceMissing, Fusermount.Refusal("/m", "fuse device not found, try 'modprobe fuse' first").Reason);
        Assert.Equal(FuseMountFailure.NotPermitted, Fusermount.Refusal("/m", "user has no write access to mountpoint /m").Reason);
        Assert.Equal(FuseMountFailure.Busy, Fusermount.Refusal("/m", "mount failed: Device or resource busy").Reason);
        Assert.Equal(FuseMountFailure.Other, Fusermount.Refusal("/m", "something else").Reason);
    }

    [Fact]
    public void Unmounting_what_is_not_mounted_says_so()
    {
        var failure = Assert.Throws<FuseMountException>(() => FuseMount.Unmount("/tmp/ssecfs-fuse-test-missing", lazy: false));
        Assert.Equal(FuseMountFailure.NotMounted, failure.Reason);
    }

    [Fact]
    public void Options_out_of_range_are_refused_at_once()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new FuseMountOptions { ReaderThreads = 0 }.Validate());
        Assert.Throws<ArgumentOutOfRangeException>(() => new FuseMountOptions { MaxWrite = 2 << 20 }.Validate());
        Assert.Throws<ArgumentOutOfRangeException>(() => new FuseMountOptions { MaxWrite = 5000 }.Validate());
    }
}
