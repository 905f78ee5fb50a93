#!/usr/bin/env bash
# Puts the built command where everybody finds it, and where mount(8) and umount(8) look for their helpers, so that `mount -t ssecfs`,
# /etc/fstab and plain `umount` (which then waits until everything is stored) work. As root.
#
#   native-setup/mount-helper.sh OUT/ssecfs    installs
#   native-setup/mount-helper.sh --remove      takes it away again
#
# A line of /etc/fstab:
#   s3://bucket /mnt/data ssecfs key=file:/etc/ssecfs.key,endpoint=https://s3.example.org,allow_other,_netdev,nofail 0 0
set -euo pipefail

command_path=/usr/local/bin/ssecfs
# mount -t ssecfs looks for the first, and the mount table's type fuse.ssecfs leads to the others.
helpers=(/sbin/mount.ssecfs /sbin/mount.fuse.ssecfs /sbin/umount.fuse.ssecfs)

[ "$(id -u)" = 0 ] || { echo "mount-helper.sh: run as root" >&2; exit 1; }
case ${1:-} in
--remove)
    rm -f "${helpers[@]}" "$command_path"
    ;;
"" | -*)
    echo "usage: native-setup/mount-helper.sh OUT/ssecfs | --remove" >&2
    exit 2
    ;;
*)
    install -m 755 "$1" "$command_path"
    for helper in "${helpers[@]}"; do
        ln -sf "$command_path" "$helper"
    done
    ;;
esac
