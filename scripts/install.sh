# Installs what is missing, and only that: Debian packages, Node where it is too old, npm packages.
# shellcheck shell=bash

# Vite 8 needs Node 20.19; Debian 12 has 18, so a newer one comes from npm, for this folder only.
node_package_version=22.23.3
node_wanted=20.19

as_root() {
  if [ "$(id -u)" -eq 0 ]; then "$@"; elif command -v sudo >/dev/null; then sudo "$@"; else
    die "Debian packages are missing: run as root, install sudo, or install by hand: $missing"
  fi
}

package_list() { # names of the lists -> packages
  local list
  for list in "$@"; do
    sed -e 's/#.*//' -e '/^[[:space:]]*$/d' "$root/scripts/packages/$list.txt"
  done
  case " $* " in
    *" build "*)
      command -v node >/dev/null || echo nodejs
      command -v npm >/dev/null || echo npm
      ;;
  esac
}

install_debian_packages() { # names of the lists
  local wanted
  wanted=$(package_list "$@" | sort -u)
  # shellcheck disable=SC2086  # one word per package
  missing=$(
    { dpkg-query -W -f '${Package} ${db:Status-Status}\n' $wanted 2>/dev/null || true; } |
      awk -v wanted="$(xargs <<<"$wanted")" '
        $2 == "installed" { have[$1] = 1 }
        END { n = split(wanted, w, " "); for (i = 1; i <= n; i++) if (!have[w[i]]) print w[i] }'
  )
  [ -n "$missing" ] || return 0
  missing=$(xargs <<<"$missing")
  if ! step "apt-get install: $(wc -w <<<"$missing") packages" apt_install "$missing"; then
    die "Debian packages could not be installed: $missing"
  fi
}

apt_install() {
  local options=(-y --no-install-recommends -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=300
    -o Acquire::Retries=3)
  as_root apt-get "${options[@]}" update
  # shellcheck disable=SC2086
  as_root env DEBIAN_FRONTEND=noninteractive apt-get "${options[@]}" install $1
}

# Puts a Node that is new enough first in PATH.
use_node() {
  local tools=$root/build/tools
  if [ -x "$tools/node/bin/node" ]; then export PATH=$tools/node/bin:$PATH; fi
  if version_at_least "$(node --version 2>/dev/null)" "$node_wanted"; then return 0; fi
  step "node $node_package_version" install_node || die "no Node $node_wanted could be installed"
  export PATH=$tools/node/bin:$PATH
}
version_at_least() { # v20.20.2 20.19
  [ -n "$1" ] && [ "$(printf '%s\n%s\n' "$2" "${1#v}" | sort -V | head -n 1)" = "$2" ]
}
install_node() {
  local arch tools=$root/build/tools
  case "$(uname -m)" in
    x86_64) arch=x64 ;;
    aarch64) arch=arm64 ;;
    *) die "no Node for $(uname -m)" ;;
  esac
  mkdir -p "$tools/npm" &&
    npm install --prefix "$tools/npm" --ignore-scripts --no-audit --no-fund --no-save \
      "node-linux-$arch@$node_package_version" &&
    rm -rf "$tools/node" && ln -s "npm/node_modules/node-linux-$arch" "$tools/node" &&
    "$tools/node/bin/node" --version
}

# npm_packages FOLDER [all]: exactly what package-lock.json says; nothing where it is already so.
# Without `all` what only tests need is left out.
npm_packages() {
  local folder=$1 which=${2:-run} now stamp options=(--ignore-scripts --no-audit --no-fund)
  stamp=npm-${folder//\//-}
  now=$(hash_of "$folder/package-lock.json" "$folder/package.json")
  if [ -d "$root/$folder/node_modules" ]; then
    stamp_is "$stamp" "$now all" && return 0
    [ "$which" = run ] && stamp_is "$stamp" "$now run" && return 0
  fi
  [ "$which" = all ] || options+=(--omit=dev)
  # Scripts of packages are never run: what they would fetch is not needed and not trusted.
  step "npm packages of $folder" npm --prefix "$root/$folder" ci "${options[@]}" || return 1
  set_stamp "$stamp" "$now $which"
}
