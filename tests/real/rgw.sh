#!/usr/bin/env bash
# A real S3 service with SSE-C on loopback: a one-node Ceph cluster (mon + osd + RADOS gateway)
# from Debian's packages, over TLS and plain HTTP. About 15 s once the packages are there.
#
#   rgw.sh up DIR      install what is missing, start, create the user; prints READY
#   rgw.sh down DIR    stop exactly the daemons that `up` started, and take DIR/run away
#   rgw.sh stop|start DIR   only the gateway: an outage with all data kept
#
# DIR is the instance: any number of them run side by side as long as their ports differ.
# DIR/env.sh (to be sourced) holds S3_ENDPOINT (https), S3_ENDPOINT_HTTP, S3_CA (a PEM file), S3_ADMIN_SOCKET
# (`ceph daemon SOCKET perf dump` counts requests), S3_GATEWAY, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_DEFAULT_REGION.
# S3_GATEWAY PORT is one more gateway, over TLS, for whoever runs it and as long as it runs.
# Ports: RGW_PORT (7480), RGW_TLS_PORT (7443), MON_PORT (6789). STORE=memstore|bluestore.
set -euo pipefail

usage='usage: rgw.sh up|down|stop|start DIR'
command=${1:?$usage}
dir=$(realpath -m "${2:?$usage}")
port=${RGW_PORT:-7480} tls_port=${RGW_TLS_PORT:-7443} mon_port=${MON_PORT:-6789}
conf=$dir/ceph.conf

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi; }

install_packages() {
    local p missing=()
    for p in radosgw ceph-mon ceph-osd ceph-common openssl curl; do
        dpkg -s "$p" >/dev/null 2>&1 || missing+=("$p")
    done
    [ ${#missing[@]} -eq 0 ] && return
    # policy-rc.d 101: Debian's own units must not start.
    local policy=/usr/sbin/policy-rc.d made=
    [ -e $policy ] || { printf '#!/bin/sh\nexit 101\n' | as_root tee $policy >/dev/null; as_root chmod +x $policy; made=1; }
    local status=0
    { as_root apt-get -o DPkg::Lock::Timeout=600 update -qq &&
        as_root env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=600 install -y -qq --no-install-recommends "${missing[@]}"
    } >"$dir/apt.log" 2>&1 </dev/null || status=$?
    [ -n "$made" ] && as_root rm -f $policy
    [ $status -eq 0 ] || { tail -n 20 "$dir/apt.log" >&2; echo "rgw.sh: could not install ${missing[*]}" >&2; exit 1; }
}

write_conf() {
    cat >"$conf" <<C
[global]
fsid = $(cat /proc/sys/kernel/random/uuid)
mon_host = v1:127.0.0.1:$mon_port
public_network = 127.0.0.0/8
cluster_network = 127.0.0.0/8
auth_cluster_required = none
auth_service_required = none
auth_client_required = none
osd_pool_default_size = 1
osd_pool_default_min_size = 1
osd_pool_default_pg_num = 8
osd_crush_chooseleaf_type = 0
mon_allow_pool_size_one = true
mon_max_pg_per_osd = 1000
osd_objectstore = ${STORE:-memstore}
memstore_device_bytes = 8589934592
bluestore_block_size = 21474836480
ms_bind_ipv6 = false
run_dir = $dir/run
log_file = $dir/log/\$name.log
admin_socket = $dir/run/\$name.asok
pid_file = $dir/run/\$name.pid
[mon]
mon_data = $dir/mon
[osd]
osd_data = $dir/osd
# Its place in the crush map is given below. Asked by the OSD itself while it starts, the monitor sometimes answers "wrong fsid", and it ends.
osd_class_update_on_start = false
osd_crush_update_on_start = false
[client.rgw]
rgw_frontends = beast endpoint=127.0.0.1:$port ssl_endpoint=127.0.0.1:$tls_port ssl_certificate=$dir/tls/all.pem
rgw_crypt_require_ssl = false
rgw_dynamic_resharding = false
rgw_gc_obj_min_wait = 5
rgw_gc_processor_period = 5
rgw_gc_processor_max_time = 5
C
}

# Started by root, Ceph's daemons would become the user "ceph", who cannot write in DIR.
as_owner=()
[ "$(id -u)" = 0 ] && as_owner=(--setuser root --setgroup root)

start_gateway() {
    radosgw -n client.rgw -c "$conf" "${as_owner[@]}" </dev/null
    for _ in $(seq 120); do curl -s -o /dev/null "http://127.0.0.1:$port" && return; sleep 0.5; done
    echo "rgw.sh: the gateway does not answer; see $dir/log" >&2; exit 1
}

write_gateway() {
    cat >"$dir/gateway" <<G
#!/usr/bin/env bash
# gateway PORT: one more gateway of this cluster at https://localhost:PORT, in the foreground.
as_owner=()
[ "\$(id -u)" = 0 ] && as_owner=(--setuser root --setgroup root)
exec radosgw -f -n client.gateway -c "$conf" "\${as_owner[@]}" --log_file /dev/null --pid_file "" --admin_socket "" --rgw_dynamic_resharding false \\
    --rgw_frontends "beast ssl_endpoint=127.0.0.1:\$1 ssl_certificate=$dir/tls/all.pem"
G
    chmod a+rx "$dir/gateway"
    # Anyone may run it: the certificate's key is this cluster's alone, and goes with it.
    chmod a+r "$dir/tls/all.pem"
}

end() { # end NAME: stop the daemon whose pid file bears that name
    local f=$dir/run/$1.pid pid
    [ -s "$f" ] || return 0
    pid=$(cat "$f"); kill "$pid" 2>/dev/null || true
    for _ in $(seq 100); do kill -0 "$pid" 2>/dev/null || break; sleep 0.1; done
    kill -9 "$pid" 2>/dev/null || true; rm -f "$f"
}

case $command in
up)
    [ -e "$conf" ] && "$0" down "$dir"
    rm -rf "$dir"; mkdir -p "$dir"/{mon,osd,run,log,tls}
    install_packages
    openssl req -x509 -newkey rsa:2048 -nodes -days 365 -subj /CN=localhost \
        -addext 'subjectAltName=DNS:localhost,IP:127.0.0.1' -keyout "$dir/tls/key.pem" -out "$dir/tls/ca.pem" 2>/dev/null
    cat "$dir/tls/ca.pem" "$dir/tls/key.pem" >"$dir/tls/all.pem"
    write_conf
    write_gateway
    fsid=$(sed -n 's/^fsid = //p' "$conf")
    monmaptool --create --addv a "[v1:127.0.0.1:$mon_port]" --fsid "$fsid" "$dir/monmap" >/dev/null
    ceph-mon --mkfs -i a --monmap "$dir/monmap" -c "$conf" "${as_owner[@]}"
    ceph-mon -i a -c "$conf" "${as_owner[@]}" </dev/null
    osd=$(cat /proc/sys/kernel/random/uuid)
    ceph -c "$conf" osd new "$osd" >/dev/null
    ceph-osd -i 0 --mkfs --osd-uuid "$osd" -c "$conf" "${as_owner[@]}" >/dev/null 2>&1
    ceph-osd -i 0 -c "$conf" "${as_owner[@]}" </dev/null >/dev/null
    ceph -c "$conf" osd crush add osd.0 1.0 host=h root=default >/dev/null 2>&1
    start_gateway
    radosgw-admin -c "$conf" user create --uid=test --display-name=test --max-buckets=0 \
        --access-key=ACCESSKEY --secret-key=SECRETKEY >/dev/null 2>&1
    cat >"$dir/env.sh" <<E
export S3_ENDPOINT=https://localhost:$tls_port S3_ENDPOINT_HTTP=http://localhost:$port S3_CA=$dir/tls/ca.pem
export S3_ADMIN_SOCKET=$dir/run/client.rgw.asok S3_GATEWAY=$dir/gateway
export AWS_ACCESS_KEY_ID=ACCESSKEY AWS_SECRET_ACCESS_KEY=SECRETKEY AWS_DEFAULT_REGION=us-east-1
E
    echo "READY https://localhost:$tls_port http://localhost:$port $dir/env.sh" ;;
stop) end client.rgw ;;
start) start_gateway; echo READY ;;
down) end client.rgw; end osd.0; end mon.a; rm -rf "$dir/run" ;;
*) echo "$usage" >&2; exit 2 ;;
esac
