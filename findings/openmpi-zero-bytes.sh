#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Guess:  what mpirun prints is text; whoever looks in it line by line, by strings, sees all of it.
# Truth:  Open MPI 5's mpirun (prterun) writes its help texts with the zero byte that ends them. The line behind it, of
#         whichever rank, begins with that byte: as a string it is empty, and what stands there is not found.
# Seen:   Open MPI 5.0.7 with PMIx 5.0.7 (Debian 13), 2026-11-29. Open MPI 4.1.4 writes none.
# Do:     read the output as bytes, and drop the zeros.
# Exit:   0 as stated, 1 it has changed, 77 cannot be tried here.
set -u
for program in mpirun mpicc; do
    command -v $program >/dev/null || { echo "needs $program"; exit 77; }
done
version=$(mpirun --version | head -n 1)
echo "$version"
case $version in *"Open MPI) 5"*) ;; *) echo "needs Open MPI 5"; exit 77 ;; esac
work=$(mktemp -d) || exit 77
trap 'rm -rf "$work"' EXIT
cat >"$work/dies.c" <<'C'
#include <mpi.h>
#include <signal.h>
int main(int argc, char **argv)
{
    int rank, got = 0;
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Barrier(MPI_COMM_WORLD);
    if (rank) raise(SIGKILL);
    MPI_Recv(&got, 1, MPI_INT, 1, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE); /* sees the connection close */
    return 0;
}
C
mpicc -o "$work/dies" "$work/dies.c" || exit 77
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_pml=ob1 OMPI_MCA_btl=self,tcp OMPI_MCA_btl_tcp_if_include=lo
timeout 60 mpirun --oversubscribe -n 2 "$work/dies" >"$work/out" 2>&1
zeros=$(tr -cd '\000' <"$work/out" | wc -c)
echo "zero bytes: $zeros"
[ "$zeros" -gt 0 ]
