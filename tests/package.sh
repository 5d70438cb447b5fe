#!/usr/bin/env bash
# tests/package.sh FILE.deb: the package holds what it must, and what it holds runs. It is unpacked
# into a temporary folder, so the machine it runs on stays as it was.
set -euo pipefail
package=$1
work=$(mktemp -d)
pid=
cleanup() {
  [ -z "$pid" ] || kill -KILL "$pid" 2>/dev/null || true
  rm -rf "$work"
}
trap cleanup EXIT
fail() {
  echo "package: $*" >&2
  exit 1
}

field() { dpkg-deb -f "$package" "$1"; }
[ "$(field Package)" = shoal ] || fail "its name is $(field Package)"
for needed in adduser bubblewrap ffmpeg libc6 libssl3 libboost-json1.81.0 libsoci-core4.0 libpq5; do
  field Depends | grep -qE "(^|, )$needed( |,|\$)" || fail "does not depend on $needed"
done

dpkg-deb -x "$package" "$work/root"
dpkg-deb -e "$package" "$work/control"
for file in usr/bin/shoal usr/share/shoal/web/index.html etc/shoal/shoal.yaml \
  lib/systemd/system/shoal.service usr/share/doc/shoal/copyright; do
  [ -f "$work/root/$file" ] || fail "/$file is missing"
done
grep -qx /etc/shoal/shoal.yaml "$work/control/conffiles" || fail "the configuration is no conffile"
for script in postinst prerm postrm; do sh -n "$work/control/$script"; done
unit=$work/root/lib/systemd/system/shoal.service
for path in $(sed -n 's/^Exec[A-Za-z]*=\(\S*\) .*/\1/p' "$unit"); do
  [ -x "$work/root$path" ] || [ -x "$path" ] || fail "the unit starts $path, which is not there"
done

# The configuration as it is delivered is right, and the program it is for starts with it.
shoal=$work/root/usr/bin/shoal
"$shoal" config check --config "$work/root/etc/shoal/shoal.yaml"
SHOAL_INITIAL_ROOT_PASSWORD=package-check SHOAL__STORAGE__WEB=$work/root/usr/share/shoal/web \
  "$shoal" serve --config "$work/root/etc/shoal/shoal.yaml" --data "$work/data" \
  --listen 127.0.0.1:0 >"$work/log" 2>&1 &
pid=$!
python3 - "$work/log" <<'PY' || { tail -n 20 "$work/log" >&2; fail "it did not start and answer"; }
import re, sys, time, urllib.request
deadline = time.monotonic() + 30
while time.monotonic() < deadline:
    found = re.search(r"listening .*?port=(\d+)", open(sys.argv[1]).read())
    if found:
        break
    time.sleep(0.05)
get = urllib.request.build_opener(urllib.request.ProxyHandler({})).open
for path, wanted in (("/healthz", b""), ("/api/v1/config", b"serverVersion"), ("/", b"<html")):
    body = get(f"http://127.0.0.1:{found.group(1)}" + path, timeout=10).read()
    assert wanted in body, (path, body[:200])
PY
kill -TERM "$pid"
wait "$pid" || fail "it left with status $? on SIGTERM"
pid=
echo "package: $(basename "$package") installs, starts, answers and stops"
