namespace SseCFs.Fuse.Tests.Mounts;

/// <summary>The kernel itself, and ordinary programs on top.</summary>
public sealed class RealMountTests
{
    [MountFact]
    public void The_mount_table_shows_source_type_and_flags()
    {
        using var mount = MountProcess.Mounted(options: "noexec");
        var line = MountProcess.Shell($"grep ' {mount.Directory} ' /proc/self/mounts").Output;
        Assert.StartsWith(@"memory\043test,\040with\040a\040comma ", line, StringComparison.Ordinal);
        Assert.Contains(" fuse.ssecfs rw,nosuid,nodev,noexec,relatime,user_id=0,group_id=0,default_permissions ", line, StringComparison.Ordinal);
        Assert.Contains($"on {mount.Directory} type fuse.ssecfs", MountProcess.Shell("mount").Output, StringComparison.Ordinal);
    }

    [MountFact]
    public void Files_are_made_read_changed_moved_and_removed()
    {
        using var mount = MountProcess.Mounted();
        mount.Run("""
            echo one > a; test "$(cat a)" = one
            echo two >> a; test "$(cat a)" = $'one\ntwo'
            printf X | dd of=a bs=1 seek=1 conv=notrunc status=none; test "$(head -1 a)" = oXe
            truncate -s 3 a; test "$(stat -c %s a)" = 3
            truncate -s 10000 a; test "$(stat -c %s a)" = 10000
            : > a; test ! -s a
            mkdir -p d/e; mv a d/e/b; test ! -e a; test -f d/e/b
            ! rmdir d 2>/dev/null
            echo x > x; echo y > y; mv x y; test "$(cat y)" = x; test ! -e x
            mv -n y d/e/b; test -f y
            ln -s d/e link; test "$(readlink link)" = d/e; test -f link/b
            mkfifo pipe; test -p pipe
            ! ln y hard 2>err; grep -q 'not permitted' err
            ! (set -C; echo again > y) 2>/dev/null
            rm -r d link pipe y err; test -z "$(ls -A)"
            """);
    }

    [MountFact]
    public void Large_directories_are_listed_whole()
    {
        using var mount = MountProcess.Mounted();
        mount.Run("""
            for i in $(seq 3000); do : > "a-rather-long-file-name-number-$i"; done
            test "$(ls | wc -l)" = 3000
            test "$(ls -l | wc -l)" = 3001
            test "$(find . -type f -size 0 | wc -l)" = 3000
            rm -f a-*; test -z "$(ls -A)"
            """);
    }

    [MountFact]
    public void Modes_owners_and_times_are_kept_to_the_nanosecond()
    {
        using var mount = MountProcess.Mounted(options: "allow_other");
        mount.Run("""
            echo x > f; chmod 4755 f; test "$(stat -c %a f)" = 4755
            chown 1234:4321 f; test "$(stat -c %u:%g:%a f)" = 1234:4321:755
            touch -d '2001-02-03 04:05:06.123456789 UTC' f; test "$(TZ=UTC stat -c %y f)" = '2001-02-03 04:05:06.123456789 +0000'
            touch -d '1969-12-31 23:59:58.5 UTC' f; test "$(stat -c %Y f)" = -2
            before=$(date +%s); touch f; test "$(stat -c %Y f)" -ge "$before"
            chmod 4777 f
            """);
        // An ordinary user's write and truncation take the set-user-id bit. The size is asked for too, because a write
        // makes the kernel doubt sizes and times only: the mode alone would come from its cache for up to a second.
        mount.Run("""
            echo y >> f; test "$(stat -c %a:%s f)" = 777:4
            """, uid: 1234);
        mount.Run("chmod 4777 f");
        mount.Run("""
            : > f; test "$(stat -c %a:%s f)" = 777:0
            """, uid: 4444);
        mount.Run("""
            chmod 4777 f; echo z >> f; test "$(stat -c %a:%s f)" = 4777:2
            chmod 700 f
            """);
        // default_permissions: the kernel refuses by mode.
        Assert.Equal(1, MountProcess.Shell("cat f", mount.Directory, uid: 4444).ExitCode);
    }

    /// <summary>The kernel says so by a SETATTR of nothing, before it sends what changes the content.</summary>
    [MountFact]
    public void An_ordinary_users_fallocate_takes_the_set_id_bits()
    {
        using var mount = MountProcess.Mounted(options: "allow_other");
        foreach (var change in new[] { "-l 20000", "-n -l 20000", "-p -l 4096", "-z -l 4096" })
        {
            mount.Run("head -c 8192 /dev/zero > f; chmod 6777 f");
            mount.Run($"""
                fallocate {change} f; test "$(stat -c %a f)" = 777
                """, uid: 4444);
            mount.Run($"""
                chmod 6777 f; fallocate {change} f; test "$(stat -c %a f)" = 6777
                """);
        }
    }

    [MountFact]
    public void Extended_attributes_work()
    {
        using var mount = MountProcess.Mounted();
        mount.Run("""
            python3 - <<'END'
            import os, errno
            open('f', 'w').close()
            os.setxattr('f', 'user.a', b'one'); os.setxattr('f', 'user.empty', b'')
            assert os.getxattr('f', 'user.a') == b'one'
            assert sorted(os.listxattr('f')) == ['user.a', 'user.empty']
            os.setxattr('f', 'user.big', bytes(60000)); assert len(os.getxattr('f', 'user.big')) == 60000
            for call, code in [
                (lambda: os.setxattr('f', 'user.a', b'', os.XATTR_CREATE), errno.EEXIST),
                (lambda: os.setxattr('f', 'user.none', b'', os.XATTR_REPLACE), errno.ENODATA),
                (lambda: os.getxattr('f', 'user.none'), errno.ENODATA)]:
                try:
                    call(); raise SystemExit('no error')
                except OSError as e:
                    assert e.errno == code, e
            os.removexattr('f', 'user.a'); assert 'user.a' not in os.listxattr('f')
            END
            """);
    }

    [MountFact]
    public void Much_data_comes_back_as_it_went()
    {
        using var mount = MountProcess.Mounted();
        mount.Run("""
            head -c 50000001 /dev/urandom > /tmp/ssecfs-fuse-test-$$; trap 'rm -f /tmp/ssecfs-fuse-test-$$' EXIT
            cp /tmp/ssecfs-fuse-test-$$ big; cmp big /tmp/ssecfs-fuse-test-$$
            echo 1 > /proc/sys/vm/drop_caches; cmp big /tmp/ssecfs-fuse-test-$$
            dd if=big of=copy bs=1M oflag=direct status=none iflag=fullblock conv=notrunc count=40
            dd if=copy bs=3M iflag=direct status=none | cmp -n 41943040 - big
            dd if=big of=part bs=777 count=1000 skip=5 status=none; cmp -n 777000 part <(tail -c +3886 big)
            """);
    }

    [MountFact]
    public void Shared_mappings_locks_append_and_fallocate_work()
    {
        using var mount = MountProcess.Mounted();
        mount.Run("""
            python3 - <<'END'
            import os, mmap, fcntl, ctypes
            with open('m', 'w+b') as f:
                f.write(bytes(100000)); f.flush()
                with mmap.mmap(f.fileno(), 0) as m:
                    m[50000:50005] = b'hello'; m.flush()
                fcntl.flock(f, fcntl.LOCK_EX); fcntl.lockf(f, fcntl.LOCK_EX)
            assert open('m', 'rb').read()[50000:50005] == b'hello'
            a = os.open('log', os.O_CREAT | os.O_WRONLY | os.O_APPEND); b = os.open('log', os.O_WRONLY | os.O_APPEND)
            os.write(a, b'1'); os.write(b, b'2'); os.write(a, b'3'); os.close(a); os.close(b)
            assert open('log').read() == '123'
            f = os.open('m', os.O_RDWR)
            libc = ctypes.CDLL(None, use_errno=True)
            fallocate = lambda mode, at, n: libc.fallocate(f, mode, ctypes.c_long(at), ctypes.c_long(n))
            assert fallocate(3, 50000, 5) == 0 and os.pread(f, 5, 50000) == bytes(5)
            assert fallocate(0, 0, 200000) == 0 and os.fstat(f).st_size == 200000
            assert fallocate(1, 0, 300000) == 0 and os.fstat(f).st_size == 200000
            assert fallocate(0x10, 199000, 2000) == 0 and os.fstat(f).st_size == 201000
            assert fallocate(8, 0, 4096) == -1 and ctypes.get_errno() == 95
            assert os.lseek(f, 0, os.SEEK_END) == 201000 and os.lseek(f, 10, os.SEEK_DATA) == 10
            os.copy_file_range(f, os.open('copied', os.O_CREAT | os.O_WRONLY), 1000, 0)
            assert os.stat('copied').st_size == 1000
            assert os.statvfs('.').f_namemax == 255
            os.unlink('m'); assert os.fstat(f).st_size == 201000
            END
            """);
    }

    [MountFact]
    public void Ctrl_C_ends_a_read_that_hangs()
    {
        using var mount = MountProcess.Mounted();
        mount.Run("echo x > hangs");
        // 124: timeout had to send its signal, and the signal was enough.
        var result = MountProcess.Shell("timeout -s INT -k 20 1 cat hangs", mount.Directory);
        Assert.Equal(124, result.ExitCode);
        mount.Run("echo still > served; test \"$(cat served)\" = still");
    }

    [MountFact]
    public void A_read_only_mount_refuses_writes()
    {
        using var mount = MountProcess.Mounted(options: "ro");
        var result = MountProcess.Shell("echo x > a", mount.Directory);
        Assert.NotEqual(0, result.ExitCode);
        Assert.Contains("Read-only file system", result.Output, StringComparison.Ordinal);
    }

    [MountFact]
    public void Many_programs_at_once_on_one_reader_thread()
    {
        using var mount = MountProcess.Mounted(options: "readers=1");
        mount.Run("""
            for i in $(seq 8); do
              ( mkdir "d$i"; for j in $(seq 40); do echo "$i $j" > "d$i/$j"; mv "d$i/$j" "d$i/x$j"; cat "d$i/x$j" > /dev/null; done ) &
            done
            wait
            test "$(find . -type f | wc -l)" = 320
            """);
    }

    [MountFact]
    public void Umount_ends_the_serving_process()
    {
        using var mount = MountProcess.Mounted();
        Assert.Equal(0, MountProcess.Shell($"umount '{mount.Directory}'").ExitCode);
        Assert.Equal(new CommandResult(0, "unmounted"), mount.WaitForEnd());
    }

    [MountFact]
    public void Stopping_unmounts_also_while_a_file_is_open()
    {
        using var mount = MountProcess.Mounted();
        mount.Run("echo content > f");
        using (var open = File.OpenRead(Path.Combine(mount.Directory, "f")))
        {
            mount.Dispose();
            Assert.False(Directory.Exists(mount.Directory));
        }
    }
}
