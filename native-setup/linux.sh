#!/usr/bin/env bash
# Installs what a Debian or Ubuntu machine needs to build the command (C compiler and zlib for NativeAOT) and to mount with it (fuse3),
# and opens /dev/fuse to ordinary users where no udev does. As root, or as a user who may use sudo. Does nothing where all is there.
#
#   native-setup/linux.sh             to build and to mount
#   native-setup/linux.sh --runtime   only to mount, on a machine that gets the built command
set -euo pipefail

packages=(fuse3 ca-certificates)
case ${1:-} in
"") packages+=(gcc libc6-dev zlib1g-dev) ;;
--runtime) ;;
*) echo "usage: native-setup/linux.sh [--runtime]" >&2; exit 2 ;;
esac

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"
    elif command -v sudo >/dev/null; then sudo "$@"
    else echo "linux.sh: run as root, or install sudo: this needs root: $*" >&2; exit 1
    fi
}

command -v dpkg-query >/dev/null || { echo "linux.sh: only Debian and Ubuntu are known here; install by hand: ${packages[*]}" >&2; exit 1; }
missing=()
for package in "${packages[@]}"; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
done
if [ ${#missing[@]} -gt 0 ]; then
    echo "installing ${missing[*]}"
    as_root apt-get update -qq
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" </dev/null >/dev/null
fi

if [ ! -e /dev/fuse ]; then
    as_root modprobe fuse 2>/dev/null || true
    [ -e /dev/fuse ] || as_root mknod -m 666 /dev/fuse c 10 229 ||
        { echo "linux.sh: /dev/fuse is missing and cannot be made; give it to the container (docker: --device /dev/fuse)" >&2; exit 1; }
fi
# As udev's own rule has it.
[ "$(stat -c %a /dev/fuse)" = 666 ] || as_root chmod 666 /dev/fuse
