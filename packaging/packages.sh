# The Debian packages ConvScope needs and how missing ones are installed; sourced by run and check.
# The names hold on Debian 12 and 13.
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154  # the lists are read, and $script is set, by whoever sources this file

# To build. Of C and C++ libraries only the -dev packages are named; they bring the libraries.
packages_to_build='cmake ninja-build g++ pkgconf python3-glad
  libimgui-dev libstb-dev libglfw3-dev libgl-dev libegl-dev libopengl-dev libfreetype-dev libfontconfig-dev
  libhwy-dev nlohmann-json3-dev libcli11-dev libpng-dev zlib1g-dev libgif-dev libwebp-dev
  libavformat-dev libavcodec-dev libswscale-dev libavutil-dev libcairo2-dev libpango1.0-dev'

# To run. libegl-mesa0 does not bring the drivers; formulas need DejaVu's brackets, Chinese a font of its own.
packages_to_run='libegl-mesa0 libgl1-mesa-dri libgl1 libegl1 fonts-dejavu-core fonts-wqy-microhei'

# To test: the framework, a display without a screen and somebody to press its keys, readers of what is exported.
packages_to_test='libgtest-dev libgmock-dev xvfb xauth xdotool xclip imagemagick ffmpeg librsvg2-bin webp poppler-utils
  libxml2-utils desktop-file-utils dpkg-dev file'

# For -DCONVSCOPE_BENCH=ON: Google Benchmark and the peers that stand beside the engine. Neither run nor check needs them.
packages_to_bench='libbenchmark-dev libdnnl-dev ocl-icd-opencl-dev opencl-headers libopenblas-dev libopencv-imgproc-dev'

# For check --all only.
packages_large='clang-tidy shellcheck debootstrap git python3-onnx python3-numpy chromium
  texlive-latex-base texlive-pictures lmodern latex-cjk-chinese latex-cjk-chinese-arphic-gbsn00lp'

# Prints those of the packages named that are not installed.
missing_packages() {
  installed=" $(dpkg-query -W -f='${db:Status-Abbrev} ${Package}\n' "$@" 2>/dev/null |
    sed -n 's/^.i  *//p' | tr '\n' ' ') "
  for package in "$@"; do
    case "$installed" in
      *" $package "*) ;;
      *) printf '%s\n' "$package" ;;
    esac
  done
}

# Runs a command as root: directly, or through sudo.
as_root() {
  ${sudo_words:-} env DEBIAN_FRONTEND=noninteractive "$@"
}

# Installs those of the packages named that are missing and says which; does nothing, quickly, when none is.
install_missing() {
  if ! command -v dpkg-query >/dev/null 2>&1; then
    echo "$script: no dpkg here, so packages are not checked; packaging/packages.sh lists what Debian calls them" >&2
    return 0
  fi
  # shellcheck disable=SC2046  # one word per package is wanted
  set -- $(missing_packages "$@")
  [ $# -gt 0 ] || return 0
  if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null 2>&1; then
      echo "$script: error: packages are missing and there is no sudo; run as root: apt-get install --no-install-recommends $*" >&2
      return 1
    fi
    # sudo may ask for a password only where somebody can answer.
    if [ -t 0 ]; then
      sudo_words=sudo
    elif sudo -n true 2>/dev/null; then
      sudo_words='sudo -n'
    else
      echo "$script: error: packages are missing and sudo wants a password, which nobody can type without a" \
        "terminal; run: sudo apt-get install --no-install-recommends $*" >&2
      return 1
    fi
  fi
  echo "$script: installing $# packages: $*"
  refreshed=no
  if [ -z "$(find /var/lib/apt/lists -name '*_Packages*' -print 2>/dev/null | head -n 1)" ]; then
    as_root apt-get update -q || return 1
    refreshed=yes
  fi
  apt_install "$@" && return 0
  # An index that has aged names files the mirror no longer has: fetch a new one and try once more.
  if [ "$refreshed" = no ]; then
    as_root apt-get update -q && apt_install "$@" && return 0
  fi
  echo "$script: error: apt-get could not install all of: $*" >&2
  return 1
}

apt_install() {
  as_root apt-get install -y -q --no-install-recommends -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 "$@" </dev/null
}
