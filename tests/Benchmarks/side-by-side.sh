#!/usr/bin/env bash
# SseCFs, Debian's s3fs and Debian's rclone on one real Ceph with SSE-C over TLS: seconds (medians of the rounds), how many
# times slower than SseCFs the others are, and the requests that each sent.
#
#   side-by-side.sh [--rounds N] [ssecfs] [s3fs] [rclone]      as root; three rounds of all three unless told
#
# SSECFS names the binary to measure (else it is published first). S3_ENDPOINT, S3_CA, S3_ADMIN_SOCKET and the AWS_ variables,
# as in the env.sh of tests/real/rgw.sh, name a Ceph that nobody else uses meanwhile (else one is started for the time).
set -euo pipefail

root=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/ssecfs-bench.XXXXXX")
clean_up() {
    [ ! -e "$work/ceph/run" ] || "$root/tests/real/rgw.sh" down "$work/ceph"
    rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

rounds=3
if [ "${1:-}" = --rounds ]; then rounds=$2; shift 2; fi
tools=("$@")
[ ${#tools[@]} -gt 0 ] || tools=(ssecfs s3fs rclone)

if [[ " ${tools[*]} " == *" ssecfs "* ]] && [ -z "${SSECFS:-}" ]; then
    dotnet publish "$root/src/SseCFs.Tool" -c Release -r linux-x64 -o "$work/tool" -v q >&2
    export SSECFS=$work/tool/ssecfs
fi
if [ -z "${S3_ADMIN_SOCKET:-}" ]; then
    read -r RGW_PORT RGW_TLS_PORT MON_PORT <<<"$("$root/tests/real/free-ports" 3)"
    export RGW_PORT RGW_TLS_PORT MON_PORT
    "$root/tests/real/rgw.sh" up "$work/ceph" >&2
    . "$work/ceph/env.sh"
fi

/usr/bin/python3 "$root/tests/Benchmarks/side_by_side.py" "$work" "$rounds" "${tools[@]}"
