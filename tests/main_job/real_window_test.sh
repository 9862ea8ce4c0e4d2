#!/bin/bash
# The main job through the real window: xdotool moves a real pointer and presses real keys under Xvfb. Where a widget is,
# is asked of the same interface drawn off screen after the same actions. What it leaves behind is held against the
# engine and PyTorch by the test that does the job off screen.
#
# Usage: real_window_test.sh CONVSCOPE MAKE_PICTURE TEST_MAIN_JOB PICTURE, where PICTURE is picture.png or picture.jpg.
# Exit status 77: something the test needs is not installed.
set -eu
convscope=$1
make_picture=$2
test_main_job=$3
picture=$4
for tool in xdotool ffprobe; do
  command -v $tool >/dev/null || { echo "skipped: $tool is not installed"; exit 77; }
done
if [ "${5:-}" != inside ]; then
  exec "$(dirname "$0")/../support/with_display.sh" "$0" "$@" inside
fi

folder=$(mktemp -d)
window_pid=
cleanup() {
  [ -z "$window_pid" ] || kill "$window_pid" 2>/dev/null || true
  rm -rf "$folder"
}
trap cleanup EXIT
fail() {
  echo "failed: $*" >&2
  exit 1
}
export XDG_CONFIG_HOME=$folder/config XDG_STATE_HOME=$folder/state XDG_DATA_HOME=$folder/data LC_ALL=C.UTF-8
size=1280x800
actions=$folder/actions.txt
: >"$actions"

"$make_picture" "$folder"
left=$folder/$picture.out
mkdir "$left"

"$convscope" tutorial_5_1 >"$folder/window.log" 2>&1 &
window_pid=$!
window=$(timeout 30 xdotool search --sync --onlyvisible --pid $window_pid | head -n 1)
[ -n "$window" ] || fail "no window appeared: $(cat "$folder/window.log")"
eval "$(xdotool getwindowgeometry --shell "$window")"
[ "${WIDTH}x$HEIGHT" = $size ] || fail "the window is ${WIDTH}x$HEIGHT, not $size"

# did LINE: says to the off-screen twin what the real window is about to be told.
did() { echo "$1" >>"$actions"; }
twin_of=tutorial_5_1
# The widgets of the twin after the actions so far, asked for once.
known=
widgets() {
  [ "$known" = "$(cksum "$actions")" ] || {
    # The twin saves as well, but not over the window's files.
    sed "s#$left/job#$folder/twin#" "$actions" >"$folder/twin_actions.txt"
    "$convscope" screenshot "$twin_of" -o "$folder/twin.png" --size $size --actions "$folder/twin_actions.txt" \
      --list-widgets >"$folder/widgets"
    known=$(cksum "$actions")
  }
}
# centre NAME: where the widget is, in $at.
centre() {
  widgets
  at=$(awk -v name="$1" '$1 == name { print int(($2 + $4) / 2), int(($3 + $5) / 2); found = 1 } END { exit !found }' \
    "$folder/widgets") || fail "the twin has no widget $1 after: $(cat "$actions")"
}
click() {
  centre "$1"
  xdotool mousemove --window "$window" "${at% *}" "${at#* }" sleep 0.1 mousedown 1 sleep 0.1 mouseup 1 sleep 0.2
  did "click $1"
}
key() {
  xdotool key --window "$window" --delay 120 "$1"
  sleep 0.15
  did "key $2"
}
type_text() {
  xdotool type --window "$window" --delay 40 "$1"
  sleep 0.2
  did "type $1"
}
enter_value() {
  click "$1"
  key ctrl+a ctrl+a
  type_text "$2"
  key Return enter
}

xdotool windowfocus "$window" sleep 0.3
key ctrl+o ctrl+o
type_text "$folder/$picture"
key Return enter
did "wait idle"
sleep 1
enter_value padding.h 1
enter_value stride.h 2
# Folded away, the input makes room for the kernel: nothing needs scrolling.
click section.input
click kernel.named
# The list opens at its present choice, which is the last but one: to the top of it.
centre kernel.named.values
xdotool mousemove --window "$window" "${at% *}" "${at#* }" sleep 0.1 click --repeat 20 --delay 60 4 sleep 0.3
did "scroll kernel.named.values 20"
click kernel.named.sobel_x
did "wait idle"

key ctrl+s ctrl+s
type_text "$left/job.json"
key Return enter
for _ in $(seq 50); do [ -s "$left/job.json" ] && break; sleep 0.1; done
[ -s "$left/job.json" ] || fail "the project was not saved"

# Forty steps, played at two a second; the project, saved again and again, says how far it is.
saved_step() { sed -n 's/.*"step": *\([0-9]*\).*/\1/p' "$left/job.json"; }
[ "$(saved_step)" = 1 ] || fail "before playing, the step is $(saved_step)"
xdotool key --window "$window" --delay 120 space
for _ in $(seq 120); do
  sleep 1
  xdotool key --window "$window" --delay 120 ctrl+s
  [ "$(saved_step)" -lt 40 ] || break
done
xdotool key --window "$window" --delay 120 space
sleep 0.3
[ "$(saved_step)" -ge 40 ] || fail "after two minutes of playing, the step is $(saved_step)"

# For the dialog the twin begins with the saved project. It neither exports nor types: every click would wait for it, and
# nothing changes its place.
twin_of=$left/job.json
: >"$actions"
into_field() {
  centre "$1"
  xdotool mousemove --window "$window" "${at% *}" "${at#* }" sleep 0.1 mousedown 1 sleep 0.1 mouseup 1 sleep 0.2 \
    key --window "$window" --delay 120 ctrl+a type --window "$window" --delay 40 "$2"
  xdotool key --window "$window" --delay 120 "$3"
  sleep 0.2
}
# export_as FORMAT FILE FIELD VALUE
export_as() {
  key ctrl+e ctrl+e
  sleep 1
  click export.format
  sleep 0.5
  click "export.format.$1"
  into_field export.target "$left/$2" Tab
  into_field "$3" "$4" Return
  click export.size
  sleep 0.5
  click export.size.1920x1080
  sleep 0.5
  centre export.ok
  xdotool mousemove --window "$window" "${at% *}" "${at#* }" sleep 0.1 mousedown 1 sleep 0.1 mouseup 1
  for _ in $(seq 1200); do [ -s "$left/$2" ] && break; sleep 0.1; done
  [ -s "$left/$2" ] || fail "no $2 was exported"
  sleep 0.5
  key Escape escape
}
steps=$((54 * 96))
export_as gif job.gif export.last 40
export_as mp4 job.mp4 export.last 40
export_as png job.png export.step $steps
export_as svg_still job.svg export.step $steps
kill -0 $window_pid || fail "the window did not survive: $(cat "$folder/window.log")"

"$convscope" check "$left/job.json" || fail "the saved project is not good"
for wanted in '"stride"' '"sobel_x"' "$picture"; do
  grep -q -- "$wanted" "$left/job.json" || fail "the project does not mention $wanted: $(cat "$left/job.json")"
done
CONVSCOPE_MAIN_JOB_LEFT=$folder "$test_main_job" --gtest_filter="*/$([ "$picture" = picture.png ] && echo png || echo jpeg)" ||
  fail "what the window exported is not what the engine computes"
echo "The real window opened $picture, filtered it, played forty steps and exported them in four formats."
