#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# deps.sh [build|test|mpi|bench|coverage]: finds what is missing to build (and draw), to test, for the peers of bench-pool or to
# measure the coverage, and installs it with the system's package manager, saying what it does. Without the right to install it prints the exact command and exits with 2.
# BREAKEVEN_PACKAGE_MANAGER=none forbids installing.
set -u
goal=${1:-build}

# need WORDS of the check | apt-get | dnf | pacman | zypper
needs() {
    cat <<'LIST'
build|command -v cc|gcc libc6-dev|gcc|gcc|gcc
build|command -v pkg-config|pkg-config|pkgconf-pkg-config|pkgconf|pkg-config
build|pkg-config --exists hwloc|libhwloc-dev|hwloc-devel|hwloc|hwloc-devel
build|pkg-config --exists gsl|libgsl-dev|gsl-devel|gsl|gsl-devel
build|pkg-config --exists jansson|libjansson-dev|jansson-devel|jansson|libjansson-devel
build|command -v gnuplot|gnuplot-nox|gnuplot-minimal|gnuplot|gnuplot
test|pkg-config --exists check|check|check-devel|check|check-devel
test|command -v bats|bats|bats|bats|bats
test|command -v python3|python3|python3|python|python3
test|command -v clang|clang|clang|clang|clang
test|have_libomp|libomp-dev|libomp-devel|openmp|libomp-devel
test|command -v pgrep|procps|procps-ng|procps-ng|procps
test|command -v strace|strace|strace|strace|strace
test|command -v g++|g++|gcc-c++|gcc|gcc-c++
mpi|command -v mpicc|libopenmpi-dev|openmpi-devel|openmpi|openmpi-devel
mpi|command -v mpirun|openmpi-bin|openmpi|openmpi|openmpi
test|have_jsonschema|python3-jsonschema|python3-jsonschema|python-jsonschema|python3-jsonschema
bench|command -v clang|clang|clang|clang|clang
bench|have_libomp|libomp-dev|libomp-devel|openmp|libomp-devel
bench|command -v g++|g++|gcc-c++|gcc|gcc-c++
bench|have_tbb|libtbb-dev|tbb-devel|onetbb|tbb-devel
bench|command -v python3|python3|python3|python|python3
coverage|command -v lcov|lcov|lcov|lcov|lcov
LIST
}

# shellcheck disable=SC2317 # called through the list
have_libomp() {
    command -v clang >/dev/null 2>&1 &&
        echo 'int main(void){return 0;}' | clang -fopenmp -x c -o /dev/null - >/dev/null 2>&1
}

# shellcheck disable=SC2317 # called through the list
have_tbb() { echo '#include <oneapi/tbb.h>' | g++ -fsyntax-only -x c++ -; }

# shellcheck disable=SC2317 # called through the list
have_jsonschema() {
    /usr/bin/python3 -c 'import jsonschema' 2>/dev/null || python3 -c 'import jsonschema'
}

manager=${BREAKEVEN_PACKAGE_MANAGER:-}
if [ -z "$manager" ]; then
    for name in apt-get dnf pacman zypper; do
        command -v $name >/dev/null 2>&1 && manager=$name && break
    done
fi
case "$manager" in
    apt-get) column=3; install='apt-get install -y --no-install-recommends' ;;
    dnf) column=4; install='dnf install -y' ;;
    pacman) column=5; install='pacman -S --noconfirm --needed' ;;
    zypper) column=6; install='zypper --non-interactive install' ;;
    *) column=3; install= ;;
esac

missing() { # the packages whose check fails, by this manager's names
    needs | while IFS= read -r line; do
        kind=$(echo "$line" | cut -d'|' -f1)
        [ "$kind" = build ] || [ "$kind" = "$goal" ] || { [ "$kind" = test ] && [ "$goal" = coverage ]; } || continue
        eval "$(echo "$line" | cut -d'|' -f2)" >/dev/null 2>&1 || echo "$line" | cut -d'|' -f$column
    done | sort -u | tr '\n' ' '
}

packages=$(missing)
[ -n "$packages" ] || exit 0
if [ -z "$install" ]; then
    echo "deps: missing: $packages(Debian's names); install them with this system's package manager" >&2
    exit 2
fi

as_root=
if [ "$(id -u)" != 0 ]; then
    if command -v sudo >/dev/null 2>&1 && { [ -t 0 ] || sudo -n true 2>/dev/null; }; then
        as_root=sudo
    else
        echo "deps: missing packages and no right to install them; as root, run: $install $packages" >&2
        exit 2
    fi
fi
echo "deps: installing with $manager: $packages"
export DEBIAN_FRONTEND=noninteractive
if [ "$manager" = apt-get ]; then $as_root apt-get update -qq || echo "deps: apt-get update failed; trying the old lists" >&2; fi
# shellcheck disable=SC2086 # words on purpose
$as_root $install $packages >/dev/null || {
    echo "deps: that failed; run it by hand to see why: $as_root $install $packages" >&2
    exit 2
}
packages=$(missing)
[ -z "$packages" ] && exit 0
echo "deps: still missing after installing: $packages" >&2
exit 2
