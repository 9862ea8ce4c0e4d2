#!/bin/sh
# The real window on a virtual screen: keys, clicks and drags by xdotool, seen in pixels of the screen and in the session
# that the window leaves behind. Skipped (77) only where a tool is missing.
set -eu
convscope=$1

if [ "${2:-}" != inside ]; then
  for tool in xdotool import compare; do
    command -v "$tool" >/dev/null || { echo "skipped: $tool is not installed"; exit 77; }
  done
  exec "$(dirname "$0")/../support/with_display.sh" sh "$0" "$convscope" inside
fi

work=$(mktemp -d)
pid=
trap '[ -n "$pid" ] && kill "$pid" 2>/dev/null; rm -rf "$work"' EXIT
export XDG_CONFIG_HOME="$work/config" XDG_CACHE_HOME="$work/cache" LIBGL_ALWAYS_SOFTWARE=1 LC_ALL=C.UTF-8

fail() { echo "failed: $*"; exit 1; }

"$convscope" screenshot tutorial_5_2 --size 1280x800 --list-widgets > "$work/widgets"
# Middle of a widget: "x y".
middle() {
  awk -v name="$1" '$1 == name { printf "%d %d\n", ($2 + $4) / 2, ($3 + $5) / 2; found = 1 } END { exit !found }' \
    "$work/widgets" || fail "no widget $1"
}
pixel() { import -window root -crop "1x1+$1+$2" -depth 8 "rgb:$work/pixel" && od -An -tx1 "$work/pixel" | tr -d ' \n'; }
shot() { import -window root "$work/$1.png"; }
# Whether two shots differ in more than a thousandth of their pixels.
differ() {
  count=$(compare -metric AE "$work/$1.png" "$work/$2.png" null: 2>&1 || true)
  [ "${count%%.*}" -gt 500 ]
}
# Tries for half a minute: machines are slow at times, and time is not what is tested here.
soon() {
  tries=0
  until "$@"; do
    tries=$((tries + 1))
    [ "$tries" -lt 100 ] || return 1
    sleep 0.3
  done
}
pixel_is() { [ "$(pixel "$1" "$2")" = "$3" ]; }
window_title_has() { xdotool getwindowname "$(xdotool search --class convscope | tail -1)" | grep -q "$1"; }
changed_since() { shot now; differ "$1" now; }
gone() { ! kill -0 "$pid" 2>/dev/null; }

click() {
  # shellcheck disable=SC2046  # two numbers
  xdotool mousemove $(middle "$1")
  sleep 0.3
  xdotool mousedown 1
  sleep 0.2
  xdotool mouseup 1
  sleep 0.3
}
press() {
  xdotool keydown "$1"
  sleep 0.15
  xdotool keyup "$1"
  sleep 0.2
}
start() {
  "$convscope" "$@" > "$work/out" 2>&1 &
  pid=$!
  soon xdotool search --onlyvisible --class convscope > /dev/null || fail "no window: $(cat "$work/out")"
  xdotool mousemove 640 790
}
quit() {
  xdotool key --delay 120 ctrl+q
  soon gone || fail "Ctrl+Q does not quit"
  status=0
  wait "$pid" || status=$?
  [ "$status" = 0 ] || fail "exit status $status: $(cat "$work/out")"
  pid=
}
session_has() { grep -q "$1" "$XDG_CONFIG_HOME/convscope/session.json" || fail "the session lacks $1"; }

start tutorial_5_2
# Light panels: #F6F7F9.
soon pixel_is 4 400 f6f7f9 || fail "the first frame is not there"
soon window_title_has 5.2 || fail "the title does not name the session"
sleep 0.5
shot first

xdotool key --delay 120 Right
soon changed_since first || fail "the right arrow does not step"
shot second
click timeline.forward
soon changed_since second || fail "the forward button does not step"

click stride.h.minus
soon window_title_has • || fail "an edit does not mark the title"
shot edited
click kernel_size.h
xdotool key --delay 120 2
press Return
soon changed_since edited || fail "typing a kernel size changes nothing"

press t
# Dark panels: #1B1F26.
soon pixel_is 4 400 1b1f26 || fail "T does not change the theme"
shot dark
press l
soon changed_since dark || fail "L does not change the language"

shot before_scrub
# shellcheck disable=SC2046  # three numbers
set -- $(awk '$1 == "timeline.scrub" { print $2 + 8, $4 - 2, int(($3 + $5) / 2) }' "$work/widgets")
xdotool mousemove "$1" "$3"
sleep 0.2
xdotool mousedown 1
sleep 0.2
xdotool mousemove "$2" "$3"
sleep 0.3
xdotool mouseup 1
soon changed_since before_scrub || fail "scrubbing changes nothing"

shot before_undo
xdotool key --delay 120 ctrl+z
soon changed_since before_undo || fail "Ctrl+Z changes nothing"
quit

# Undone: the kernel size. Kept: stride, theme, language; the last step of stride 1, padding 1 on 5x5 is 25.
session_has '"kernel_size": \[3, 3\]'
session_has '"stride": \[1, 1\]'
session_has '"theme": "dark"'
session_has '"language": "zh"'

start
soon pixel_is 4 400 1b1f26 || fail "the theme is not remembered"
soon window_title_has 5.2 || fail "the last session is not remembered"

# In front of people the picture stands alone: canvas where the panel was.
press F5
soon pixel_is 4 400 14171c || fail "F5 does not present"
press Escape
soon pixel_is 4 400 1b1f26 || fail "Escape does not leave the presentation"

# The session as text through the screen's own clipboard, and code from it.
if command -v xclip > /dev/null; then
  copied() { xclip -o -selection clipboard 2> /dev/null | grep -q '^convscope:1[.]'; }
  xdotool key --delay 120 ctrl+shift+c
  soon copied || fail "Ctrl+Shift+C copies no session"
  printf 'nn.Conv2d(1, 2, 2, padding=k)' | xclip -i -selection clipboard > /dev/null 2>&1
  shot before_paste
  xdotool key --delay 120 ctrl+v
  soon changed_since before_paste || fail "Ctrl+V pastes nothing"
  quit
  session_has '"out_channels": 2'
  session_has '"kernel_size": \[2, 2\]'
else
  quit
fi

# Exports that are stopped, and a window that is closed over one: nothing half-written stays.
export HOME="$work/home"
mkdir "$HOME"
printf 'key ctrl+e\n' > "$work/opens_export"
"$convscope" screenshot tutorial_6_2_1 --size 1280x800 --actions "$work/opens_export" --list-widgets > "$work/widgets"
something_is_written() { [ -n "$(ls -A "$HOME")" ]; }
nothing_is_left() { [ -z "$(ls -A "$HOME")" ]; }
begin_export() {
  soon pixel_is 4 400 1b1f26 || fail "the window does not come back"
  sleep 0.5
  shot before_export
  xdotool key --delay 120 ctrl+e
  soon changed_since before_export || fail "Ctrl+E opens nothing"
  sleep 0.5
  click export.ok
  soon something_is_written || fail "the export does not begin"
}
start tutorial_6_2_1
begin_export
# Where the button that began it was, now the one is that stops it.
click export.ok
soon nothing_is_left || fail "a stopped export leaves $(ls -A "$HOME")"
quit
start tutorial_6_2_1
begin_export
quit
nothing_is_left || fail "closing the window over an export leaves $(ls -A "$HOME")"

# A broken last session is kept aside and does not hinder the start.
# A model that is named at the start: the window asks which layer.
models=$(dirname "$0")/../session/models
start "$models/trunk.onnx"
chooses() {
  press Return
  grep -q '"conv1"' "$XDG_CONFIG_HOME/convscope/session.json"
}
soon chooses || fail "Enter does not show the first layer of a model"
quit

printf '{ "format": ' > "$XDG_CONFIG_HOME/convscope/session.json"
start
soon pixel_is 4 400 f6f7f9 || fail "a broken session hinders the start"
quit
[ -f "$XDG_CONFIG_HOME/convscope/session.json.broken" ] || fail "the broken session was not kept"
echo "passed"
