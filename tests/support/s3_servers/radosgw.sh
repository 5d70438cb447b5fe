#!/usr/bin/env bash
# An S3 server that is none of ours: Ceph's gateway before one monitor and one OSD in memory.
#
#   radosgw.sh [--bytes N] [--threads N] [--address A] [--folder DIR]
#
# --bytes is what the OSD can hold, --threads how many the gateway has, A where it listens
# (127.0.0.1), DIR a folder that does not exist yet. When it serves it prints
#   ready ENDPOINT ACCESS_KEY SECRET_KEY
# and then obeys one word a line on standard input, each answered by a line `ok`:
#   hang     the gateway accepts connections and never answers
#   resume   it goes on
#   down     it is killed: connections break, new ones are refused; the objects stay
#   up       it answers again, on the same port
# The end of standard input, which is also the end of whoever started it, ends everything and
# removes the folder, its working directory. In there `server` says the same as `ready`, and the
# process ids; the tails of `log` are printed when the start fails.
#
# Debian packages: ceph-common ceph-mon ceph-osd curl radosgw.
set -euo pipefail

die() {
  echo "radosgw.sh: $*" >&2
  exit 1
}

bytes=$((4 << 30)) threads=32 address=127.0.0.1 folder=''
while [ $# -gt 0 ]; do
  case "$1" in
    --bytes) bytes=$2 ;;
    --threads) threads=$2 ;;
    --address) address=$2 ;;
    --folder) folder=$2 ;;
    *) die "unknown argument $1" ;;
  esac
  shift 2
done
for program in ceph ceph-authtool ceph-mon ceph-osd curl monmaptool radosgw radosgw-admin; do
  command -v "$program" >/dev/null || die "no $program; scripts/packages/test.txt names its package"
done
# It is removed at the end, so it must be ours from the start.
if [ -n "$folder" ]; then mkdir "$folder"; else
  folder=$(mktemp -d "${TMPDIR:-/tmp}/shoal-radosgw-XXXXXX")
fi
cd "$folder" && folder=$PWD

monitor='' osd='' gateway='' ready=''
clean_up() {
  local status=$?
  trap - EXIT
  [ -n "$ready" ] || tail -n 20 "$folder"/log/* >&2 || true
  # The shell would tell of each that it was killed.
  exec 2>/dev/null
  # shellcheck disable=SC2046  # one process id a word
  kill -KILL $(jobs -p) && wait
  cd / && rm -rf "$folder"
  exit "$status"
}
trap clean_up EXIT
trap 'exit 143' TERM INT HUP

# Everything started here dies with this script, even when it is killed.
spawn() { # LOG COMMAND...
  local log=$1
  shift
  setpriv --pdeathsig KILL "$@" </dev/null >>"log/$log" 2>&1 &
}
alive() { kill -0 "$1" 2>/dev/null; }

# Below the kernel's range for clients' ports: none of them takes it while the gateway is down.
free_port() {
  local port
  for _ in {1..200}; do
    port=$((12000 + RANDOM % 20000))
    if ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
      echo "$port"
      return
    fi
  done
  die "no port is free"
}

# hex BYTES: random digits, two a byte.
hex() { od -An -vtx1 -N "$1" /dev/urandom | tr -d ' \n'; }

write_configuration() {
  # One secret for every daemon: nobody but them ever sees this cluster.
  local name key
  key=$(ceph-authtool --gen-print-key)
  for name in mon. osd.0 client.admin client.rgw; do
    printf '[%s]\nkey = %s\ncaps mon = "allow *"\ncaps osd = "allow *"\n' "$name" "$key"
  done >keyring
  cat >ceph.conf <<END
[global]
fsid = $cluster
mon host = v2:127.0.0.1:$monitor_port
mon initial members = a
public addr = 127.0.0.1
cluster addr = 127.0.0.1
ms bind ipv6 = false
keyring = $folder/keyring
auth allow insecure global id reclaim = true
run dir = $folder
admin socket =
pid file =
log file = $folder/log/\$name.log
crash dir = $folder/log
# One copy of everything, few placement groups: a start is mostly their making.
mon allow pool size one = true
mon max pg per osd = 1000
osd crush chooseleaf type = 0
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 2
osd pool default pgp num = 2
osd pool default pg autoscale mode = off

[mon.a]
mon data = $folder/mon
mon cluster log file = $folder/log/cluster.log
mon data avail warn = 1
mon data avail crit = 0
mon osd min creating pgs = 1024
paxos propose interval = 0.05
paxos min wait = 0.01

[osd.0]
osd data = $folder/osd
osd objectstore = memstore
# A gateway that was killed still counts as a reader of buckets' metadata for this long (30 s by
# default), and every change of them waits for it.
osd client watch timeout = 1
memstore device bytes = $bytes

[client.rgw]
rgw data = $folder/rgw
rgw frontends = beast endpoint=$address:$port
rgw thread pool size = $threads
objecter tick interval = 0.25
rgw override bucket index max shards = 1
rgw dynamic resharding = false
rgw run sync thread = false
rgw enable quota threads = false
rgw num control oids = 1
rgw gc max objs = 2
rgw lc max objs = 2
rgw gc obj min wait = 1
END
}

start_monitor() {
  for _ in {1..5}; do
    rm -rf mon monmap
    monitor_port=$(free_port) port=$(free_port)
    write_configuration
    monmaptool --create --addv a "v2:127.0.0.1:$monitor_port" --fsid "$cluster" monmap >>log/setup
    ceph-mon -i a --mkfs --monmap monmap --keyring keyring >>log/setup 2>&1
    spawn mon ceph-mon -f -i a
    monitor=$!
    # It answers this once it leads; when its port is taken it ends instead.
    if timeout 20 ceph osd new "$osd_id" >>log/setup 2>&1 && alive "$monitor"; then return; fi
    kill -KILL "$monitor" 2>/dev/null || true
  done
  die "the monitor does not start"
}

start_osd() {
  ceph-osd -i 0 --mkfs --osd-uuid "$osd_id" >>log/setup 2>&1
  spawn osd ceph-osd -f -i 0
  osd=$!
}

# Its keys are of this run only, so an answer to them is an answer of our gateway.
gateway_answers() {
  curl -sf -o /dev/null --noproxy '*' --max-time 5 --aws-sigv4 aws:amz:us-east-1:s3 \
    -H 'x-amz-content-sha256: UNSIGNED-PAYLOAD' --user "$access:$secret" "http://$address:$port/"
}

start_gateway() {
  spawn rgw radosgw -f -n client.rgw
  gateway=$!
  for _ in {1..600}; do
    if gateway_answers; then return; fi
    alive "$gateway" || return 1
    sleep 0.05
  done
  return 1
}

stop_gateway() {
  { kill -KILL "$gateway" && wait "$gateway"; } 2>/dev/null || true
}

tell() {
  {
    echo "endpoint=http://$address:$port"
    echo "access_key=$access"
    echo "secret_key=$secret"
    echo "processes=$$ $monitor $osd $gateway"
  } >server
}

obey() { # WORD
  case "$1" in
    hang) kill -STOP "$gateway" ;;
    resume) kill -CONT "$gateway" ;;
    down) stop_gateway ;;
    up) start_gateway || die "the gateway does not start again" ;;
    *) die "does not know the word '$1'" ;;
  esac
  tell
  echo ok
}

mkdir -p log mon osd rgw
: >ceph.conf
export CEPH_CONF=$folder/ceph.conf
cluster=$(</proc/sys/kernel/random/uuid) osd_id=$(</proc/sys/kernel/random/uuid)
access=$(hex 10) secret=$(hex 20)
start_monitor
start_osd
radosgw-admin -n client.rgw user create --uid=shoal --display-name=Shoal --access-key="$access" \
  --secret-key="$secret" >>log/setup 2>&1
for _ in {1..5}; do
  if start_gateway; then ready=1 && break; fi
  stop_gateway
  port=$(free_port)
  sed -i "s/endpoint=$address:.*/endpoint=$address:$port/" ceph.conf
done
[ -n "$ready" ] || die "the gateway does not start"
tell
echo "ready http://$address:$port $access $secret"
while read -r word; do obey "$word"; done
