#!/bin/sh
# Searches with libFuzzer: builds the targets (preset fuzz, clang) and runs each for so many seconds, beginning with its
# corpus and with what earlier runs found worth keeping.
#
# Usage: run_fuzzers.sh SECONDS [TARGET...]     TARGET is npy, picture, plan, ...; all where none is named
#
# What a run finds lies in build/fuzz/findings/TARGET/; the last line of each run says how often it was executed.
set -eu
seconds=${1:?usage: run_fuzzers.sh SECONDS [TARGET...]}
shift
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
root=$(dirname -- "$(dirname -- "$here")")
cd "$root"
command -v clang++ >/dev/null || { echo "run_fuzzers.sh: error: clang is not installed; apt-get install clang" >&2; exit 1; }

if [ $# -eq 0 ]; then
  # shellcheck disable=SC2046  # names without blanks
  set -- $(cd "$here" && for file in *_fuzzer.cpp; do printf '%s ' "${file%_fuzzer.cpp}"; done)
fi
cmake --preset fuzz >/dev/null
# shellcheck disable=SC2046  # names without blanks
cmake --build --preset fuzz --target $(printf 'fuzz_%s ' "$@")

status=0
for target in "$@"; do
  kept=build/fuzz/kept/$target
  findings=build/fuzz/findings/$target
  mkdir -p "$kept" "$findings"
  seeds=$here/corpus/$target
  [ "$target" != document ] || seeds="$seeds assets/presets assets/chains"
  echo "== $target"
  # shellcheck disable=SC2086  # several folders
  build/fuzz/tests/fuzz/fuzz_"$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -max_len=16384 \
    -print_final_stats=1 -artifact_prefix="$findings/" "$kept" $seeds 2>"$findings/log" || status=1
  grep -E 'stat::number_of_executed_units|^SUMMARY|ERROR' "$findings/log" || tail -n 5 "$findings/log"
done
exit $status
