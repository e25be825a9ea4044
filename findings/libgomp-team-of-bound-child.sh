#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Guess:  a process that is bound to one cpu (sched_setaffinity, hwloc_set_cpubind) before its first parallel region has a team of one
#         thread there, as omp_get_num_procs says. So workers that are forked, bound each to its share of the cpus, and then use
#         OpenMP, need no OMP_NUM_THREADS.
# Truth:  libgomp counts when the program is loaded: the team is as large as the parent's cpus, all on the one cpu; and where
#         OMP_PROC_BIND is set, it goes to the parent's cpus: threads leave the cpu that the process was bound to, and
#         omp_get_num_procs counts the parent's. LLVM's libomp counts at its first use: one thread, on that cpu.
# Seen:   gcc 12.2, 14.2, 16.2: "cpus 1, team 2, outside 0", and with OMP_PROC_BIND=close "cpus 2, team 2, outside 1"; clang 14, 19, 21
#         (Debian 12, 13, testing, unstable): "cpus 1, team 1, outside 0" both times; two cpus, 2026-11-30.
# Do:     say how many threads a worker's team has (num_threads, omp_set_num_threads), and bind the threads themselves, or start
#         workers by exec with OMP_NUM_THREADS and OMP_PLACES of their own.
# Exit:   0 as stated, 1 it has changed, 77 cannot be tried here (two cpus, gcc; clang and libomp are tried where they are).
set -u
command -v gcc >/dev/null || { echo "needs gcc"; exit 77; }
taskset -c 0,1 true 2>/dev/null || { echo "needs cpus 0 and 1"; exit 77; }
work=$(mktemp -d) || exit 77
trap 'rm -rf "$work"' EXIT
cat >"$work/bound.c" <<'C'
#define _GNU_SOURCE
#include <omp.h>
#include <sched.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>
/* one forked child, bound to the first cpu: its cpus by OpenMP, its team, the threads that may run on other cpus */
int main(void)
{
    cpu_set_t given, first, own;
    int cpu = 0, status, team = 0, outside = 0;
    if (sched_getaffinity(0, sizeof given, &given)) return 1;
    while (!CPU_ISSET(cpu, &given)) cpu++;
    if (fork()) return wait(&status) < 0 || status;
    CPU_ZERO(&first);
    CPU_SET(cpu, &first);
    if (sched_setaffinity(0, sizeof first, &first)) _exit(1);
#pragma omp parallel private(own) reduction(+ : team, outside)
    {
        sched_getaffinity(0, sizeof own, &own);
        team++;
        outside += !CPU_EQUAL(&own, &first);
    }
    printf("cpus %d, team %d, outside %d\n", omp_get_num_procs(), team, outside);
    return 0;
}
C
unset OMP_NUM_THREADS OMP_PROC_BIND OMP_PLACES OMP_DYNAMIC GOMP_CPU_AFFINITY KMP_AFFINITY
both() { # COMPILER: builds, prints and compares
    "$@" -fopenmp -O1 -o "$work/bound" "$work/bound.c" || return 77
    plain=$(timeout 20 taskset -c 0,1 "$work/bound") || return 77
    binding=$(OMP_PROC_BIND=close timeout 20 taskset -c 0,1 "$work/bound") || return 77
    echo "$*: $plain; with OMP_PROC_BIND=close: $binding"
}
gcc --version | head -n 1
both gcc || exit 77
[ "$plain; $binding" = "cpus 1, team 2, outside 0; cpus 2, team 2, outside 1" ] || exit 1
command -v clang >/dev/null || exit 0
clang --version | head -n 1
both clang || exit 0
[ "$plain; $binding" = "cpus 1, team 1, outside 0; cpus 1, team 1, outside 0" ]
