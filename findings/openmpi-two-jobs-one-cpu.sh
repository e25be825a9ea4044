#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Guess:  mpirun started twice on one machine, one rank each, uses two cpus; and mpirun started under `taskset -c 1`
#         keeps its ranks on cpu 1.
# Truth:  each mpirun knows of itself alone and binds its first rank to the first core: both ranks share cpu 0 while the
#         other cpus are idle. It binds outside the mask that it was started with, too: under `taskset -c 1` the rank is
#         on cpu 0. Only `--bind-to none` leaves the mask alone.
# Seen:   Open MPI 4.1.4 (Debian 12's openmpi-bin), 2 cpus, 2026-11-28.
# Do:     pass --bind-to none (or OMPI_MCA_hwloc_base_binding_policy=none) wherever something else places ranks or two
#         jobs may run side by side, and read the mask back.
# Exit:   0 as stated, 1 it has changed, 77 cannot be tried here.
set -u
command -v taskset >/dev/null || { echo "needs taskset"; exit 77; }
mpirun --version 2>/dev/null | grep -q 'Open MPI' || { echo "needs Open MPI's mpirun (openmpi-bin)"; exit 77; }
cores=$(lscpu -p=core 2>/dev/null | grep -v '^#' | sort -u | wc -l)
if [ "$cores" -lt 2 ] || ! grep -q 'Cpus_allowed_list:.*0-' /proc/self/status; then
    echo "needs two cores, cpu 0 among them"
    exit 77
fi
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
export PRTE_ALLOW_RUN_AS_ROOT=1 PRTE_ALLOW_RUN_AS_ROOT_CONFIRM=1
mask() { # OPTION ..: the cpus of one rank, as the kernel says
    timeout 60 mpirun "$@" -np 1 sh -c 'sleep 1; grep Cpus_allowed_list /proc/self/status' | cut -f2
}
work=$(mktemp -d) || exit 77
trap 'rm -rf "$work"' EXIT
mpirun --version | head -n 1
mask >"$work/one" &
mask >"$work/two"
wait
free=$(mask --bind-to none)
outside=$(timeout 60 taskset -c 1 mpirun -np 1 grep Cpus_allowed_list /proc/self/status | cut -f2)
echo "two jobs at once: cpus $(cat "$work/one") and $(cat "$work/two"); with --bind-to none: $free; under taskset -c 1: $outside"
[ -n "$free$outside" ] || { echo "mpirun does not run here"; exit 77; }
[ "$(cat "$work/one")" = "$(cat "$work/two")" ] && [ "$free" != "$(cat "$work/one")" ] && [ "$outside" != 1 ]
