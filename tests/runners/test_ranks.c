/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The contract of runners kept by ranks: a program of its own, since each start is a launcher and MPI_Init. */
#define CONTRACT_OF "mpi"
#include "tests/runners/test_runners.c"
