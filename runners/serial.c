/* SPDX-License-Identifier: GPL-3.0-or-later */
/* serial: the caller itself, in one call. The time that every other runner is measured against. */
#include "runners/runner.h"
#include "runners/worker.h"

static int start(const struct team *team, const struct job *job, void **state, struct failure *failure)
{
    int error = worker_join(team, 0, failure);
    if (!error) *state = (void *)job;
    return error;
}

static int run(void *state, size_t tasks, void *results, struct failure *failure)
{
    (void)failure;
    job_run(state, 0, 0, tasks, results);
    return 0;
}

static void stop(void *state)
{
    (void)state;
}

const struct runner runner_serial = {
    .name = "serial",
    .summary = "one loop in one process: the baseline",
    .start = start,
    .run = run,
    .stop = stop,
};
