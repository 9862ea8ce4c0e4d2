# Configuring and building, as run and check do it; sourced after packages.sh with $root set.
# shellcheck shell=sh
# shellcheck disable=SC2154  # $root and $script come from whoever sources this file

# Sets $builds: build/ in the clone or, where the clone cannot be written to, a folder in the user's cache. Each
# preset of CMakePresets.json has its folder there.
choose_build_folder() {
  if mkdir -p -- "$root/build" 2>/dev/null && [ -w "$root/build" ]; then
    builds=$root/build
    return 0
  fi
  cache=${XDG_CACHE_HOME:-${HOME:-}/.cache}
  case "$cache" in
    /.cache) cache=${TMPDIR:-/tmp}/cache-$(id -u) ;;
  esac
  builds=$cache/convscope/build
  mkdir -p -- "$builds"
  echo "$script: $root cannot be written to; building in $builds"
}

# Whether the preset's folder is of this very clone; one that was moved or copied is not.
belongs_here() {
  grep -qxF "CMAKE_HOME_DIRECTORY:INTERNAL=$root" "$builds/$1/CMakeCache.txt" 2>/dev/null
}

is_configured() {
  [ -f "$builds/$1/build.ninja" ] && belongs_here "$1"
}

# configure PRESET [ARGUMENTS OF CMAKE]
configure() {
  preset=$1
  shift
  if [ -f "$builds/$preset/CMakeCache.txt" ] && ! belongs_here "$preset"; then
    set -- --fresh "$@"
  fi
  cmake -S "$root" --preset "$preset" -B "$builds/$preset" "$@"
}

# build PRESET TARGETS...
build() {
  preset=$1
  shift
  cmake --build "$builds/$preset" --target "$@"
}
