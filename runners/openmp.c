/* SPDX-License-Identifier: GPL-3.0-or-later */
/* openmp: the threads of one process, by the compiler's OpenMP runtime. */
#include "runners/runner.h"
#include "runners/team.h"
#include "runners/worker.h"

#include <errno.h>
#include <stdlib.h>

struct openmp {
    const struct team *team;
    const struct job *job;
    hwloc_bitmap_t before; /* what the caller, thread 0, gets back; NULL: not bound, empty: not readable */
};

static void stop(void *state)
{
    struct openmp *openmp = state;
    team_close();
    if (openmp->before && !hwloc_bitmap_iszero(openmp->before)) worker_affinity_write(openmp->before);
    hwloc_bitmap_free(openmp->before);
    free(openmp);
}

static int start(const struct team *team, const struct job *job, void **state, struct failure *failure)
{
    struct openmp *openmp = calloc(1, sizeof *openmp);
    if (!openmp) return failure_give(failure, -ENOMEM, "no memory to start the team");
    openmp->team = team;
    openmp->job = job;
    if (team->cpus) openmp->before = hwloc_bitmap_alloc();
    if (openmp->before && worker_affinity_read(openmp->before)) hwloc_bitmap_zero(openmp->before);
    int error = team_open(team, 0, failure);
    if (error) stop(openmp);
    else *state = openmp;
    return error;
}

static int run(void *state, size_t tasks, void *results, struct failure *failure)
{
    const struct openmp *openmp = state;
    (void)failure;
    team_run(openmp->team, openmp->job, 0, 0, tasks, results);
    return 0;
}

const struct runner runner_openmp = {
    .name = "openmp",
    .summary = "the threads of one process, by OpenMP",
    .axes = AXIS_THREADS | AXIS_CHUNK | AXIS_SCHEDULE,
    .schedules = TEAM_SCHEDULES,
    .start = start,
    .run = run,
    .stop = stop,
};
