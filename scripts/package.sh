# ./dev package: the Debian package, and a check that it installs and runs.
# shellcheck shell=bash

make_package() { # [--check]
  local package
  case "${1:-}" in '' | --check) ;; *) die "package takes --check or nothing, not '$1'" ;; esac
  install_debian_packages run build package
  build_web && build_release || return 1
  rm -rf "$root/build/package"
  step "make the package" cpack -G DEB --config "$root/build/release/CPackConfig.cmake" \
    -B "$root/build/package" || return 1
  package=$(echo "$root"/build/package/*.deb)
  say "  ${package#"$root"/}"
  [ "${1:-}" != --check ] || step "check the package" bash "$root/tests/package.sh" "$package"
}
