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
    static const enum forkpool_schedule named[SCHEDULES] = {[SCHEDULE_DEFAULT] = FORKPOOL_AUTO,
                                                            [SCHEDULE_STATIC] = FORKPOOL_STATIC,
                                                            [SCHEDULE_DYNAMIC] = FORKPOOL_DYNAMIC,
                                                            [SCHEDULE_GUIDED] = FORKPOOL_GUIDED};
    struct processes *processes = state;
    const struct team *team = processes->team;
    enum schedule schedule = team->chunk && team->schedule == SCHEDULE_DEFAULT ? SCHEDULE_DYNAMIC : team->schedule;
    struct forkpool_map map = {.tasks = tasks, .range = range, .schedule = named[schedule], .chunk = team->chunk};
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
