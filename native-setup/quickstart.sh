#!/usr/bin/env bash
# From a fresh clone to a mounted, encrypted directory: installs fuse3 and build needs, builds the command, starts the embedded store, makes a
# bucket and a key, and mounts. A second run reuses what is there. As root or as an ordinary user.
#
#   native-setup/quickstart.sh          sets up, and prints five things to try
#   native-setup/quickstart.sh --stop   unmounts and stops the store; files, key and build stay for the next time
#
# SSECFS_QUICKSTART_DIR    where all of it lives       [~/.local/share/ssecfs-quickstart]
# SSECFS_QUICKSTART_MOUNT  the directory to work in    [~/ssecfs]
# SSECFS_QUICKSTART_PORT   the store's, on 127.0.0.1   [9000]
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
state=${SSECFS_QUICKSTART_DIR:-${XDG_DATA_HOME:-$HOME/.local/share}/ssecfs-quickstart}
mount=${SSECFS_QUICKSTART_MOUNT:-$HOME/ssecfs}
port=${SSECFS_QUICKSTART_PORT:-9000}
bucket=quickstart
tool=$state/bin/ssecfs
endpoint=http://127.0.0.1:$port

die() { echo "quickstart.sh: $*" >&2; exit 1; }

# The store's own credentials, and nothing of what the caller has for other services.
with_credentials=(env -u AWS_ACCESS_KEY_ID -u AWS_SECRET_ACCESS_KEY -u AWS_SESSION_TOKEN -u AWS_PROFILE
    AWS_CONFIG_FILE=/dev/null "AWS_SHARED_CREDENTIALS_FILE=$state/credentials" AWS_REGION=us-east-1)

is_mounted() { grep -qF " ${mount// /\\040} fuse.ssecfs " /proc/self/mounts; }

# The process that the file names, if it still is the store and not another one that got its number.
store_pid() {
    local pid
    pid=$(cat "$state/store.pid" 2>/dev/null) && tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null | grep -qF "$tool serve " && echo "$pid"
}

stop() {
    local pid
    if is_mounted; then "$tool" umount "$mount"; fi
    if pid=$(store_pid); then
        kill "$pid"
        while [ -e "/proc/$pid" ]; do sleep 0.05; done
    fi
    rm -f "$state/store.pid"
    echo "stopped; everything is kept in $state"
}

build() {
    if [ -x "$tool" ] && [ -z "$(find "$root/src" "$root"/*.props -newer "$tool" -type f -not -path '*/obj/*' -not -path '*/bin/*' -print -quit)" ]; then
        return
    fi
    command -v dotnet >/dev/null || die "the .NET SDK 10 is missing: https://dotnet.microsoft.com/download"
    echo "building (a minute or two)"
    # Its own folder for what the build leaves, so that the clone may be somebody else's.
    dotnet publish "$root/src/SseCFs.Tool" -c Release -r linux-x64 --artifacts-path "$state/build" -o "$state/publish" -v q -nologo \
        >"$state/build.log" 2>&1 </dev/null || { tail -n 20 "$state/build.log" >&2; die "the build failed: $state/build.log"; }
    mkdir -p "$state/bin"
    # In one step, and as a new file: an older one may be running.
    cp "$state/publish/ssecfs" "$tool.new"
    mv "$tool.new" "$tool"
}

start_store() {
    if store_pid >/dev/null; then return; fi
    : >"$state/store.log"
    "${with_credentials[@]}" setsid "$tool" serve "$state/objects" --listen "127.0.0.1:$port" --credentials "$state/credentials" \
        >"$state/store.log" 2>&1 </dev/null &
    echo $! >"$state/store.pid"
    for _ in $(seq 200); do
        if grep -q '^serving ' "$state/store.log"; then return; fi
        [ -e "/proc/$!" ] || break
        sleep 0.05
    done
    rm -f "$state/store.pid"
    cat "$state/store.log" >&2
    die "the store does not start; is port $port taken? SSECFS_QUICKSTART_PORT takes another"
}

case ${1:-} in
"") ;;
--stop) stop; exit ;;
*) echo "usage: native-setup/quickstart.sh [--stop]" >&2; exit 2 ;;
esac

umask 077
mkdir -p "$state" "$mount"
"$root/native-setup/linux.sh"
build
start_store
# 8: it is there from the last time.
"${with_credentials[@]}" "$tool" mb "s3://$bucket" --endpoint "$endpoint" 2>"$state/mb.log" || [ $? = 8 ] || die "$(cat "$state/mb.log")"
[ -e "$state/key" ] || head -c 32 /dev/urandom | base64 >"$state/key"
is_mounted || "${with_credentials[@]}" "$tool" mount "s3://$bucket" "$mount" --key "file:$state/key" --endpoint "$endpoint" --log-file "$state/mount.log"

cat <<T
$mount is mounted: what is written there is stored encrypted in s3://$bucket at $endpoint.

Five things to try:
  1. echo "for my eyes only" > $mount/note.txt; cat $mount/note.txt; ls -l $mount
  2. grep -r "my eyes" $state/objects || echo "the store has nothing but ciphertext"
  3. git init $mount/repo && cd $mount/repo && echo hello > a && git add a && git -c user.name=me -c user.email=me@example.org commit -m first
  4. cp -a /usr/share/doc/base-files $mount/docs && diff -r /usr/share/doc/base-files $mount/docs && echo same
  5. cd; $tool umount $mount; $root/native-setup/quickstart.sh; cat $mount/note.txt

The key is $state/key: without it nobody reads the files, you included.
Stop it all with: $root/native-setup/quickstart.sh --stop
T
