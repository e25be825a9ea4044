#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Guess:  a oneTBB that knows of cpu quotas starts as many threads as the quota lets run, as the kernel applies it: the smallest of the
#         process's group and of all groups above it.
# Truth:  it reads the quota of the process's own group, rounded up, and none above: in a group of a group that
#         has one cpu, which is what a batch system's steps and services in a slice are, it starts a thread for every cpu of the
#         affinity. Older ones know no quota at all.
# Seen:   oneTBB 2023.1 (Debian testing, unstable), two cpus, cgroup 1: 2 threads without a quota, 2 with one cpu for the group above, 1
#         with one cpu for its own group (2 with 1.4 cpus, 1 with 0.5); 2021.8 and 2022.1 (Debian 12, 13): 2 each time; 2026-11-30.
# Do:     give the number yourself where quotas are nested: tbb::global_control(max_allowed_parallelism, $(breakeven cpus)).
# Exit:   0 as stated, 1 it has changed, 77 cannot be tried here (root, two cpus, groups that may be made, g++ and libtbb-dev), or a
#         version between.
set -u
command -v g++ >/dev/null || { echo "needs g++"; exit 77; }
[ "$(env -u OMP_NUM_THREADS nproc)" -ge 2 ] || { echo "needs two cpus"; exit 77; }
work=$(mktemp -d) || exit 77
root=/sys/fs/cgroup/cpu quota=cpu.cfs_quota_us one=100000
[ -e $root/cgroup.procs ] || root=/sys/fs/cgroup quota=cpu.max one="100000 100000"
group=$root/quota-$$
down() {
    rmdir "$group/inner" "$group" 2>/dev/null
    rm -rf "$work"
}
trap down EXIT
cat >"$work/count.cc" <<'C'
#include <cstdio>
#include <oneapi/tbb/info.h>
#include <oneapi/tbb/version.h>
int main(int words, char **)
{
    if (words > 1) std::printf("oneTBB %s (%d)\n", TBB_runtime_version(), TBB_runtime_interface_version());
    else std::printf("%d\n", oneapi::tbb::info::default_concurrency());
    return TBB_runtime_interface_version() < 12190; // 2023.1
}
C
g++ -O1 -o "$work/count" "$work/count.cc" -ltbb 2>/dev/null || { echo "needs libtbb-dev"; exit 77; }
mkdir "$group" 2>/dev/null || { echo "needs root, and groups that may be made"; exit 77; }
if [ "$root" = /sys/fs/cgroup ]; then echo +cpu >"$root/cgroup.subtree_control" && echo +cpu >"$group/cgroup.subtree_control"; fi 2>/dev/null
{ mkdir "$group/inner" && echo "$one" >"$group/$quota"; } || exit 77
inside() { # how many threads it would start in the inner group
    sh -c 'echo $$ >"$0/cgroup.procs" && exec "$1"' "$group/inner" "$work/count"
}
"$work/count" version
old=$?
plain=$("$work/count")
above=$(inside)
echo "$one" >"$group/inner/$quota" || exit 77
own=$(inside)
echo "no quota: $plain; one cpu for the group above: $above; for its own group too: $own"
if [ $old = 1 ] && [ "$own" = 1 ]; then exit 77; fi
[ "$above" = "$plain" ] && if [ $old = 1 ]; then [ "$own" = "$plain" ]; else [ "$own" = 1 ]; fi
