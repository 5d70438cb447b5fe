# Checks of the sources: formatting, clang-tidy, headers, fuzzing.
# shellcheck shell=bash

cpp_sources() {
  git -C "$root" ls-files -z "$@" '*.cpp' '*.h' | grep -zE '^(src|tests|bench)/'
}

format_sources() { # [--check]
  local mode=(-i)
  case "${1:-}" in '') ;; --check) mode=(--dry-run -Werror) ;; *) die "format takes --check" ;; esac
  cpp_sources --cached --others --exclude-standard |
    (cd "$root" && xargs -0r clang-format-19 "${mode[@]}")
}

# What differs from main; on main itself, the files of the last commits, newest first.
changed_sources() {
  local base limit=${SHOAL_TIDY_FILES:-40}
  cd "$root" || return 1
  base=$(git merge-base HEAD origin/main 2>/dev/null) ||
    base=$(git merge-base HEAD main 2>/dev/null) || base=''
  if [ -n "$base" ] && [ "$base" != "$(git rev-parse HEAD)" ]; then
    git diff --name-only --diff-filter=d "$base" -- 'src/*.cpp'
  else
    git log -n 60 --name-only --diff-filter=AM --format= -- 'src/*.cpp' | awk '!seen[$0]++'
  fi | while read -r file; do [ ! -f "$file" ] || echo "$file"; done | head -n "$limit"
}

# One file, unless the time for all of them is up: then it says so and passes.
tidy_one() { # PRESET DEADLINE FILE
  if [ "$2" -gt 0 ] && [ "$(date +%s)" -ge "$2" ]; then
    echo "not looked at, the time is up: $3"
    return 0
  fi
  echo "$3"
  clang-tidy-19 -p "$root/build/$1" --quiet --warnings-as-errors='*' "$3"
}

# clang-tidy needs a compile database and its precompiled headers: any preset that is built will do.
# What is chosen here is looked at for SHOAL_TIDY_SECONDS; files that were named, all of them.
tidy_files() {
  local preset deadline=0 files=("$@")
  if [ ${#files[@]} -eq 0 ]; then
    mapfile -t files < <(changed_sources)
    deadline=$(($(date +%s) + ${SHOAL_TIDY_SECONDS:-240}))
  fi
  [ ${#files[@]} -gt 0 ] || { say "nothing changed" && return 0; }
  for preset in asan dev; do
    [ -f "$root/build/$preset/compile_commands.json" ] && break
  done
  build_target "$preset" "shoal_pch shoal_test_pch" || return 1
  export root
  export -f tidy_one
  printf '%s\0' "${files[@]}" |
    xargs -0 -n 1 -P "$(build_jobs)" bash -c 'tidy_one "$0" "$1" "$2"' "$preset" "$deadline"
}

# Each header compiles alone, without the precompiled header.
verify_headers() {
  build_target dev all_verify_interface_header_sets
}

fuzz_target() { # NAME [SECONDS]
  local name=${1:-} seconds=${2:-60}
  if [ -z "$name" ]; then
    (cd "$root/tests/fuzz" && for file in *_fuzz.cpp; do basename "$file" _fuzz.cpp; done)
    return 0
  fi
  build_target fuzz "fuzz_$name" || die "the build failed"
  mkdir -p "$root/build/fuzz/corpus/$name"
  "$root/build/fuzz/tests/fuzz/fuzz_$name" -max_total_time="$seconds" -timeout=5 \
    -rss_limit_mb=1024 "$root/build/fuzz/corpus/$name" "$root/tests/fuzz/corpus/$name"
}
