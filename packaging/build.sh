# Configuring and building, as run and check do it; sourced after packages.sh with $root set.
# shellcheck shell=sh
# shellcheck disable=SC2154  # $root and $script come from whoever sources this file

# Sets $build: build/release in the clone or, where the clone cannot be written to, a folder in the user's cache.
choose_build_folder() {
  if mkdir -p -- "$root/build/release" 2>/dev/null && [ -w "$root/build/release" ]; then
    build=$root/build/release
    return 0
  fi
  cache=${XDG_CACHE_HOME:-${HOME:-}/.cache}
  case "$cache" in
    /.cache) cache=${TMPDIR:-/tmp}/convscope-$(id -u) ;;
  esac
  build=$cache/convscope/build/release
  mkdir -p -- "$build"
  echo "$script: $root cannot be written to; building in $build"
}

# Whether $build holds a finished configuration of this very folder (a clone that was moved needs a new one).
is_configured() {
  [ -f "$build/build.ninja" ] && grep -qxF "CMAKE_HOME_DIRECTORY:INTERNAL=$root" "$build/CMakeCache.txt" 2>/dev/null
}

# Configures the release preset; further arguments go to cmake.
configure() {
  fresh=
  if [ -f "$build/CMakeCache.txt" ] &&
    ! grep -qxF "CMAKE_HOME_DIRECTORY:INTERNAL=$root" "$build/CMakeCache.txt"; then
    fresh=--fresh
  fi
  # shellcheck disable=SC2086  # no word where it is empty
  cmake $fresh -S "$root" --preset release -B "$build" "$@"
}

# Builds the targets named.
build() {
  cmake --build "$build" --target "$@"
}
