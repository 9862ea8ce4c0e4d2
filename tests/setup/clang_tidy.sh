#!/bin/sh
# clang_tidy.sh SOURCE BUILD: clang-tidy with the project's .clang-tidy on every source. Large: check --all only.
set -eu
if [ -z "${CONVSCOPE_CHECK_ALL:-}" ]; then
  echo "clang-tidy is large: ./check --all runs it"
  exit 77
fi
cd "$1"
find engine app -name '*.cpp' -print0 |
  xargs -0 -n 4 -P "$(nproc)" clang-tidy --quiet -p "$2" --warnings-as-errors='*'
