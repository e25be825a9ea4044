#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# tests/systems.sh [RELEASE...]: the README's two commands in a Debian of each release (bookworm trixie testing unstable), with
# gcc and with clang: no warning, no failed test, and the data of three figures of a made-up run as the first release drew
# them. Needs root, debootstrap, git and the network; half an hour a release. It tries the commit that is checked out. Exit
# status 0: all good, 1: not, 77: cannot be tried here. What was skipped and why, logs and figures lie in build/systems/.
# CHROOTS: where the systems are kept for the next time (/var/cache/breakeven-systems). For one piece of it at a time:
# COMPILERS ("gcc clang"), SUITES (words for tests/run; none: all; "-": only build), BENCH (empty: without `make bench`), KEEP
# (not empty: builds upon what the last try built).
set -u
cd "$(dirname "$0")/.." || exit 2
chroots=${CHROOTS:-/var/cache/breakeven-systems} mirror=${MIRROR:-http://deb.debian.org/debian} out=$PWD/build/systems
compilers=${COMPILERS:-gcc clang} suites=${SUITES:-} bench=${BENCH-bench} keep=${KEEP:-}
[ $# -gt 0 ] || set -- bookworm trixie testing unstable
if [ "$(id -u)" != 0 ] || ! command -v debootstrap >/dev/null; then
    echo "systems: needs root and debootstrap" >&2
    exit 77
fi
mkdir -p "$chroots" "$out"

# inside RELEASE COMMAND: as root in it, in namespaces of its own: nothing that it starts or mounts outlives it.
inside() {
    # shellcheck disable=SC2016 # for the inner shell
    unshare --mount --pid --fork --kill-child bash -c '
        root=$0 command=$1
        mount --bind "$root" "$root" || exit 3
        mount -t proc proc "$root/proc" && mount --rbind --make-rslave /sys "$root/sys" && mount -t tmpfs tmpfs "$root/dev" || exit 3
        for device in null zero full random urandom tty; do
            touch "$root/dev/$device" && mount --bind "/dev/$device" "$root/dev/$device"
        done
        mkdir "$root/dev/shm" "$root/dev/pts" && mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm" &&
            mount -t devpts -o newinstance,ptmxmode=0666 devpts "$root/dev/pts" && ln -s pts/ptmx "$root/dev/ptmx" &&
            ln -s /proc/self/fd "$root/dev/fd" || exit 3
        # Its own mount becomes the root of all: nothing that is below another root may make a namespace of users.
        cd "$root" && mount --move . / || exit 3
        exec chroot . env -i HOME=/root TERM=dumb LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive \
            PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin bash -c "cd /root && $command"' \
        "$chroots/$1" "$2"
}

say() {
    printf 'systems: %-9s %-6s %s\n' "$@"
}

# The smallest Debian, and what fetches and starts the README's commands. A half one of an earlier try is made anew.
make_root() { # RELEASE
    local root=$chroots/$1
    [ -e "$root/.complete" ] && return 0
    rm -rf "$root"
    debootstrap --variant=minbase --include=ca-certificates "$1" "$root" "$mirror" &&
        echo 'Acquire::Check-Valid-Until "false";' >"$root/etc/apt/apt.conf.d/snapshot" && # a mirror that is behind will do
        inside "$1" "apt-get update -qq && apt-get install -y --no-install-recommends make git" && touch "$root/.complete"
}

check_out() { # RELEASE: this commit in /root/breakeven
    local tree=$chroots/$1/root/breakeven
    [ -n "$keep" ] || rm -rf "$tree"
    [ -d "$tree" ] || git init -q "$tree"
    git -C "$tree" fetch -q --depth 1 "file://$(git rev-parse --path-format=absolute --git-common-dir)" "$(git rev-parse HEAD)" &&
        git -C "$tree" reset -q --hard FETCH_HEAD
}

# What a fresh user does. gcc is what such a system has; clang comes with the tests' packages.
try() { # RELEASE COMPILER
    local log=$out/$1-$2.log make="make" build=build steps="cd breakeven" good
    [ "$2" = gcc ] || { build=build/$2 make="make CC=$2 BUILD=build/$2" steps+=" && make deps"; }
    [ -z "$bench" ] || steps+=" && $make bench ARGS=--quick"
    case $suites in
        "") steps+=" && $make test" ;;
        -) steps+=" && make deps && $make -s -j$(nproc) tests && echo built" ;;
        *) steps+=" && make deps && $make -s -j$(nproc) tests && BUILD=$build tests/run $suites" ;;
    esac
    inside "$1" "$steps" >"$log" 2>&1
    good=$?
    grep -E '^skipped: |# skip' "$log" | sed 's/^ok [0-9]* //' | sort | uniq -c >"$out/$1-$2.skipped"
    if grep -q 'warning: ' "$log"; then say "$1" "$2" "warnings: $log" && return 1; fi
    if [ $good != 0 ]; then say "$1" "$2" "failed: $log" && return 1; fi
    say "$1" "$2" "$(tail -n 1 "$log"); skips: $out/$1-$2.skipped"
}

# The data of three figures of a run that a model made up: the same numbers wherever they are drawn.
figures() { # RELEASE
    local first=$out/figures-first own=$out/figures-$1 made=$chroots/$1/root/breakeven/made
    inside "$1" "cd breakeven && make -s build/tests/simulate build/breakeven && rm -rf made && build/tests/simulate made small && \
        build/breakeven report made" >"$out/$1-figures.log" 2>&1 || { say "$1" all "no figures: $out/$1-figures.log" && return 1; }
    rm -rf "$own" && mkdir -p "$own" && cp "$made"/plots/{speedup,overhead,granularity}.* "$own"
    [ -d "$first" ] || cp -r "$own" "$first"
    diff -q "$first" "$own" --exclude='*.svg' --exclude='*.png' || { say "$1" all "figures of other data" && return 1; }
    say "$1" all "three figures of the same data: look at $own"
}

bad=0
rm -rf "$out/figures-first"
for release in "$@"; do
    make_root "$release" >"$out/$release.debootstrap" 2>&1 || { say "$release" all "no system: $out/$release.debootstrap"; bad=1; continue; }
    check_out "$release" || { say "$release" all "no checkout"; bad=1; continue; }
    for compiler in $compilers; do try "$release" "$compiler" || bad=1; done
    figures "$release" || bad=1
done
exit $bad
