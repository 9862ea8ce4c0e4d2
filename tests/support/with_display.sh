#!/bin/sh
# with_display.sh COMMAND...: runs a command on a virtual screen of its own, 1280x800, and ends with its status; 77 where
# Xvfb is not installed.
#
# The server chooses its number itself (-displayfd). xvfb-run -a looks for a free one beforehand, and of two tests that
# start in the same moment one is then left without a display. Without -noreset the server starts anew whenever its last
# client leaves, and refuses whoever comes in that moment.
set -eu
command -v Xvfb >/dev/null || { echo "skipped: Xvfb is not installed"; exit 77; }

work=$(mktemp -d)
server=
leave() {
  if [ -n "$server" ]; then
    kill "$server" 2>/dev/null || true
    wait "$server" 2>/dev/null || true
  fi
  rm -rf "$work"
}
trap leave EXIT
trap 'exit 143' HUP INT TERM

: >"$work/number"
Xvfb -displayfd 3 -screen 0 1280x800x24 +extension GLX -noreset -nolisten tcp 3>"$work/number" >"$work/said" 2>&1 &
server=$!
tries=0
until [ "$(wc -l <"$work/number")" -gt 0 ]; do
  tries=$((tries + 1))
  if [ "$tries" -gt 600 ] || ! kill -0 "$server" 2>/dev/null; then
    echo "failed: Xvfb does not start: $(cat "$work/said")"
    exit 1
  fi
  sleep 0.1
done

DISPLAY=:$(cat "$work/number") "$@"
