#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Guess:  a cpuset that takes away the cpus a process was bound to ends that binding: the process gets what the cpuset has, and keeps
#         following the cpuset. So a worker whose mask was replaced once is an unbound one from then on.
# Truth:  since Linux 6.2 the kernel keeps the mask that was asked for, shows it nowhere (Cpus_allowed and sched_getaffinity give what is
#         in force), hands it on to children, and puts it in force again when the cpuset allows it. A container whose cpus are taken and
#         given back (a node's cpu manager does so at run time) is bound again, without a call of its own. In between, a process bound to
#         one cpu may use all that are left, so its binding looks like none. What asked for nothing follows the cpuset. Before 6.2 the
#         binding was gone for good ("sched: Always preserve the user requested cpumask" is the change; not tried).
# Seen:   Linux 6.18, util-linux 2.38.1, cgroup 1: bound to cpu 0; cpuset 1: on 1, a child as well; cpuset 0-1 again: 0, and 0; a process
#         without a wish 0-1, 1, 0-1; 2026-11-30.
# Do:     read bindings back at the end of a measurement as well as at its begin; to be unbound again ask for all cpus (taskset -cp),
#         which replaces the old wish.
# Exit:   0 as stated for this kernel, 1 it has changed, 77 cannot be tried here (root, cgroup 1's cpuset or a free one of cgroup 2).
set -u
command -v taskset >/dev/null || { echo "needs taskset (util-linux)"; exit 77; }
echo "Linux $(uname -r), $(taskset --version)"
case $(uname -r) in
[0-5].* | 6.[01].*) echo "Linux before 6.2: not tried"; exit 77 ;;
esac
group=
for tree in /sys/fs/cgroup/cpuset /sys/fs/cgroup; do
    [ -e "$tree/cgroup.procs" ] || continue
    mkdir "$tree/wish.$$" 2>/dev/null || continue
    [ -w "$tree/wish.$$/cpuset.cpus" ] && group=$tree/wish.$$ && break
    rmdir "$tree/wish.$$"
done
[ -n "$group" ] || { echo "no cpuset can be made here"; exit 77; }
pids=
# shellcheck disable=SC2086 # numbers
trap 'kill $pids 2>/dev/null; sleep 0.2; rmdir "$group"' EXIT
all=$(taskset -cp $$ | sed 's/.*: //')
first=${all%%[-,]*}
rest=$((first + 1))
taskset -c "$first,$rest" true 2>/dev/null || { echo "needs two neighbouring cpus"; exit 77; }
[ ! -e "$group/cpuset.mems" ] || cat "${group%/*}/cpuset.mems" >"$group/cpuset.mems" 2>/dev/null
echo "$first,$rest" >"$group/cpuset.cpus" || exit 77
in_force() { sed -n 's/^Cpus_allowed_list:[^0-9]*//p' "/proc/$1/status"; }
begin() { # COMMAND ...: in the group; its number is the newest of pids
    sh -c 'echo $$ >"$0/cgroup.procs" && exec "$@"' "$group" "$@" &
    pids="$! $pids"
    sleep 0.3
}
begin taskset -c "$first" sh -c 'sleep 1.2; sleep 30 & wait' # its child begins while the cpuset is narrow
begin sleep 30
# shellcheck disable=SC2086
set -- $pids
without=$1 bound=$2
begun="$(in_force "$bound") $(in_force "$without")"
echo "$rest" >"$group/cpuset.cpus"
sleep 1.5
child=$(cut -d' ' -f1 "/proc/$bound/task/$bound/children")
pids="$child $pids"
narrow="$(in_force "$bound") $(in_force "$child") $(in_force "$without")"
echo "$first,$rest" >"$group/cpuset.cpus"
again="$(in_force "$bound") $(in_force "$child") $(in_force "$without")"
echo "bound, (its child,) and without a wish: at first $begun; cpuset $rest: $narrow; cpuset $first,$rest again: $again"
both=${begun#* }
[ "$begun" = "$first $both" ] && [ "$narrow" = "$rest $rest $rest" ] || exit 1
[ "$again" = "$first $first $both" ]
