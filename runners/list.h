/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Every runner, one line each: RUNNER(x) is `const struct runner runner_x` in runners/x.c, but for
 * hybrid, which is with forkpool; variants of x follow it. */
RUNNER(serial)
RUNNER(openmp)
RUNNER(forkpool)
RUNNER(hybrid)
RUNNER(python)
RUNNER(python_fork)
RUNNER(python_forkserver)
RUNNER(python_spawn)
RUNNER(python_executor)
RUNNER(python_threads)
RUNNER(python_interpreters)
RUNNER(mpi)
