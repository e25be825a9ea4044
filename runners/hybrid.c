/* SPDX-License-Identifier: GPL-3.0-or-later */
/* hybrid: forked processes, each with an OpenMP team of its own.
 *
 * The team opens after the fork, in the pool's initializer, inside the process's cpus: a child forked after a parallel
 * region would hang in its own first one with libgomp. Chunks go to processes; the threads of one share its chunk by
 * the schedule, static where none is given. Without a chunk a process takes a quarter of what it has left, but enough
 * for each thread to have several tasks. */
#include "runners/processes.h"
#include "runners/team.h"

enum { TASKS_PER_THREAD = 4 };

/* The team of one process, which shares what the process has claimed. */
static struct team team_within(const struct team *team)
{
    struct team within = *team;
    within.processes = 1;
    within.chunk = 0;
    return within;
}

static int ready(const struct processes *processes, unsigned process, struct failure *failure)
{
    struct team within = team_within(processes->team);
    return team_open(&within, process * within.threads, failure);
}

static int range(void *context, unsigned worker, size_t begin, size_t end)
{
    const struct processes *processes = context;
    struct team within = team_within(processes->team);
    unsigned first = worker * within.threads;
    job_team(processes->job, first, true);
    team_run(&within, processes->job, first, begin, end, processes->shared->results);
    job_team(processes->job, first, false);
    return 0;
}

static int start(const struct team *team, const struct job *job, void **state, struct failure *failure)
{
    return processes_open(team, job, ready, state, failure);
}

static int run(void *state, size_t tasks, void *results, struct failure *failure)
{
    struct processes *processes = state;
    const struct team *team = processes->team;
    struct forkpool_map map = {.tasks = tasks,
                               .range = range,
                               .schedule = team->chunk ? FORKPOOL_DYNAMIC : FORKPOOL_GUIDED,
                               .chunk = team->chunk ? team->chunk : (size_t)TASKS_PER_THREAD * team->threads};
    return processes_run(processes, &map, results, failure);
}

const struct runner runner_hybrid = {
    .name = "hybrid",
    .summary = "forked processes with an OpenMP team in each",
    .axes = AXIS_PROCESSES | AXIS_THREADS | AXIS_CHUNK | AXIS_SCHEDULE,
    .schedules = TEAM_SCHEDULES,
    .start = start,
    .run = run,
    .stop = processes_close,
};
