/* SPDX-License-Identifier: GPL-3.0-or-later */
/* forkpool: forked worker processes, by the project's own pool. */
#include "runners/processes.h"
#include "runners/worker.h"

static int ready(const struct processes *processes, unsigned process, struct failure *failure)
{
    return worker_join(processes->team, process, failure);
}

static int range(void *context, unsigned worker, size_t begin, size_t end)
{
    const struct processes *processes = context;
    job_run(processes->job, worker, begin, end, processes->shared->results);
    return 0;
}

static int start(const struct team *team, const struct job *job, void **state, struct failure *failure)
{
    return processes_open(team, job, ready, state, failure);
}

/* A given chunk is claimed as it is: the pool's own choice of sizes is for when none was given. */
static int run(void *state, size_t tasks, void *results, struct failure *failure)
{
    struct processes *processes = state;
    size_t chunk = processes->team->chunk;
    enum forkpool_schedule schedule = chunk ? FORKPOOL_DYNAMIC : FORKPOOL_AUTO;
    switch (processes->team->schedule) {
    case SCHEDULE_STATIC:
        schedule = FORKPOOL_STATIC;
        break;
    case SCHEDULE_DYNAMIC:
        schedule = FORKPOOL_DYNAMIC;
        break;
    case SCHEDULE_GUIDED:
        schedule = FORKPOOL_GUIDED;
        break;
    default:
        break;
    }
    struct forkpool_map map = {.tasks = tasks, .range = range, .schedule = schedule, .chunk = chunk};
    return processes_run(processes, &map, results, failure);
}

const struct runner runner_forkpool = {
    .name = "forkpool",
    .summary = "forked worker processes that take tasks from shared memory",
    .axes = AXIS_PROCESSES | AXIS_CHUNK | AXIS_SCHEDULE,
    .schedules = 1u << SCHEDULE_STATIC | 1u << SCHEDULE_DYNAMIC | 1u << SCHEDULE_GUIDED,
    .start = start,
    .run = run,
    .stop = processes_close,
};
