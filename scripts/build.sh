# Builds the program and the web client.
# shellcheck shell=bash

# configure PRESET [CMAKE OPTION...]: cheap when nothing changed.
configure() {
  local preset=$1 now
  shift
  now=$(hash_of CMakeLists.txt CMakePresets.json cmake | cat - <(printf '%s ' "$@") | md5sum)
  if [ -f "$root/build/$preset/build.ninja" ] && stamp_is "configure-$preset" "$now"; then
    return 0
  fi
  step "configure $preset" cmake --preset "$preset" -S "$root" "$@" || return 1
  set_stamp "configure-$preset" "$now"
}

# build_target PRESET TARGETS [CMAKE OPTION...]
build_target() {
  local preset=$1 targets=$2
  shift 2
  configure "$preset" "$@" || return 1
  # shellcheck disable=SC2086
  step "build $preset: $targets" cmake --build "$root/build/$preset" --target $targets \
    -j "$(build_jobs)" -- -k 0
}

# The program alone: what serving needs, nothing else.
build_release() { build_target release shoal -DSHOAL_TESTS=OFF; }

# build_web [all]: the browser client in web/dist; `all` also installs what its tests need.
build_web() {
  local now
  [ -f "$root/web/package.json" ] || return 0
  use_node
  npm_packages web "${1:-run}" || return 1
  now=$(hash_of web/src web/public web/*.html web/*.config.* web/package-lock.json)
  if [ -f "$root/web/dist/index.html" ] && stamp_is web "$now"; then return 0; fi
  step "build web" npm --prefix "$root/web" run build || return 1
  set_stamp web "$now"
}

# Every translation unit through scripts/timed-compile, without ccache, into its own folder.
build_with_times() {
  local limit=${SHOAL_TIMES_LIMIT:-15} build=$root/build/times
  install_debian_packages test
  rm -rf "$build/cpu" && mkdir -p "$build/cpu"
  configure release -DSHOAL_TESTS=OFF || die "the build failed"
  step "configure times" cmake --preset release -S "$root" -B "$build" -DSHOAL_TESTS=ON \
    "-DCMAKE_CXX_COMPILER_LAUNCHER=$root/scripts/timed-compile" || die "the build failed"
  step "clean times" cmake --build "$build" --target clean || die "the build failed"
  SHOAL_TIMES_DIR=$build/cpu step "build times: all" cmake --build "$build" -j "$(build_jobs)" ||
    die "the build failed"
  build_release || die "the build failed"
  cat "$build"/cpu/* | sort -k1,1nr -k2 >"$build/times.txt"
  say "CPU seconds of the ten slowest of $(wc -l <"$build/times.txt") translation units:"
  head -n 10 "$build/times.txt" | sed "s|$root/||"
  if ! awk -v limit="$limit" '$1 > limit { bad++ } END { exit bad > 0 }' "$build/times.txt"; then
    awk -v limit="$limit" '$1 > limit' "$build/times.txt" |
      sed "s|$root/||; s/^/over $limit CPU s: /"
    die "translation units over $limit CPU seconds: split them, or include less"
  fi
}
