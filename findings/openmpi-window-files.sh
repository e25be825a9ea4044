#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Guess:  TMPDIR and the shared-memory transport's backing directory (OMPI_MCA_btl_vader_backing_directory, btl_sm in 5.0) move
#         all files of a job into one folder, which can be removed after a job that was killed.
# Truth:  the memory of shared windows (MPI_Win_allocate_shared) has a parameter of its own, osc_sm_backing_directory; until
#         the file is unlinked it lies in /dev/shm as osc_sm.HOST.*. A job killed in that moment leaves it there: once in
#         100 kills at random moments.
# Seen:   Open MPI 4.1.4 (Debian 12's openmpi-bin), 2026-11-28.
# Do:     set OMPI_MCA_osc_sm_backing_directory (and osc_rdma_backing_directory) too.
# Exit:   0 as stated, 1 it has changed, 77 cannot be tried here.
set -u
mpirun --version 2>/dev/null | grep -q 'Open MPI' || { echo "needs Open MPI's mpirun (openmpi-bin)"; exit 77; }
for program in mpicc strace; do
    command -v $program >/dev/null || { echo "needs $program"; exit 77; }
done
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
export PRTE_ALLOW_RUN_AS_ROOT=1 PRTE_ALLOW_RUN_AS_ROOT_CONFIRM=1
work=$(mktemp -d) || exit 77
trap 'rm -rf "$work"' EXIT
mpirun --version | head -n 1
cat >"$work/window.c" <<'C'
#include <mpi.h>
int main(int argc, char **argv)
{
    MPI_Win window;
    void *memory;
    MPI_Init(&argc, &argv);
    MPI_Win_allocate_shared(64, 1, MPI_INFO_NULL, MPI_COMM_WORLD, &memory, &window);
    MPI_Win_free(&window);
    return MPI_Finalize();
}
C
mpicc -o "$work/window" "$work/window.c" || exit 77
export TMPDIR="$work" OMPI_MCA_btl_vader_backing_directory="$work" OMPI_MCA_btl_sm_backing_directory="$work"
export OMPI_MCA_mpi_yield_when_idle=1
# created VARIABLE=VALUE ..: the windows' files that the ranks create
created() {
    rm -f "$work"/trace.*
    env "$@" timeout 60 mpirun --bind-to none --oversubscribe -np 2 strace -ff -qq -e trace=openat -o "$work/trace" "$work/window" </dev/null ||
        { echo "mpirun under strace does not run here"; exit 77; }
    cat "$work"/trace.* | sed -n 's/.*"\([^"]*osc_sm[^"]*\)", .*O_CREAT.*/\1/p' | sort -u
}
moved=$(created OMPI_MCA_osc_sm_backing_directory="$work")
here=$(created X=)
echo "with TMPDIR and the transport's directory set: ${here:-no file}; with osc_sm_backing_directory too: ${moved:-no file}"
case $here in /dev/shm/*) ;; *) exit 1 ;; esac
case $moved in "$work"/*) ;; *) exit 1 ;; esac
