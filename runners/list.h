/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Every runner, one line each: RUNNER(x) is `const struct runner runner_x` in runners/x.c. */
RUNNER(serial)
RUNNER(openmp)
RUNNER(forkpool)
RUNNER(hybrid)
RUNNER(python)
RUNNER(mpi)
