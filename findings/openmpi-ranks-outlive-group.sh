#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Guess:  killing the process group of mpirun kills its ranks, as it kills the jobs of a shell.
# Truth:  mpirun puts each rank into a process group of its own. After SIGKILL to mpirun's group the ranks go on and
#         become children of init (or of a subreaper): nothing tells a program that is not inside MPI at that moment.
# Seen:   Open MPI 4.1.4 (Debian 12's openmpi-bin), 2026-11-28.
# Do:     end mpirun with SIGTERM and wait for it; where it may be killed, hold the ranks by a cgroup, a pid namespace or
#         prctl(PR_SET_PDEATHSIG) in the rank's program.
# Exit:   0 as stated, 1 it has changed, 77 cannot be tried here.
set -u
command -v setsid >/dev/null || { echo "needs setsid"; exit 77; }
mpirun --version 2>/dev/null | grep -q 'Open MPI' || { echo "needs Open MPI's mpirun (openmpi-bin)"; exit 77; }
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
export PRTE_ALLOW_RUN_AS_ROOT=1 PRTE_ALLOW_RUN_AS_ROOT_CONFIRM=1
work=$(mktemp -d) || exit 77
ranks=
trap 'kill -9 $ranks 2>/dev/null; rm -rf "$work"' EXIT
mpirun --version | head -n 1
export TMPDIR="$work"
# shellcheck disable=SC2016 # for the rank's shell
setsid mpirun --bind-to none --oversubscribe -np 2 sh -c 'echo $$ >>"$TMPDIR/ranks"; exec sleep 30' </dev/null &
launcher=$!
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
    [ "$(grep -c . "$work/ranks" 2>/dev/null)" = 2 ] && break
    sleep 0.5
done
ranks=$(cat "$work/ranks" 2>/dev/null)
[ -n "$ranks" ] || { echo "mpirun does not run here"; exit 77; }
kill -9 -"$launcher"
wait "$launcher" 2>/dev/null
sleep 1
alive=0
for rank in $ranks; do
    kill -0 "$rank" 2>/dev/null && alive=$((alive + 1))
done
echo "mpirun's process group was killed; $alive of 2 ranks are still there"
[ "$alive" = 2 ]
