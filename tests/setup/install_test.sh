#!/bin/sh
# install_test.sh CMAKE BUILD SOURCE: what cmake --install leaves in an empty folder, and that it works from there.
set -eu
target=$(mktemp -d)
trap 'rm -rf "$target"' EXIT
DESTDIR=$target "$1" --install "$2" --prefix /usr >/dev/null

for file in bin/convscope share/applications/convscope.desktop share/mime/packages/convscope.xml \
  share/man/man1/convscope.1 share/icons/hicolor/scalable/apps/convscope.svg \
  share/icons/hicolor/48x48/apps/convscope.png share/icons/hicolor/128x128/apps/convscope.png \
  share/icons/hicolor/256x256/apps/convscope.png share/doc/convscope/README.md; do
  [ -s "$target/usr/$file" ] || { echo "missing: /usr/$file"; find "$target" -type f; exit 1; }
done

cd "$target"
env -u DISPLAY -u WAYLAND_DISPLAY "$target/usr/bin/convscope" presets | grep -q tutorial_5_2
# From where it is installed, the program finds the module with the video encoders, where there is one.
if grep -q 'CONVSCOPE_VIDEO:BOOL=ON' "$2/CMakeCache.txt"; then
  env -u DISPLAY -u WAYLAND_DISPLAY "$target/usr/bin/convscope" export tutorial_5_1 -o clip.mp4 --size 320x180
  [ -s clip.mp4 ]
fi
# And the one that writes PDF.
if [ -e "$2/convscope_pdf.so" ]; then
  env -u DISPLAY -u WAYLAND_DISPLAY "$target/usr/bin/convscope" export tutorial_5_1 -o steps.pdf --size 320x180
  [ -s steps.pdf ]
fi
if command -v desktop-file-validate >/dev/null; then
  desktop-file-validate "$target/usr/share/applications/convscope.desktop"
fi
if command -v xmllint >/dev/null; then
  xmllint --noout "$target/usr/share/mime/packages/convscope.xml" \
    "$target/usr/share/icons/hicolor/scalable/apps/convscope.svg"
fi
# The entry and the file types speak of the same types.
for type in $(sed -n 's/^MimeType=//p' "$target/usr/share/applications/convscope.desktop" | tr ';' ' '); do
  case "$type" in
    image/*) ;;
    *) grep -qF "type=\"$type\"" "$target/usr/share/mime/packages/convscope.xml" || { echo "undefined: $type"; exit 1; } ;;
  esac
done
# A project is saved under an ending by which the desktop knows its type.
ending=$(sed -n 's/.*kProjectEnding = "\(.*\)";/\1/p' "$3/app/gui/panels.h")
grep -qF "<glob pattern=\"*$ending\"/>" "$target/usr/share/mime/packages/convscope.xml" || { echo "no type for $ending"; exit 1; }
