# ./dev test: every test there is, one summary line at the end. Steps are functions step_NAME.
# shellcheck shell=bash
. scripts/check.sh

results=$root/build/results
passed=0 failed=0 broken=()
local_steps="tidy format dev headers web browser"
ci_steps="format tidy web release browser faults package asan tsan clang_tidy headers"

run_tests() {
  local steps=$local_steps name begin=$SECONDS
  export SHOAL_PROGRAM=$root/build/dev/shoal
  case "${1:-}" in
    --list)
      say "local: $local_steps"
      say "--ci:  $ci_steps"
      return 0
      ;;
    --ci)
      steps=$ci_steps
      SHOAL_PROGRAM=$root/build/release/shoal
      shift
      ;;
  esac
  [ $# -eq 0 ] || steps=$*
  for name in $steps; do declare -F "step_$name" >/dev/null || die "no step '$name'"; done
  rm -rf "$results" && mkdir -p "$results"
  install_debian_packages run build test
  for name in $steps; do "step_$name" || broken+=("$name"); done
  say "$((SECONDS - begin)) s; logs in build/logs"
  [ ${#broken[@]} -eq 0 ] || say "failed steps: ${broken[*]}"
  say "$passed passed, $failed failed"
  [ "$failed" -eq 0 ] && [ ${#broken[@]} -eq 0 ]
}

# A step without tests inside counts as one test.
check() {
  if step "$@"; then passed=$((passed + 1)); else
    failed=$((failed + 1))
    return 1
  fi
}

# counted REPORT NAME COMMAND...: a step whose report says how many tests passed and failed.
counted() {
  local report=$1 status=0 numbers
  shift
  step "$@" || status=1
  if ! numbers=$(python3 "$root/scripts/count.py" "$report"); then
    failed=$((failed + 1))
    return 1
  fi
  passed=$((passed + ${numbers% *})) failed=$((failed + ${numbers#* }))
  # A runner that failed although no test did (it crashed, or found nothing) is a failure too.
  if [ "$status" -ne 0 ] && [ "${numbers#* }" -eq 0 ]; then failed=$((failed + 1)); fi
  return "$status"
}

run_ctest() { # PRESET [CTEST OPTION...]
  local preset=$1
  shift
  export ASAN_OPTIONS=detect_stack_use_after_return=1:strict_string_checks=1
  export UBSAN_OPTIONS=print_stacktrace=1 TSAN_OPTIONS=second_deadlock_stack=1
  export ASAN_SYMBOLIZER_PATH=/usr/bin/llvm-symbolizer-19
  counted "$results/$preset.xml" "ctest $preset" ctest --test-dir "$root/build/$preset" -j 2 \
    --output-on-failure --no-tests=error --timeout 300 --output-junit "$results/$preset.xml" "$@"
}

step_format() { check "clang-format" format_sources --check; }

step_tidy() {
  check "tidy: the rules hold" python3 -B tests/tidy/tidy.py &&
    check "tidy: the rules are tested" python3 -B tests/tidy/tidy_test.py
}

step_dev() { check_build dev all && run_ctest dev; }
step_asan() { check_build asan all && run_ctest asan; }

# The rooms with threads of their own.
step_tsan() {
  local room targets='' rooms=''
  for room in io net jobs delivery; do
    [ -f "src/$room/CMakeLists.txt" ] || continue
    targets+=" shoal_${room}_test" rooms+="|$room"
  done
  [ -n "$targets" ] || return 0
  check_build tsan "${targets# }" && run_ctest tsan -L "^(${rooms#|})\$"
}

step_release() { check_build release shoal -DSHOAL_TESTS=OFF; }

step_headers() { check "headers are self-contained" verify_headers; }

step_web() {
  [ -f web/package.json ] || return 0
  build_web all || { failed=$((failed + 1)) && return 1; }
  local status=0
  check "web: types" npm --prefix web run check || status=1
  counted "$results/web.json" "web: unit tests" npm --prefix web test -- --reporter=default \
    --reporter=json --outputFile.json="$results/web.json" || status=1
  check "web: size budget" npm --prefix web run budget || status=1
  return "$status"
}

step_browser() {
  [ -d tests/e2e ] || return 0
  [ -x "$SHOAL_PROGRAM" ] || { failed=$((failed + 1)) && return 1; }
  build_web all || { failed=$((failed + 1)) && return 1; }
  counted "$results/browser.xml" "browser tests" timeout 1200 node --test --test-concurrency=1 \
    --test-reporter=spec --test-reporter-destination=stdout \
    --test-reporter=junit --test-reporter-destination="$results/browser.xml" tests/e2e/*.test.mjs
}

# One schedule of an S3 server that misbehaves; ./dev faults runs more of them.
step_faults() {
  [ -x "$SHOAL_PROGRAM" ] || { failed=$((failed + 1)) && return 1; }
  check "faults of a store" python3 -B tests/faults/storage.py --seeds 4 --shoal "$SHOAL_PROGRAM"
}

step_package() {
  [ -f cmake/packaging.cmake ] || return 0
  . scripts/package.sh
  check "package" make_package --check
}

step_clang_tidy() { check "clang-tidy on what changed" tidy_files; }

check_build() { # PRESET TARGETS [CMAKE OPTION...]
  if build_target "$@"; then return 0; fi
  failed=$((failed + 1))
  return 1
}
