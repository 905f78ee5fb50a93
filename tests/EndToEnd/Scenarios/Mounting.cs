using SseCFs.EndToEnd.Harness;
using Xunit;

namespace SseCFs.EndToEnd.Scenarios;

/// <summary>The command itself: mounting, refusing to mount, unmounting.</summary>
public sealed class Mounting(Target target) : Scenario(target)
{
    [Fact]
    public async Task InTheBackground()
    {
        await ToolAsync("""
            mkdir "$SCRATCH/m"
            start=$(date +%s%N)
            mount_it "$SCRATCH/m"
            echo "mounted after $((($(date +%s%N) - start) / 1000000)) ms"
            mountpoint -q "$SCRATCH/m"
            echo hello >"$SCRATCH/m/f"; is "$(cat "$SCRATCH/m/f")" hello
            refused '' mount_it "$SCRATCH/m"
            is "$(cat "$SCRATCH/m/f")" hello
            "$TOOL" umount "$SCRATCH/m"
            not_mounted "$SCRATCH/m"
            refused '' "$TOOL" umount "$SCRATCH/m"
            for _ in $(seq 50); do pgrep -f -- "$SCRATCH/m" >/dev/null || exit 0; sleep 0.1; done
            echo "a process of the mount is left"; exit 1
            """);
    }

    [Fact]
    public async Task ReadOnly() => await ToolAsync("""
        mkdir "$SCRATCH/m"; echo 1 >"$MNT/f"
        mount_it "$SCRATCH/m" --read-only
        trap '"$TOOL" umount "$SCRATCH/m"' EXIT
        is "$(cat "$SCRATCH/m/f")" 1
        refused 'Read-only file system' touch "$SCRATCH/m/new"
        refused 'Read-only file system' rm "$SCRATCH/m/f"
        refused 'Read-only file system' mv "$SCRATCH/m/f" "$SCRATCH/m/g"
        refused 'Read-only file system' chmod 600 "$SCRATCH/m/f"
        """);

    [Fact]
    public async Task AsMountHelper() => await ToolAsync("""
        mkdir "$SCRATCH/m"; ln -s "$TOOL" "$SCRATCH/mount.ssecfs"
        "$SCRATCH/mount.ssecfs" "$SOURCE" "$SCRATCH/m" -o "rw,key=file:$KEY,endpoint=$ENDPOINT,region=us-east-1${CA:+,ca-file=$CA}"
        trap '"$TOOL" umount "$SCRATCH/m"' EXIT
        echo 1 >"$SCRATCH/m/f"; is "$(cat "$SCRATCH/m/f")" 1
        """);

    /// <summary>The real mount(8), with its helpers where nobody else sees them; libmount drops dev and suid from what it hands on.</summary>
    [Fact]
    public async Task ThroughMountAndFstab()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "mount(8) mounts for root, and for others only what /etc/fstab allows");
        await ToolAsync("""
            mkdir "$SCRATCH/m" "$SCRATCH/sbin"
            helpers=$(readlink -f /sbin)
            cp -a "$helpers/." "$SCRATCH/sbin/"
            for helper in mount.ssecfs mount.fuse.ssecfs umount.fuse.ssecfs; do ln -sf "$TOOL" "$SCRATCH/sbin/$helper"; done
            at=$SCRATCH/m common="key=file:$KEY,endpoint=$ENDPOINT,region=us-east-1${CA:+,ca-file=$CA}"
            export at common TOOL SOURCE helpers
            unshare --mount --propagation private bash -euo pipefail <<'P'
            . "$PROGRAMS/prelude.sh"
            mount --bind "$SCRATCH/sbin" "$helpers"
            trap 'mountpoint -q "$at" && "$TOOL" umount "$at"' EXIT
            fstab() { echo "$SOURCE $at ssecfs $1,$common,_netdev 0 0" >"$SCRATCH/fstab"; }
            gives() { # gives FLAGS COMMAND...: of nosuid, nodev and noexec the mount has these, and it works
                local flags=$1; shift
                "$@" || { echo "failed: $*"; exit 1; }
                echo 1 >"$at/f"; is "$(cat "$at/f")" 1
                is "$(findmnt -n -o VFS-OPTIONS "$at" | tr , '\n' | grep -xE 'nosuid|nodev|noexec' | tr '\n' ' ')" "$flags"
                umount "$at"; not_mounted "$at"
            }
            gives 'nosuid nodev ' mount -t ssecfs "$SOURCE" "$at" -o "$common"
            gives 'nosuid nodev ' mount -t ssecfs "$SOURCE" "$at" -o "defaults,$common"
            gives '' mount -t ssecfs "$SOURCE" "$at" -o "dev,suid,$common"
            gives '' mount -t fuse.ssecfs "$SOURCE" "$at" -o "$common" -o dev,suid
            gives 'nodev ' mount -t ssecfs "$SOURCE" "$at" -o "$common,suid"
            gives 'nosuid noexec ' mount -t ssecfs "$SOURCE" "$at" -o "noexec,dev,$common"
            gives 'nosuid nodev ' mount -t ssecfs "$SOURCE" "$at" -o "dev,suid,nodev,nosuid,$common"
            fstab defaults; gives 'nosuid nodev ' mount -T "$SCRATCH/fstab" "$at"
            fstab dev,suid; gives '' mount -T "$SCRATCH/fstab" "$at"
            gives '' mount -T "$SCRATCH/fstab" -a
            gives 'nodev ' mount -T "$SCRATCH/fstab" "$at" -o nodev
            gives 'nosuid nodev ' mount -T "$SCRATCH/fstab" -t ssecfs "$SOURCE" "$at" -o "$common"
            fstab users; gives 'nosuid nodev noexec ' mount -T "$SCRATCH/fstab" "$at"
            fstab users,exec,dev,suid; gives '' mount -T "$SCRATCH/fstab" "$at"
            P
            """);
    }

    [Fact]
    public async Task BadInputFailsWithOneClearLine() => await ToolAsync("""
        mkdir "$SCRATCH/m"; head -c 31 "$KEY" >"$SCRATCH/short"; chmod 600 "$SCRATCH/short"
        cp "$KEY" "$SCRATCH/open"; chmod 644 "$SCRATCH/open"
        says() { # says TEXT COMMAND...: fails within seconds, with one line that has the text, and no mount
            local text=$1 said; shift
            if said=$(timeout 60 "$@" 2>&1 </dev/null); then echo "did not fail: $*"; exit 1; fi
            is "$(wc -l <<<"$said")" 1
            grep -qi -- "$text" <<<"$said" || { echo "said: $said"; exit 1; }
            not_mounted "$SCRATCH/m"
        }
        says '31' "$TOOL" mount "$SOURCE" "$SCRATCH/m" --key "file:$SCRATCH/short" "${SERVICE[@]}"
        says 'others\|permission\|mode' "$TOOL" mount "$SOURCE" "$SCRATCH/m" --key "file:$SCRATCH/open" "${SERVICE[@]}"
        says 'no-such-key-file' "$TOOL" mount "$SOURCE" "$SCRATCH/m" --key file:/no-such-key-file "${SERVICE[@]}"
        says 'bucket' "$TOOL" mount s3://no-such-bucket-at-all "$SCRATCH/m" --key "file:$KEY" "${SERVICE[@]}"
        says 'none' "$TOOL" mount "$SOURCE" "$SCRATCH/none" --key "file:$KEY" "${SERVICE[@]}"
        says 'http' "$TOOL" mount "$SOURCE" "$SCRATCH/m" --key "file:$KEY" --endpoint http://192.0.2.1
        touch "$SCRATCH/full-of-files"; mkdir "$SCRATCH/full"; touch "$SCRATCH/full/x"
        says 'empty' "$TOOL" mount "$SOURCE" "$SCRATCH/full" --key "file:$KEY" "${SERVICE[@]}"
        AWS_SECRET_ACCESS_KEY=wrong says 'credential\|secret\|signature\|denied' "$TOOL" mount "$SOURCE" "$SCRATCH/m" --key "file:$KEY" "${SERVICE[@]}"
        says 'cannot be reached' "$TOOL" mount "$SOURCE" "$SCRATCH/m" --key "file:$KEY" --endpoint http://127.0.0.1:9
        """);

    [Fact]
    public async Task CheckAndMakeBucket() => await ToolAsync("""
        "$TOOL" check "$SOURCE" --key "file:$KEY" "${SERVICE[@]}"
        name=made-$RANDOM$RANDOM
        "$TOOL" mb "s3://$name" "${SERVICE[@]}"
        mkdir "$SCRATCH/m"
        "$TOOL" mount "s3://$name" "$SCRATCH/m" --key "file:$KEY" "${SERVICE[@]}"
        echo 1 >"$SCRATCH/m/f"; rm "$SCRATCH/m/f"
        "$TOOL" umount "$SCRATCH/m"
        """);

    /// <summary>A mount that is asked while it comes, here with a slow fusermount3 (that root does without), is unmounted as soon as it is there.</summary>
    [Fact]
    public async Task ItIsUnmountedWhileItComes() => await ToolAsync("""
        mkdir "$SCRATCH/m" "$SCRATCH/bin"
        printf '#!/bin/sh\nsleep 1\nexec %s "$@"\n' "$(command -v fusermount3)" >"$SCRATCH/bin/fusermount3"
        chmod +x "$SCRATCH/bin/fusermount3"
        PATH=$SCRATCH/bin:$PATH "$TOOL" mount "$SOURCE" "$SCRATCH/m" --key "file:$KEY" "${SERVICE[@]}" --foreground & mount=$!
        until "$TOOL" umount "$SCRATCH/m" 2>"$SCRATCH/said"; do
            grep -q 'nothing is mounted there' "$SCRATCH/said" || { cat "$SCRATCH/said"; kill $mount; exit 1; }
            kill -0 $mount
        done
        wait $mount
        ! mountpoint -q "$SCRATCH/m"
        """);

    /// <summary>SIGTERM, as at shutdown: everything is stored before the process ends.</summary>
    [Fact]
    public async Task TerminationStoresEverything()
    {
        await RunAsync($"noise 3000000 1 >f; chmod 640 f; kill -TERM {Mount.Process.Id}");
        Assert.True(await Mount.Process.ExitsAsync(), "SIGTERM did not end the mount");
        await Mount.DisposeAsync();
        await StartAgainAsync();
        await RunAsync("cmp f <(noise 3000000 1); is \"$(stat -c %a f)\" 640");
    }

    /// <summary>A killed process loses nothing that was closed.</summary>
    [Fact]
    public async Task AKilledMountLosesNothingThatWasClosed()
    {
        await RunAsync("noise 3000000 1 >f; mkdir d; echo 1 >d/g; mv d e; ln -s f l; chmod 640 f; sync f");
        await Mount.DisposeAsync();
        await StartAgainAsync();
        await RunAsync("""cmp f <(noise 3000000 1); is "$(cat e/g)" 1; is "$(readlink l)" f; is "$(stat -c %a f)" 640""");
    }

    /// <summary>After close returned, an open on another mount sees the new content; an open handle reads one version only.</summary>
    [Fact]
    public async Task CloseToOpenBetweenTwoMounts()
    {
        await using var other = await Mount.StartAsync(Target, Source, ["--key", "file:" + KeyFile]);
        await RunAsync($$"""
            other={{other.Root}}
            echo one >f
            is "$(cat "$other/f")" one
            echo two, longer >f
            is "$(cat "$other/f")" 'two, longer'
            echo three >"$other/f"
            is "$(cat f)" three
            echo new >"$other/new"
            # A name that was not there before shows once this mount's listing is no longer fresh.
            for _ in $(seq 100); do [ ! -e new ] || break; sleep 0.1; done
            is "$(cat new)" new
            mv "$other/new" "$other/f"
            is "$(cat f)" new
            noise 9000000 1 >big
            OTHER=$other python3 - <<'P'
            import errno, os, subprocess
            before = open("big", "rb").read()
            f = os.open("big", os.O_RDONLY)
            part = os.pread(f, 100_000, 0)
            subprocess.check_call('. "$PROGRAMS/prelude.sh"; noise 9000000 2 >"$OTHER/big"', shell=True, executable="/bin/bash")
            try:
                at = len(part)
                while piece := os.pread(f, 1 << 20, at):
                    assert piece == before[at:at + len(piece)], "bytes of two versions in one handle"
                    at += len(piece)
                assert at == len(before)
            except OSError as e:
                assert e.errno == errno.ESTALE, e
            P
            cmp big <(noise 9000000 2)
            """);
        await other.UnmountAsync();
    }
}
