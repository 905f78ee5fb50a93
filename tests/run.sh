#!/usr/bin/env bash
# The one command: builds everything and runs every test. The last line is the sum: `N passed, N failed`.
#
#   tests/run.sh           the full form: unit tests, those on a real Ceph included; then the end-to-end suite on the embedded
#                          store as root, in Ceph's dialect as an unprivileged user, and so on a real Ceph over TLS
#   tests/run.sh --all     the same on every dialect and the real Ceph, as both users, with longer random runs: two hours
#   tests/run.sh --units   unit tests alone, those that mount and that run the command itself included
#   tests/run.sh --fast    unit tests but for those with clients, and editors on a mount of the tool as it was just built: two minutes
#                          once it has been built before
#
# WINFSP_SOURCE, if set, names a checkout of WinFsp: the Windows adapter is then also built and tested with WinFsp's own .NET library.
#
# Needs the .NET SDK; Debian packages that are missing are installed (as root or through sudo). Runs can overlap:
# each has its own directory, ports and services, and leaves no process and no mount behind.
set -euo pipefail

form=${1:---full}
case $form in
--full | --all | --units | --fast) ;;
*) echo "usage: tests/run.sh [--full|--all|--units|--fast]" >&2; exit 2 ;;
esac

root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root"
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 TESTINGPLATFORM_TELEMETRY_OPTOUT=1
export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8
work=$(mktemp -d "${TMPDIR:-/tmp}/ssecfs-tests.XXXXXX")
chmod 755 "$work"
mkdir "$work/log"

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi; }

# Ends what this run started, told by its own directory: mounts below it, and processes running its copy of the tool.
clean_up() {
    local status=$? mount exe
    trap - EXIT INT TERM
    [ -e "$work/ceph/run" ] && "$root/tests/real/rgw.sh" down "$work/ceph"
    [ -e "$work/barbican/run" ] && "$root/tests/real/barbican.sh" down "$work/barbican"
    awk -v w="$work/" 'index($2, w) == 1 { print $2 }' /proc/mounts | while read -r mount; do
        echo "still mounted, detached: $mount" >&2
        as_root umount -l "$mount"
    done
    for exe in /proc/[0-9]*/exe; do
        case $(as_root readlink "$exe" 2>/dev/null) in
        "$work"/*) as_root kill -9 "$(basename "$(dirname "$exe")")" 2>/dev/null || true ;;
        esac
    done
    if [ -n "${SSECFS_TESTS_KEEP:-}" ]; then echo "kept: $work"; else as_root rm -rf "$work"; fi
    exit $status
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

die() { echo "run.sh: $*" >&2; echo "0 passed, 1 failed"; exit 1; }

install_packages() {
    local p missing=()
    local packages=(fuse3 gcc libc6-dev zlib1g-dev curl openssl util-linux)
    packages+=(git vim nano tmux sqlite3 rsync tar zip unzip attr python3 procps)
    [ $form = --fast ] || packages+=(awscli rclone s3cmd s3fs pwgen python3-openstackclient python3-barbicanclient)
    for p in "${packages[@]}"; do
        dpkg -s "$p" >/dev/null 2>&1 || missing+=("$p")
    done
    [ ${#missing[@]} -eq 0 ] && return
    echo "installing ${missing[*]}"
    { as_root apt-get -o DPkg::Lock::Timeout=600 update -qq &&
        as_root apt-get -o DPkg::Lock::Timeout=600 install -y -qq --no-install-recommends "${missing[@]}"
    } >"$work/log/apt.log" 2>&1 </dev/null || { tail -n 20 "$work/log/apt.log"; die "could not install packages"; }
}

# Where udev runs, its rule makes /dev/fuse everybody's; in a container or a bare VM nobody did.
open_fuse_device() {
    [ -e /dev/fuse ] || as_root mknod /dev/fuse c 10 229 || die "/dev/fuse is missing and cannot be made"
    [ "$(stat -c %a /dev/fuse)" = 666 ] || as_root chmod 666 /dev/fuse
}

# Builds under a lock, as two runs in one clone would write the same obj/, and tests copies, as the next build replaces them.
build() {
    local project name
    exec 9>"$root/.git/ssecfs-build.lock"
    flock 9
    dotnet build SseCFs.sln -c Release -v q >"$work/log/build.log" 2>&1 </dev/null ||
        { cat "$work/log/build.log"; die "the build failed"; }
    if [ $form = --fast ]; then
        cp -r src/SseCFs.Tool/bin/Release/net10.0 "$work/tool"
    else
        # It cannot run here, but it must stay a whole folder, without a stand-in for WinFsp's library.
        dotnet publish src/SseCFs.Tool -c Release -r win-x64 --self-contained -o "$work/windows" -v q >"$work/log/publish-windows.log" 2>&1 </dev/null ||
            { cat "$work/log/publish-windows.log"; die "publishing the tool for Windows failed"; }
        [ -e "$work/windows/ssecfs.exe" ] && [ -e "$work/windows/SseCFs.WinFsp.dll" ] && [ ! -e "$work/windows/winfsp-msil.dll" ] || die "the tool for Windows is not what it should be"
        rm -r "$work/windows"
        dotnet publish src/SseCFs.Tool -c Release -r linux-x64 -o "$work/tool" -v q >"$work/log/publish.log" 2>&1 </dev/null ||
            { cat "$work/log/publish.log"; die "publishing the tool failed"; }
        [ -x "$work/tool/ssecfs" ] && [ ! -e "$work/tool/ssecfs.dll" ] || die "the published tool is not a native binary"
    fi
    if [ -n "${WINFSP_SOURCE:-}" ]; then
        dotnet build tests/SseCFs.WinFsp.Tests -c Release -p:WinFspSource="$(realpath "$WINFSP_SOURCE")" -v q >"$work/log/build-winfsp.log" 2>&1 </dev/null ||
            { cat "$work/log/build-winfsp.log"; die "the build with WinFsp's own library failed"; }
        cp -r artifacts/winfsp-original/bin/SseCFs.WinFsp.Tests/release "$work/SseCFs.WinFsp.Tests.original"
    fi
    for project in tests/*/*.csproj; do
        name=$(basename "$project" .csproj)
        cp -r "tests/$(basename "$(dirname "$project")")/bin/Release/net10.0" "$work/$name"
    done
    chmod -R a+rX "$work"
    flock -u 9
}

# suite NAME LIMIT COMMAND...: runs an xunit.v3 program and notes its counts; LIMIT is in seconds. Several may run at once.
suite() {
    local name=$1 limit=$2 log="$work/log/$1.log" status=0 start=$SECONDS line good bad skip
    shift 2
    timeout --kill-after=30 "$limit" "$@" -noLogo -noColor >"$log" 2>&1 </dev/null || status=$?
    line=$(grep -E ' Total: [0-9]+, Errors: ' "$log" | tail -n 1 || true)
    count() { sed -nE "s/.* $1: ([0-9]+).*/\1/p" <<<"${line:-, Total: 0, Errors: 0, Failed: 0, Skipped: 0}"; }
    # Errors are what failed outside of a test, such as a fixture.
    bad=$(($(count Failed) + $(count Errors))) skip=$(count Skipped)
    good=$(($(count Total) - $(count Failed) - skip))
    if [ $bad -eq 0 ] && { [ $status -ne 0 ] || [ $good -eq 0 ]; }; then
        echo "$name: exit code $status, ${line:-no sum, and so no tests}"
        bad=1
    fi
    [ $bad -eq 0 ] || cat "$log"
    echo "$good $bad $skip" >>"$work/counts"
    printf '%-34s %4d passed, %d failed, %d skipped, %d s\n' "$name" $good $bad "$skip" $((SECONDS - start))
}

unit_tests() {
    local project name program names=() left_out
    for project in tests/*.Tests/*.csproj; do
        names+=("$(basename "$project" .csproj)")
    done
    [ -z "${WINFSP_SOURCE:-}" ] || names+=(SseCFs.WinFsp.Tests.original)
    for name in "${names[@]}"; do
        program="$work/$name/${name%.original}"
        # Drives with a letter are Windows'.
        left_out=(-class- "*.DriveOnLetterTests")
        if [ $form = --fast ]; then
            left_out+=(-class- "*.ClientTests")
            # The core's behaviour once more, through the drive's adapter.
            [ "${name%.original}" = SseCFs.WinFsp.Tests ] && left_out+=(-class- "SseCFs.Tests.*")
            suite "$name" 600 "$program" "${left_out[@]}" &
        else
            suite "$name" 600 env "$@" "$program" "${left_out[@]}"
        fi
    done
    # Seeds cost the processor alone, about 12 ms each.
    if [ $form = --fast ]; then
        suite Simulation 600 env SSECFS_SIMULATION_SEEDS=300 "$work/Simulation/Simulation" &
    else
        suite Simulation 1800 env SSECFS_SIMULATION_SEEDS=10000 "$work/Simulation/Simulation"
    fi
    wait
}

# end_to_end TARGET USER [NAME=VALUE...] [FILTER...]: the suite on embedded:DIALECT or ceph, as root or as nobody.
end_to_end() {
    local target=$1 user=$2 directory="$work/e2e-${1/:/-}-$2" as=() service=() settings=() threads=4
    shift 2
    while [[ ${1:-} == *=* ]]; do settings+=("$1"); shift; done
    if [ "$target" = ceph ]; then
        # Requests to the real Ceph take their time without using the processor.
        service=("${real[@]}") threads=6
    fi
    mkdir "$directory"
    case $user in
    root) [ "$(id -u)" = 0 ] || as=(sudo -n) ;;
    *) if [ "$(id -u)" = 0 ]; then
        chown nobody "$directory"
        as=(setpriv --reuid=nobody --regid="$(id -g nobody)" --clear-groups)
    fi ;;
    esac
    suite "EndToEnd $target as $user" 1200 "${as[@]}" env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
        LC_ALL=C.UTF-8 DOTNET_ROOT="$(dirname "$(readlink -f "$(command -v dotnet)")")" TESTINGPLATFORM_TELEMETRY_OPTOUT=1 \
        HOME="$directory" TMPDIR="$directory" SSECFS="$work/tool/ssecfs" SSECFS_E2E_TARGET="$target" \
        "${service[@]}" "${settings[@]}" "$work/EndToEnd/EndToEnd" -parallelMode all -maxThreads $threads "$@"
    as_root rm -rf "$directory"
}

start_ceph() {
    local ports
    read -ra ports <<<"$(tests/real/free-ports 3)"
    RGW_PORT=${ports[0]} RGW_TLS_PORT=${ports[1]} MON_PORT=${ports[2]} tests/real/rgw.sh up "$work/ceph" >"$work/log/ceph.log" 2>&1 </dev/null ||
        { cat "$work/log/ceph.log"; die "Ceph could not be started"; }
    chmod a+rx "$work/ceph" "$work/ceph/tls"
    chmod a+r "$work/ceph/tls/ca.pem"
    . "$work/ceph/env.sh"
    real=(S3_ENDPOINT="$S3_ENDPOINT" S3_CA="$S3_CA" S3_GATEWAY="$S3_GATEWAY" AWS_ACCESS_KEY_ID="$AWS_ACCESS_KEY_ID" AWS_SECRET_ACCESS_KEY="$AWS_SECRET_ACCESS_KEY")
}

start_barbican() {
    local ports
    read -ra ports <<<"$(tests/real/free-ports 2)"
    KEYSTONE_PORT=${ports[0]} BARBICAN_PORT=${ports[1]} tests/real/barbican.sh up "$work/barbican" >"$work/log/barbican.log" 2>&1 </dev/null ||
        { cat "$work/log/barbican.log"; die "Barbican could not be started"; }
    real+=(BARBICAN="$work/barbican")
}

install_packages
open_fuse_device
build
echo "built in $SECONDS s"
real=()
case $form in
--units) unit_tests ;;
--fast)
    unit_tests
    end_to_end embedded:aws nobody SSECFS_E2E_FAST=1 -class "*.Editors"
    ;;
--full)
    start_ceph
    start_barbican
    unit_tests SSECFS_REQUIRE_REAL=1 "${real[@]}"
    end_to_end embedded:aws root
    # With one processor, the thread pool starts with one thread: what blocks it shows.
    end_to_end embedded:ceph18 nobody DOTNET_PROCESSOR_COUNT=1 SSECFS_E2E_FAST=1 -trait- Size=Big
    # Faults need an embedded store.
    end_to_end ceph nobody SSECFS_E2E_FAST=1 -class- "*.Faults"
    ;;
--all)
    start_ceph
    start_barbican
    unit_tests SSECFS_REQUIRE_REAL=1 "${real[@]}"
    for user in root nobody; do
        for dialect in aws ceph16 ceph18 ceph20; do
            end_to_end embedded:$dialect $user
        done
        end_to_end ceph $user -class- "*.Faults"
    done
    ;;
esac

echo "took $SECONDS s"
read -r passed failed skipped < <(awk '{ p += $1; f += $2; s += $3 } END { print p + 0, f + 0, s + 0 }' "$work/counts")
sum="$passed passed, $failed failed"
[ $skipped -eq 0 ] || sum+=", $skipped skipped"
echo "$sum"
[ $failed -eq 0 ]
