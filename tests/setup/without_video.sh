#!/bin/sh
# without_video.sh CMAKE SOURCE: the build without FFmpeg's libraries, libwebp and Cairo exports pictures and animations,
# and says why it writes no video, WebP or PDF. Builds the program a second time: check --all only.
set -eu
if [ -z "${CONVSCOPE_CHECK_ALL:-}" ]; then
  echo "builds the program again: ./check --all does it"
  exit 77
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$1" -S "$2" -B "$work/build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DCONVSCOPE_TESTS=OFF -DCONVSCOPE_VIDEO=OFF \
  -DCONVSCOPE_WEBP=OFF -DCONVSCOPE_PDF=OFF >"$work/said" 2>&1 || { tail -n 20 "$work/said"; exit 1; }
"$1" --build "$work/build" --target convscope >"$work/said" 2>&1 || { tail -n 20 "$work/said"; exit 1; }
if ldd "$work/build/convscope" | grep -q libavcodec; then
  echo "FFmpeg's libraries are linked all the same"
  exit 1
fi
for name in clip.gif still.png clip.svg clip.apng page.html step.tex; do
  "$work/build/convscope" export tutorial_5_1 -o "$work/$name" --size 320x180
  [ -s "$work/$name" ]
done
for name in clip.mp4 clip.webm clip.webp steps.pdf; do
  if "$work/build/convscope" export tutorial_5_1 -o "$work/$name" 2>"$work/said"; then
    echo "it claims to have written $name"
    exit 1
  fi
  [ "$(wc -l <"$work/said")" -eq 1 ] || { cat "$work/said"; exit 1; }
  grep -q "$name" "$work/said"
  [ ! -e "$work/$name" ]
done
