/* SPDX-License-Identifier: MIT */
/* mpi.c: an MPI master hands one task at a time to each worker; prints ns a task. */
#include <mpi.h>
#include <stdio.h>

enum { TASKS = 100000, STOP = 1 };

int main(int argc, char **argv)
{
    int rank, size;
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    MPI_Barrier(MPI_COMM_WORLD);
    double start = MPI_Wtime();
    if (rank == 0) {
        int sent = 0, back = 0;
        for (int i = 1; i < size; i++, sent++) MPI_Send(&sent, 1, MPI_INT, i, 0, MPI_COMM_WORLD);
        while (back < sent) {
            int result;
            MPI_Status status;
            MPI_Recv(&result, 1, MPI_INT, MPI_ANY_SOURCE, 0, MPI_COMM_WORLD, &status);
            back++;
            if (sent < TASKS) MPI_Send(&sent, 1, MPI_INT, status.MPI_SOURCE, 0, MPI_COMM_WORLD), sent++;
            else MPI_Send(&sent, 1, MPI_INT, status.MPI_SOURCE, STOP, MPI_COMM_WORLD);
        }
        printf("%f\n", (MPI_Wtime() - start) / TASKS * 1e9);
    } else {
        for (;;) {
            int task;
            MPI_Status status;
            MPI_Recv(&task, 1, MPI_INT, 0, MPI_ANY_TAG, MPI_COMM_WORLD, &status);
            if (status.MPI_TAG == STOP) break;
            task *= task;
            MPI_Send(&task, 1, MPI_INT, 0, 0, MPI_COMM_WORLD);
        }
    }
    MPI_Finalize();
    return 0;
}
