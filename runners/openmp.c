/* SPDX-License-Identifier: GPL-3.0-or-later */
/* openmp: the threads of one process, by the compiler's OpenMP runtime. */
#include "runners/runner.h"
#include "runners/team.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

struct openmp {
    const struct team *team;
    const struct job *job;
    cpu_set_t *before; /* the caller's affinity: it is thread 0 and gets it back */
    size_t before_size;
};

/* The mask in a set that is large enough for this kernel's (sched_setaffinity(2)). NULL: not readable. */
static cpu_set_t *affinity_save(size_t *size)
{
    for (unsigned cpus = CPU_SETSIZE; cpus <= 1u << 16; cpus *= 2) {
        cpu_set_t *set = CPU_ALLOC(cpus);
        *size = CPU_ALLOC_SIZE(cpus);
        if (set && !sched_getaffinity(0, *size, set)) return set;
        CPU_FREE(set);
    }
    return NULL;
}

static void stop(void *state)
{
    struct openmp *openmp = state;
    team_close();
    if (openmp->before) sched_setaffinity(0, openmp->before_size, openmp->before);
    CPU_FREE(openmp->before);
    free(openmp);
}

static int start(const struct team *team, const struct job *job, void **state, struct failure *failure)
{
    struct openmp *openmp = calloc(1, sizeof *openmp);
    if (!openmp) return failure_give(failure, -ENOMEM, "no memory to start the team");
    openmp->team = team;
    openmp->job = job;
    if (team->cpus) openmp->before = affinity_save(&openmp->before_size);
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
