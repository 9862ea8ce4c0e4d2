#!/bin/sh
# run_test.sh SOURCE PROGRAM: what ./run does once everything is built, with the real program. A clone is imitated, in
# a folder with a space in its name, whose build is already done; cmake is a stand-in that must not configure.
set -eu
source=$1
program=$2
clone="$(mktemp -d)/a clone"
trap 'rm -rf "${clone%/*}"' EXIT
mkdir -p "$clone/build/release" "$clone/bin" "$clone/elsewhere"
cp -R "$source/run" "$source/packaging" "$clone/"
ln -s "$program" "$clone/build/release/convscope"
touch "$clone/build/release/build.ninja"
echo "CMAKE_HOME_DIRECTORY:INTERNAL=$clone" >"$clone/build/release/CMakeCache.txt"
# shellcheck disable=SC2016  # expanded by the stand-in
printf '#!/bin/sh\n[ "$1" = --build ] || { echo "configured again: $*" >&2; exit 1; }\n' >"$clone/bin/cmake"
# Nothing may be installed by a test.
# shellcheck disable=SC2016
printf '#!/bin/sh\nshift 2\nfor p in "$@"; do echo "ii  $p"; done\n' >"$clone/bin/dpkg-query"
chmod +x "$clone/bin/"*
unset DISPLAY WAYLAND_DISPLAY
PATH=$clone/bin:$PATH
fail() {
  echo "$1"
  cat "$clone/said" 2>/dev/null || true
  exit 1
}

cd "$clone/elsewhere"
../run --build-only >"$clone/said" 2>&1 || fail "--build-only failed"
[ ! -e "$clone/build/demo.gif" ] || fail "--build-only went on"

../run >"$clone/said" 2>&1 || fail "run failed without a display"
grep -q 'no display' "$clone/said" || fail "does not say that there is no display"
grep -qF "$clone/build/demo.gif" "$clone/said" || fail "does not say where the animation is"
[ "$(head -c 6 "$clone/build/demo.gif")" = GIF89a ] || fail "the demo is no GIF"

# A command goes through with its arguments, its output and its status.
../run size conv2d --input-size 1,3,224,224 --weight-size 64,3,7,7 --stride 2 --padding 3 >"$clone/size" 2>"$clone/said" ||
  fail "a command did not go through"
[ "$(tail -n 1 "$clone/size")" = '1, 64, 112, 112' ] || fail "not the size's output: $(cat "$clone/size")"
status=0
../run compute nonsense >"$clone/out" 2>"$clone/said" || status=$?
[ "$status" -eq 2 ] || fail "status $status instead of 2"
