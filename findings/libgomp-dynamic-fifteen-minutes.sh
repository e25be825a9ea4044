#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Guess:  with OMP_DYNAMIC=true a team has as many threads as there are cpus free at the moment, so that programs that share a machine
#         do not crowd each other.
# Truth:  libgomp goes by the load average of the last fifteen minutes (getloadavg's third), rounded to below after adding 0.1, and by
#         nothing else: what ended ten minutes ago still takes threads away, and what began a minute ago takes none, however much it
#         is. The average is the whole machine's, also where a cpuset or a container leaves two cpus of it: the team is one there as
#         soon as two other processes run anywhere.
# Seen:   two cpus; averages of 1, 5 and 15 minutes 50 50 0: team 2; 0 0 0.85: team 2; 0 0 0.95: team 1; 0 0 50: team 1. gcc 12.2, 14.2,
#         16.2 (Debian 12, 13, unstable), 2026-11-30. The program below has a getloadavg of its own, which libgomp finds first.
# Do:     leave OMP_DYNAMIC unset where time is measured, or call omp_set_dynamic(0); where programs share a machine, give each its cpus
#         (taskset, cpuset) and a number of threads.
# Exit:   0 as stated, 1 it has changed, 77 cannot be tried here (two cpus, gcc).
set -u
command -v gcc >/dev/null || { echo "needs gcc"; exit 77; }
taskset -c 0,1 true 2>/dev/null || { echo "needs cpus 0 and 1"; exit 77; }
work=$(mktemp -d) || exit 77
trap 'rm -rf "$work"' EXIT
cat >"$work/team.c" <<'C'
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
static double averages[3];
/* the three that the command line names, for whoever asks */
int getloadavg(double loads[], int count)
{
    int told = count < 3 ? count : 3;
    for (int i = 0; i < told; i++) loads[i] = averages[i];
    return told;
}
int main(int argc, char **argv)
{
    int team = 0;
    for (int i = 0; i < 3 && i + 1 < argc; i++) averages[i] = atof(argv[i + 1]);
#pragma omp parallel reduction(+ : team)
    team++;
    printf("%d\n", team);
    return 0;
}
C
unset OMP_NUM_THREADS OMP_PROC_BIND OMP_PLACES OMP_THREAD_LIMIT GOMP_CPU_AFFINITY
gcc --version | head -n 1
gcc -fopenmp -O1 -o "$work/team" "$work/team.c" || exit 77
team() { # DYNAMIC AVERAGES...: the team of a program that was told so
    dynamic=$1
    shift
    OMP_DYNAMIC=$dynamic timeout 20 taskset -c 0,1 "$work/team" "$@"
}
[ "$(team false 50 50 50)" = 2 ] || { echo "no team of two here"; exit 77; }
seen=
for averages in "50 50 0" "0 0 0.85" "0 0 0.95" "0 0 50"; do
    # shellcheck disable=SC2086 # three words
    now=$(team true $averages) || exit 77
    echo "averages of 1, 5 and 15 minutes $averages: team $now"
    seen="$seen$now"
done
[ "$seen" = 2211 ]
