#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Guess:  after MPI_Init, MPI_T_init_thread costs next to nothing: the library is there, and one control variable is to be read.
# Truth:  Open MPI then loads the components of all its frameworks, those too that MPI_Init had no use for, so that it can list
#         their variables: nearly as many shared objects again as were there (70, then 134), in more than half of MPI_Init's time
#         (421 to 462 ms, then 235 to 297 ms). MPICH 4.0.2 loads none and takes less than 0.5 ms.
# Seen:   Open MPI 4.1.4 (Debian 12's openmpi-bin), one rank, three times, 2026-11-29, 2 virtual cpus (AMD EPYC).
# Do:     keep MPI_T out of what every start of a rank goes through, and out of anything timed; ask for it once, in a tool.
# Exit:   0 as stated, 1 it has changed, 77 cannot be tried here.
set -u
mpirun --version 2>/dev/null | grep -q 'Open MPI' || { echo "needs Open MPI's mpirun (openmpi-bin)"; exit 77; }
command -v mpicc >/dev/null || { echo "needs mpicc (libopenmpi-dev)"; exit 77; }
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
export PRTE_ALLOW_RUN_AS_ROOT=1 PRTE_ALLOW_RUN_AS_ROOT_CONFIRM=1
work=$(mktemp -d) || exit 77
trap 'rm -rf "$work"' EXIT
mpirun --version | head -n 1
cat >"$work/objects.c" <<'C'
#define _GNU_SOURCE
#include <link.h>
#include <mpi.h>
#include <stdio.h>
static int count(struct dl_phdr_info *info, size_t size, void *number)
{
    (void)info, (void)size;
    ++*(int *)number;
    return 0;
}
int main(int argc, char **argv)
{
    int provided, before = 0, after = 0;
    MPI_Init(&argc, &argv);
    dl_iterate_phdr(count, &before);
    double at = MPI_Wtime();
    MPI_T_init_thread(MPI_THREAD_SINGLE, &provided);
    double took = MPI_Wtime() - at;
    dl_iterate_phdr(count, &after);
    printf("%d %d %.0f\n", before, after, 1e3 * took);
    MPI_T_finalize();
    return MPI_Finalize();
}
C
mpicc -o "$work/objects" "$work/objects.c" || exit 77
seen=$(timeout 60 mpirun --bind-to none --oversubscribe -np 1 "$work/objects" </dev/null | tail -n 1)
[ "$seen" ] || { echo "mpirun does not run here"; exit 77; }
# shellcheck disable=SC2086 # three numbers
set -- $seen
echo "shared objects after MPI_Init: $1; after MPI_T_init_thread: $2, $3 ms later"
[ "$2" -ge $(($1 + 20)) ] || exit 1
