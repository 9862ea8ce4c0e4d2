#!/bin/sh
# package_test.sh CPACK BUILD: the Debian package holds the program and names what it needs at run time.
set -eu
command -v dpkg-shlibdeps >/dev/null && command -v dpkg-deb >/dev/null || exit 77
build=$2
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"$1" -G DEB --config "$2/CPackConfig.cmake" -B "$folder" >"$folder/said" 2>&1 || { cat "$folder/said"; exit 1; }
package=$(find "$folder" -maxdepth 1 -name 'convscope_*.deb')
# The module with the video encoders counts as well.
encoders() { grep -q 'CONVSCOPE_VIDEO:BOOL=ON' "$build/CMakeCache.txt" && echo libavcodec; }
needs=$(dpkg-deb -f "$package" Depends)
for name in libegl-mesa0 libgl1-mesa-dri fonts-dejavu-core fonts-wqy-microhei libglfw3 libc6 $(encoders); do
  case "$needs" in
    *"$name"*) ;;
    *) echo "does not need $name: $needs"; exit 1 ;;
  esac
done
dpkg-deb -c "$package" >"$folder/holds"
grep -q ' ./usr/bin/convscope$' "$folder/holds"
# No file outside /usr, none that others could write to.
if grep -v ' \./usr\(/\|$\)' "$folder/holds" || grep '^-.......w' "$folder/holds"; then
  echo "the package holds what it should not"
  exit 1
fi
dpkg-deb -x "$package" "$folder/root"
env -u DISPLAY -u WAYLAND_DISPLAY "$folder/root/usr/bin/convscope" presets | grep -q tutorial_5_2
