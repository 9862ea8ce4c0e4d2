#!/bin/sh
# arrows_test.sh ARROWS: arrows.sh must pass a small good house and refuse each single bad include.
set -eu
house=$(mktemp -d)
trap 'rm -rf "$house"' EXIT
mkdir -p "$house/engine" "$house/app/scene" "$house/app/gui"
echo '#include "engine/shape.h"' >"$house/engine/a.cpp"
echo '#include <imgui.h>' >"$house/app/gui/a.cpp"
if ! sh "$1" "$house" >/dev/null; then
  echo "a good house was refused"
  exit 1
fi

refuses() { # file line
  echo "$2" >"$house/$1"
  if sh "$arrows" "$house" >"$house/said"; then
    echo "not noticed: $2 in $1"
    exit 1
  fi
  grep -qF "$1 includes" "$house/said" || { echo "does not name $1:"; cat "$house/said"; exit 1; }
  rm "$house/$1"
}
arrows=$1
refuses engine/b.cpp '#include "app/session/session.h"'
refuses engine/b.h '#include <fstream>'
refuses engine/b.h '  #  include <chrono>'
refuses engine/b.cpp '#include <sys/stat.h>'
refuses app/scene/b.h '#include "app/render/gl_canvas.h"'
refuses app/scene/b.cpp '#include <imgui_internal.h>'
refuses app/scene/b.cpp '#include "GLFW/glfw3.h"'
refuses app/gui/b.cpp '#include "app/cli/command.h"'
