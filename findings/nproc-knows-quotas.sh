#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Guess:  nproc tells how many cpus the affinity leaves, and a container's cpu quota is no business of it, on every system: so
#         `make -j$(nproc)` starts as many jobs under a quota of 1.5 cpus as without it, and OMP_NUM_THREADS has no part in it.
# Truth:  from 9.8 on (its NEWS) it reads the quotas (cpu.max) of its group and of all above it, rounded to the nearest: 1.4 cpus
#         are one, 1.5 two. Only cgroup 2 counts: under cgroup 1, and a hybrid whose cpu controller is there, nothing has changed.
#         One script starts different numbers of jobs on two releases and on two kinds of host. OMP_NUM_THREADS beats affinity
#         and quota, in old ones too: with 7 set, nproc says 7 on two cpus.
# Seen:   coreutils 9.1 and 9.7 (Debian 12, 13): 2 of 2 cpus under either quota; 9.10 (Debian testing, unstable): 1 under 1.4 cpus,
#         2 under 1.5, and 2 in a group of cgroup 1 with a quota of one cpu; 7 with OMP_NUM_THREADS=7 in all four; 2026-11-30.
# Do:     write down which tool counted (`breakeven cpus --why` names affinity, cpuset, each quota and who set it), and unset
#         OMP_NUM_THREADS where nproc is to tell of the machine.
# Exit:   0 as stated for this coreutils, 1 it has changed, 77 cannot be tried here.
# How:    a root folder of its own with nproc, its libraries and three plain files in the places of the kernel's.
set -u
nproc --version 2>/dev/null | grep -q coreutils || { echo "needs GNU nproc (coreutils)"; exit 77; }
nproc --version | head -n 1
minor=$(nproc --version | sed -n '1s/.* 9\.\([0-9]*\).*/\1/p')
[ -n "$minor" ] || { echo "no coreutils 9"; exit 77; }
into=chroot
[ "$(id -u)" = 0 ] || into="unshare -r chroot"
$into / true 2>/dev/null || { echo "neither root nor user namespaces here"; exit 77; }
unset OMP_NUM_THREADS OMP_THREAD_LIMIT
all=$(nproc)
[ "$all" -ge 2 ] || { echo "needs two cpus"; exit 77; }
root=$(mktemp -d) || exit 77
trap 'rm -rf "$root"' EXIT
mkdir -p "$root/proc/self" "$root/sys/fs/cgroup/job" "$root/bin"
program=$(command -v nproc)
cp "$program" "$root/bin/nproc"
for library in $(ldd "$program" | grep -o '/[^ ]*'); do
    mkdir -p "$root${library%/*}" && cp -L "$library" "$root$library"
done
echo 0::/job >"$root/proc/self/cgroup"
echo cpu >"$root/sys/fs/cgroup/cgroup.controllers"
# shellcheck disable=SC2086 # the way in is words
under() { # CPU.MAX [NAME=VALUE]: what nproc says under that quota
    echo "$1" >"$root/sys/fs/cgroup/job/cpu.max"
    shift
    env "$@" $into "$root" /bin/nproc
}
none=$(under "max 100000") less=$(under "140000 100000") half=$(under "150000 100000")
told=$(under "140000 100000" OMP_NUM_THREADS=7)
echo "$all cpus; no quota: $none; 1.4 cpus: $less; 1.5 cpus: $half; OMP_NUM_THREADS=7: $told"
[ "$none" = "$all" ] && [ "$told" = 7 ] || exit 1
if [ "$minor" -le 7 ]; then [ "$less$half" = "$all$all" ]; else [ "$less$half" = 12 ]; fi
