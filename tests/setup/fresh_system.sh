#!/bin/sh
# fresh_system.sh SOURCE RELEASE: in a minimal Debian of that release, made here with debootstrap, with nothing but a
# clone: ./run and ./check as root; then the Debian package alone on a second fresh system, and there ./run as an
# ordinary user with sudo.
# Large, needs root and the network: check --all only.
set -eu
if [ -z "${CONVSCOPE_CHECK_ALL:-}" ]; then
  echo "makes whole systems: ./check --all does it"
  exit 77
fi
if [ "$(id -u)" -ne 0 ] || ! command -v debootstrap >/dev/null || ! command -v git >/dev/null; then
  echo "needs root, debootstrap and git"
  exit 77
fi
source=$1
release=$2
work=$(mktemp -d)

leave() {
  for root in "$work/fresh" "$work/second"; do
    umount "$root/dev" "$root/proc" 2>/dev/null || true
  done
  # Never delete through a mount that would not go.
  grep -q " $work/" /proc/mounts || rm -rf "$work"
}
trap leave EXIT

inside() { # root command...: with an empty environment, as a container starts
  root=$1
  shift
  chroot "$root" env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$@" </dev/null
}
prepare() {
  cp /etc/resolv.conf "$1/etc/resolv.conf"
  mount -t proc proc "$1/proc"
  mount --bind /dev "$1/dev"
}

debootstrap --variant=minbase "$release" "$work/fresh" >"$work/said" || { tail -n 5 "$work/said"; exit 1; }
cp -a "$work/fresh" "$work/second"
prepare "$work/fresh"
prepare "$work/second"

# As root. The folder's name has a space in it.
git clone -q "$source" "$work/fresh/root/a clone"
inside "$work/fresh" sh -c 'cd "/root/a clone" && ./run' >"$work/said" 2>&1 || { tail -n 40 "$work/said"; exit 1; }
grep -q 'installing .* packages' "$work/said"
test -s "$work/fresh/root/a clone/build/demo.gif"
echo "$release: ./run as root made a demo of $(wc -c <"$work/fresh/root/a clone/build/demo.gif") bytes"

# Started once more, it has only to open.
started=$(date +%s%N)
inside "$work/fresh" sh -c 'cd "/root/a clone" && ./run --build-only' >"$work/said" 2>&1 || { tail -n 40 "$work/said"; exit 1; }
echo "$release: a second ./run --build-only took $((($(date +%s%N) - started) / 1000000)) ms"

# ./check installs what it needs; its own tests are the house's, and run here as anywhere.
inside "$work/fresh" sh -c 'cd "/root/a clone" && ./check' >"$work/said" 2>&1 || { tail -n 40 "$work/said"; exit 1; }
echo "$release: ./check: $(grep 'tests passed' "$work/said" | tail -n 1)"

# The package, on a system that has only what the package asks for.
inside "$work/fresh" apt-get install -y -q --no-install-recommends dpkg-dev file >/dev/null
inside "$work/fresh" sh -c 'cd "/root/a clone/build/release" && cpack -G DEB' >"$work/said" 2>&1 ||
  { tail -n 20 "$work/said"; exit 1; }
cp "$work/fresh/root/a clone/build/release"/convscope_*.deb "$work/second/tmp/"
inside "$work/second" sh -c 'apt-get update -q && DEBIAN_FRONTEND=noninteractive \
  apt-get install -y -q --no-install-recommends /tmp/convscope_*.deb' >"$work/said" 2>&1 || { tail -n 20 "$work/said"; exit 1; }
inside "$work/second" sh -c 'cd /tmp && convscope export tutorial_5_2 -o demo.gif'
test -s "$work/second/tmp/demo.gif"
echo "$release: the package installs and exports on its own"

# As an ordinary user with sudo, on what was the package's system: everything to build is missing there.
inside "$work/second" sh -c 'DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends sudo &&
  useradd -m student && echo "student ALL=(ALL) NOPASSWD: ALL" >/etc/sudoers.d/student' >/dev/null 2>&1
git clone -q "$source" "$work/second/home/student/convscope"
inside "$work/second" chown -R student: /home/student
inside "$work/second" su student -c 'cd ~/convscope && ./run' >"$work/said" 2>&1 || { tail -n 40 "$work/said"; exit 1; }
test -s "$work/second/home/student/convscope/build/demo.gif"
echo "$release: ./run as an ordinary user with sudo made a demo"
