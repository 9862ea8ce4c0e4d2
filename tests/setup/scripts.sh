#!/bin/sh
# scripts.sh SOURCE: every shell script of the project parses and, where shellcheck is installed, satisfies it.
set -eu
cd "$1"
count=0
for script in run check packaging/*.sh tests/*/*.sh; do
  sh -n "$script"
  count=$((count + 1))
done
bash -n .ci/run
for script in run check .ci/run; do
  [ -x "$script" ] || { echo "$script cannot be executed"; exit 1; }
done
if command -v shellcheck >/dev/null 2>&1; then
  shellcheck -x run check .ci/run packaging/*.sh tests/*/*.sh
  echo "$count scripts parse and satisfy shellcheck"
else
  echo "$count scripts parse; shellcheck is not installed"
fi
