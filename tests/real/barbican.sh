#!/usr/bin/env bash
# A real OpenStack key manager on loopback: Barbican behind Keystone (identity v3, fernet, sqlite),
# from Debian's packages, over plain HTTP. About 8 s once the packages are there.
#
#   barbican.sh up DIR      install what is missing, start both, create the users; prints READY
#   barbican.sh down DIR    stop exactly the two servers that `up` started
#
# DIR/openrc (to be sourced) is user demo of project demo, role creator; DIR/openrc.other the same
# in a project of its own, DIR/openrc.admin the administrator. DIR/appcred.env is an application
# credential of demo: source it in a shell without the variables of an openrc. DIR/clouds.yaml has
# all four as demo, other, admin and appcred.
# Ports: KEYSTONE_PORT (15000), BARBICAN_PORT (19311). TOKEN_SECONDS (3600) is a token's life.
# HREF_BASE (http://127.0.0.1:BARBICAN_PORT) is what Barbican puts in front of /v1/secrets/UUID;
# set but empty, it takes the Host that the client asked for.
set -euo pipefail

usage() { echo "usage: barbican.sh up|down DIR" >&2; exit 2; }
[ $# -eq 2 ] || usage
command=$1 dir=$(realpath -m "$2")
keystone_port=${KEYSTONE_PORT:-15000} barbican_port=${BARBICAN_PORT:-19311}
auth_url=http://127.0.0.1:$keystone_port/v3 region=RegionOne password=fixture

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi; }

install_packages() {
    local p missing=()
    # The libraries only: Debian's keystone and barbican-api add units, debconf and /etc alone.
    for p in python3-keystone python3-barbican python3-openstackclient python3-barbicanclient \
        uwsgi-core uwsgi-plugin-python3 pwgen curl; do
        [ "$(dpkg-query -Wf '${db:Status-Status}' "$p" 2>/dev/null)" = installed ] || missing+=("$p")
    done
    [ ${#missing[@]} -eq 0 ] && return
    # policy-rc.d 101: should a dependency bring a unit, it must not start.
    local policy=/usr/sbin/policy-rc.d made= rc=0
    [ -e $policy ] || { printf '#!/bin/sh\nexit 101\n' | as_root tee $policy >/dev/null; as_root chmod +x $policy; made=1; }
    { as_root apt-get -o DPkg::Lock::Timeout=600 update -qq && as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq \
        -o DPkg::Lock::Timeout=600 --no-install-recommends "${missing[@]}"; } >"$dir/log/apt.log" 2>&1 </dev/null || rc=$?
    [ -z "$made" ] || as_root rm -f $policy
    [ $rc -eq 0 ] || fail "apt-get failed" apt
}

fail() { # fail MESSAGE NAME: give up, with the end of DIR/log/NAME.log
    { echo "barbican.sh: $1"; tail -n 20 "$dir/log/$2.log"; } >&2
    stop_both; exit 1
}

# Both find their file as ~/.PROJECT/PROJECT.conf, so HOME is the only handle needed, and nothing
# of the caller's environment (OS_*, proxies, certificates) gets in.
clean=(env -i HOME="$dir" PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8)

write_conf() {
    cat >"$dir/.keystone/keystone.conf" <<C
[database]
connection = sqlite:///$dir/keystone.db
[token]
expiration = ${TOKEN_SECONDS:-3600}
[fernet_tokens]
key_repository = $dir/fernet
[fernet_receipts]
key_repository = $dir/fernet
[identity]
password_hash_rounds = 4
[cache]
backend = dogpile.cache.memory
C
    # token_cache_time: ask Keystone every time, so that a revoked token is refused at once.
    cat >"$dir/.barbican/barbican.conf" <<C
[DEFAULT]
host_href = ${HREF_BASE-http://127.0.0.1:$barbican_port}
sql_connection = sqlite:///$dir/barbican.db
db_auto_create = true
[keystone_authtoken]
www_authenticate_uri = $auth_url
auth_url = $auth_url
auth_type = password
username = admin
password = $password
project_name = admin
user_domain_id = default
project_domain_id = default
token_cache_time = -1
C
    # The Keystone part of the paste file that Debian ships in barbican-common.
    cat >"$dir/paste.ini" <<'C'
[composite:main]
use = egg:Paste#urlmap
/: versions
/v1: v1
[pipeline:versions]
pipeline = cors http_proxy_to_wsgi microversion versionapp
[pipeline:v1]
pipeline = cors http_proxy_to_wsgi authtoken context microversion apiapp
[app:apiapp]
paste.app_factory = barbican.api.app:create_main_app
[app:versionapp]
paste.app_factory = barbican.api.app:create_version_app
[filter:context]
paste.filter_factory = barbican.api.middleware.context:ContextMiddleware.factory
[filter:microversion]
paste.filter_factory = barbican.api.middleware.microversion:MicroversionMiddleware.factory
[filter:authtoken]
paste.filter_factory = keystonemiddleware.auth_token:filter_factory
[filter:cors]
paste.filter_factory = oslo_middleware.cors:filter_factory
oslo_config_project = barbican
[filter:http_proxy_to_wsgi]
paste.filter_factory = oslo_middleware:HTTPProxyToWSGI.factory
C
    # Keystone leaves a read transaction open after each token (federation/backends/sql.py,
    # get_enabled_service_providers); without WAL the next write ends in "database is locked".
    "${clean[@]}" /usr/bin/python3 -c 'import sqlite3, sys
for f in sys.argv[1:]: sqlite3.connect(f).execute("PRAGMA journal_mode=WAL")' "$dir/keystone.db" "$dir/barbican.db"
    local f
    for f in 0 1; do head -c 32 /dev/urandom | base64 | tr +/ -_ >"$dir/fernet/$f"; done
}

write_credentials() {
    local user f
    echo clouds: >"$dir/clouds.yaml"
    for user in demo other admin; do
        f=$dir/openrc.$user
        [ $user != demo ] || f=$dir/openrc
        cat >"$f" <<E
export OS_AUTH_URL=$auth_url
export OS_USERNAME=$user
export OS_PASSWORD=$password
export OS_PROJECT_NAME=$user
export OS_USER_DOMAIN_NAME=Default
export OS_PROJECT_DOMAIN_NAME=Default
export OS_IDENTITY_API_VERSION=3
export OS_REGION_NAME=$region
E
        cat >>"$dir/clouds.yaml" <<E
  $user:
    auth:
      auth_url: $auth_url
      username: $user
      password: $password
      project_name: $user
      user_domain_name: Default
      project_domain_name: Default
    identity_api_version: 3
    region_name: $region
E
    done
}

serve() { # serve NAME PORT OPTION...: uwsgi, as in Debian's own units, in the background
    local name=$1 port=$2; shift 2
    # One worker with one thread, for sqlite's sake: more of them end in "database is locked".
    # Connection: close is the truth with http-socket, else clients reuse a closed connection;
    # post-buffering: an answer given before the body is read would end in a connection reset.
    "${clean[@]}" setsid uwsgi --plugin python3 --http-socket "127.0.0.1:$port" --master --die-on-term --no-orphans \
        --need-app --lazy-apps --single-interpreter --skip-atexit-teardown --buffer-size 65535 --post-buffering 65536 \
        --add-header "Connection: close" --pidfile "$dir/run/$name.pid" "$@" </dev/null >"$dir/log/$name.log" 2>&1 &
    echo $! >"$dir/run/$name.pid"
}
await() { # await NAME URL
    local pid; pid=$(cat "$dir/run/$1.pid")
    for _ in $(seq 300); do
        kill -0 "$pid" 2>/dev/null || fail "$1 ended" "$1"
        curl -fs --noproxy '*' -m 5 -o "$dir/run/answer" "$2" && return
        sleep 0.2
    done
    fail "$1 does not answer" "$1"
}
stop() { # stop NAME: end the server of that pid file, if that pid is still ours
    local f=$dir/run/$1.pid pid
    [ -s "$f" ] || return 0
    pid=$(cat "$f")
    ours() { grep -qsaF "$f" "/proc/$pid/cmdline"; }
    if ours; then kill "$pid" 2>/dev/null || true; fi
    for _ in $(seq 100); do ours || break; sleep 0.1; done
    if ours; then kill -9 "$pid" 2>/dev/null || true; fi
    rm -f "$f"
}
stop_both() { stop barbican & stop keystone; wait $!; }

populate() { # the catalogue, the role, the users and the application credential
    "${clean[@]}" OS_CLIENT_CONFIG_FILE="$dir/clouds.yaml" /usr/bin/python3 -c "$(cat <<'P'
import sys, openstack
password, region, url = sys.argv[1:]
identity = openstack.connect("admin").identity
service = identity.create_service(type="key-manager", name="barbican")
for interface in ("public", "internal"):
    identity.create_endpoint(service_id=service.id, interface=interface, url=url, region_id=region)
role = identity.create_role(name="creator")
for name in ("demo", "other"):
    project = identity.create_project(name=name, domain_id="default")
    user = identity.create_user(name=name, domain_id="default", password=password)
    identity.assign_project_role_to_user(project, user, role)
demo = openstack.connect("demo")
got = demo.identity.create_application_credential(demo.current_user_id, "sse-c")
print(got.id, got.secret)
P
    )" "$password" "$region" "http://127.0.0.1:$barbican_port"
}

case $command in
up)
    # Only a directory of ours, or none, or an empty one, is cleared.
    if [ -e "$dir/.barbican" ]; then stop_both; rm -rf "$dir"; fi
    mkdir -p "$dir"
    [ -z "$(ls -A "$dir")" ] || { echo "barbican.sh: $dir is not empty" >&2; exit 1; }
    mkdir -p "$dir"/{.barbican,.keystone,log,run}; mkdir -m 700 "$dir/fernet"
    cd "$dir" # Python takes modules from the working directory
    install_packages
    write_conf
    write_credentials
    serve barbican "$barbican_port" --paste "config:$dir/paste.ini"
    { "${clean[@]}" keystone-manage db_sync && "${clean[@]}" keystone-manage bootstrap --bootstrap-password "$password" \
        --bootstrap-region-id $region --bootstrap-public-url "$auth_url" --bootstrap-internal-url "$auth_url"
    } >"$dir/log/bootstrap.log" 2>&1 || fail "keystone-manage failed" bootstrap
    serve keystone "$keystone_port" --wsgi-file /usr/bin/keystone-wsgi-public
    await keystone "$auth_url"
    await barbican "http://127.0.0.1:$barbican_port"
    made=$(populate 2>"$dir/log/populate.log") || fail "no users" populate
    cat >"$dir/appcred.env" <<E
export OS_AUTH_URL=$auth_url
export OS_AUTH_TYPE=v3applicationcredential
export OS_APPLICATION_CREDENTIAL_ID=${made% *}
export OS_APPLICATION_CREDENTIAL_SECRET=${made#* }
export OS_IDENTITY_API_VERSION=3
export OS_REGION_NAME=$region
E
    cat >>"$dir/clouds.yaml" <<E
  appcred:
    auth_type: v3applicationcredential
    auth:
      auth_url: $auth_url
      application_credential_id: ${made% *}
      application_credential_secret: ${made#* }
    identity_api_version: 3
    region_name: $region
E
    echo "READY $auth_url http://127.0.0.1:$barbican_port $dir/openrc" ;;
down) stop_both ;;
*) usage ;;
esac
