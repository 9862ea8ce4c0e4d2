#!/bin/sh
# arrows.sh SOURCE: fails and names each #include by which a room knows more than its arrows allow.
# "A wrong arrow does not link" holds for functions only; a header is found from everywhere.
set -eu
cd "$1"
problems=0

includes_of() { # folder: lines file:number:header
  find "$1" \( -name '*.cpp' -o -name '*.h' -o -name '*.cc' \) -exec \
    sed -n -E '/^[[:space:]]*#[[:space:]]*include[[:space:]]*[<"]/{
      s/^[[:space:]]*#[[:space:]]*include[[:space:]]*[<"]([^">]*)[">].*/\1/
      F
      p
    }' {} + | paste -d' ' - -
}

complain() { # file header reason
  echo "$1 includes $2: $3"
  problems=$((problems + 1))
}

# room folder, then the folders of the house it may include from.
arrows='
engine           engine
app/io           app/io engine
app/language     app/language engine
app/session      app/session app/io app/language engine
app/scene        app/scene app/session app/io app/language engine
app/render       app/render app/scene app/session app/io app/language engine
app/export       app/export app/render app/scene app/session app/io app/language engine
app/cli          app/cli app/export app/render app/scene app/session app/io app/language engine
app/gui          app/gui app/export app/render app/scene app/session app/io app/language engine
app/main         app/main app/cli app/gui app/language app/session app/io engine'

# pattern of headers, then the only folders that may include them.
reserved='
imgui*           app/gui
backends/imgui*  app/gui
GLFW/*           app/gui
CLI/*            app/cli app/gui app/main
EGL/*            app/render
ft2build.h       app/render
fontconfig/*     app/render
libav*           app/export
libsw*           app/export
gif_lib.h        app/export
stb*             app/io
hwy/*            engine
glad/*           app/render app/gui'

# Neither files nor clocks nor screens.
forbidden_in_engine='fstream filesystem iostream ostream istream cstdio stdio.h chrono ctime time.h sys/* fcntl.h
  nlohmann/*'

allows() { # header folders...: does it lie in one of them?
  header=$1
  shift
  for folder in "$@"; do
    case "$header" in "$folder"/*) return 0 ;; esac
  done
  return 1
}

lists=$(mktemp -d)
trap 'rm -rf "$lists"' EXIT
echo "$arrows" | sed '/^$/d' >"$lists/arrows"
echo "$reserved" | sed '/^$/d' >"$lists/reserved"

while read -r room allowed; do
  [ -d "$room" ] || continue
  includes_of "$room" >"$lists/includes"
  while read -r file header; do
    case "$header" in
      engine/* | app/*)
        # shellcheck disable=SC2086  # a list of folders
        allows "$header" $allowed || complain "$file" "$header" "$room may only know: $allowed"
        ;;
    esac
    while read -r pattern owners; do
      # shellcheck disable=SC2254  # a pattern is meant
      case "$header" in
        $pattern)
          # shellcheck disable=SC2086
          allows "$file" $owners || complain "$file" "$header" "only $owners may"
          ;;
      esac
    done <"$lists/reserved"
    if [ "$room" = engine ]; then
      set -f
      for pattern in $forbidden_in_engine; do
        # shellcheck disable=SC2254
        case "$header" in $pattern) complain "$file" "$header" "the engine sees neither files nor clocks nor screens" ;; esac
      done
      set +f
    fi
  done <"$lists/includes"
  seen=$((${seen:-0} + $(wc -l <"$lists/includes")))
done <"$lists/arrows"

# A house without includes would be one that was not found.
if [ "${seen:-0}" -eq 0 ]; then
  echo "no room found under $1"
  exit 1
fi
echo "$seen includes read, $problems forbidden"
[ "$problems" -eq 0 ]
