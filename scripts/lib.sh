# Shared by ./dev and its commands: where we are, how progress looks, how a step is run.
# shellcheck shell=bash

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
logs=$root/build/logs
stamps=$root/build/stamps

# CI, a pipe or NO_COLOR: plain lines, one at the start and one at the end of a step.
fancy=
if [ -t 1 ] && [ -z "${CI:-}" ] && [ -z "${NO_COLOR:-}" ]; then fancy=1; fi

paint() { # paint COLOUR TEXT
  if [ -n "$fancy" ]; then printf '\033[%sm%s\033[0m' "$1" "$2"; else printf '%s' "$2"; fi
}
say() { printf '%s\n' "$*"; }
die() {
  printf '%s %s\n' "$(paint 31 'error:')" "$*" >&2
  exit 1
}

# A build job of this code base peaks near 1.5 GiB: never start more than fit.
build_jobs() {
  local cores memory_gib
  cores=$(nproc)
  memory_gib=$(awk '/MemAvailable/ { print int($2 / 1048576 / 1.5) }' /proc/meminfo)
  [ "$memory_gib" -ge 1 ] || memory_gib=1
  echo $((cores < memory_gib ? cores : memory_gib))
}

# One hash over the contents and names of files and folders; decides whether a step is still done.
hash_of() {
  (cd "$root" && find "$@" -type f -print0 2>/dev/null | sort -z | xargs -0r sha256sum) |
    sha256sum | cut -c1-32
}
stamp_is() { [ "$(cat "$stamps/$1" 2>/dev/null)" = "$2" ]; }
set_stamp() { mkdir -p "$stamps" && printf '%s\n' "$2" >"$stamps/$1"; }

# step NAME COMMAND...: runs it with its output in build/logs/NAME.log and shows that it lives.
# Returns the command's status; on failure the end of the log is shown.
step() {
  local name=$1 log status=0 begin=$SECONDS pid
  shift
  mkdir -p "$logs"
  log=$logs/$(printf '%s' "$name" | tr ' /' '--').log
  if [ -n "$fancy" ]; then
    ("$@") >"$log" 2>&1 </dev/null &
    pid=$!
    while kill -0 "$pid" 2>/dev/null; do
      printf '\r\033[K  %s %s' "$name" "$(paint 2 "$((SECONDS - begin)) s  $(progress_of "$log")")"
      sleep 0.5
    done
    wait "$pid" || status=$?
    printf '\r\033[K'
  else
    say "  … $name"
    ("$@") >"$log" 2>&1 </dev/null || status=$?
  fi
  if [ "$status" -eq 0 ]; then
    say "  $(paint 32 ✓) $name $(paint 2 "($((SECONDS - begin)) s)")"
  else
    say "  $(paint 31 ✗) $name $(paint 2 "($((SECONDS - begin)) s, exit $status)"); its log ends:"
    tail -n "${SHOAL_LOG_LINES:-60}" "$log" | sed 's/^/    /'
    say "    (whole log: ${log#"$root"/})"
  fi
  return "$status"
}

progress_of() { tail -c 400 "$1" 2>/dev/null | tr '\r' '\n' | tail -n 1 | cut -c1-60; }
