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

# What differs from main; on main itself, the files of the last commits, newest first, bounded.
changed_sources() {
  local base limit=${SHOAL_TIDY_FILES:-16}
  cd "$root" || return 1
  base=$(git merge-base HEAD origin/main 2>/dev/null) ||
    base=$(git merge-base HEAD main 2>/dev/null) || base=''
  if [ -n "$base" ] && [ "$base" != "$(git rev-parse HEAD)" ]; then
    git diff --name-only --diff-filter=d "$base" -- 'src/*.cpp'
  else
    git log -n 60 --name-only --diff-filter=AM --format= -- 'src/*.cpp' | awk '!seen[$0]++'
  fi | while read -r file; do [ -f "$file" ] && echo "$file"; done | head -n "$limit"
}

# clang-tidy needs a compile database and its precompiled headers: any preset that is built will do.
tidy_files() {
  local preset files=("$@")
  [ ${#files[@]} -gt 0 ] || mapfile -t files < <(changed_sources)
  [ ${#files[@]} -gt 0 ] || { say "nothing changed" && return 0; }
  for preset in asan dev; do
    [ -f "$root/build/$preset/compile_commands.json" ] && break
  done
  build_target "$preset" "shoal_pch shoal_test_pch" || return 1
  printf '%s\n' "${files[@]}"
  printf '%s\0' "${files[@]}" | xargs -0 -n 1 -P "$(build_jobs)" \
    clang-tidy-19 -p "$root/build/$preset" --quiet --warnings-as-errors='*'
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
