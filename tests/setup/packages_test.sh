#!/bin/sh
# shellcheck disable=SC2016  # what stands in single quotes is expanded by the stand-ins
# packages_test.sh SOURCE: install_missing against a system made of stand-ins for dpkg-query, apt-get, sudo and id.
set -eu
source=$1
system=$(mktemp -d)
trap 'rm -rf "$system"' EXIT
mkdir "$system/bin"

stand_in() { # name body
  printf '#!/bin/sh\n%s\n' "$2" >"$system/bin/$1"
  chmod +x "$system/bin/$1"
}
# alpha is installed, beta was removed but keeps its settings, gamma is held at its version, anything else unknown.
stand_in dpkg-query '
for name in "$@"; do
  case "$name" in
    alpha) echo "ii  alpha" ;;
    beta) echo "rc  beta" ;;
    gamma) echo "hi  gamma" ;;
    -*) ;;
    *) echo "dpkg-query: no packages found matching $name" >&2; status=1 ;;
  esac
done
exit ${status:-0}'
stand_in apt-get 'echo "apt-get $* [$DEBIAN_FRONTEND]" >>"$SYSTEM/log"; [ ! -e "$SYSTEM/apt-fails" ]'

said_by() { # uid packages...
  uid=$1
  shift
  stand_in id "echo $uid"
  : >"$system/log"
  # shellcheck disable=SC2016  # expanded by the inner shell
  SYSTEM=$system PATH=$system/bin:$PATH sh -c '
    script=test
    . "$0/packaging/packages.sh"
    install_missing "$@"' "$source" "$@" </dev/null >"$system/said" 2>&1
}
expect() { # file text
  grep -qF -- "$2" "$system/$1" || { echo "expected in $1: $2"; cat "$system/$1"; exit 1; }
}
expect_silence() {
  [ ! -s "$system/$1" ] || { echo "expected nothing in $1:"; cat "$system/$1"; exit 1; }
}

said_by 0 alpha gamma
expect_silence said
expect_silence log

said_by 0 alpha beta gamma delta
expect said 'installing 2 packages: beta delta'
expect log 'install -y'
expect log 'beta delta [noninteractive]'

# An ordinary user whose sudo needs a password cannot be asked without a terminal: say it, touch nothing.
stand_in sudo 'exit 1'
if said_by 1000 delta; then
  echo "missing packages without a password were accepted"
  exit 1
fi
expect said 'sudo apt-get install --no-install-recommends delta'
expect_silence log

# sudo that needs none is used without a question.
stand_in sudo '[ "$1" = -n ] || exit 1; shift; "$@"'
said_by 1000 delta
expect log 'delta [noninteractive]'

# A mirror that has moved on: a fresh index is fetched, then the failure is told.
touch "$system/apt-fails"
if said_by 0 delta; then
  echo "a failing apt-get was not noticed"
  exit 1
fi
expect log 'update'
expect said 'error'
