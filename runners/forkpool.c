/* SPDX-License-Identifier: GPL-3.0-or-later */
/* forkpool: forked worker processes, by the project's own pool; and hybrid, the same with an OpenMP team in each.
 *
 * Everything that workers are to see was there before the pool opened: job, team and kernel as private memory, results
 * and reports as shared memory. What changes later, the array of results, is told through a shared page.
 *
 * hybrid's teams open after the fork, in the pool's initializer, inside the process's cpus: a child forked after a
 * parallel region would hang in its own first one with libgomp. Chunks go to processes; the threads of one share its
 * chunk by the schedule, static where none is given. Without a chunk a process takes a quarter of what it has left, but
 * enough for each thread to have several tasks. */
#include "forkpool/forkpool.h"

#include "runners/team.h"
#include "runners/worker.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

enum { JOIN_SECONDS = 5, TASKS_PER_THREAD = 4 };

/* What the workers share; mapped before they are forked. */
struct shared {
    void *results;
    struct failure failure; /* of the worker that could not start; written by one of them */
    int failing;            /* taken by that one */
};

struct processes {
    const struct team *team;
    const struct job *job;
    int (*ready)(const struct processes *, unsigned process, struct failure *); /* in the process itself: makes it so */
    struct forkpool *pool;
    struct forkpool_map map; /* one pass */
    char **cpus; /* cpus[process], the union of its threads' */
    struct shared *shared;
};

static int initialize(void *context, unsigned worker, const char *cpus)
{
    const struct processes *processes = context;
    struct failure mine = {0};
    (void)cpus;
    int error = processes->ready(processes, worker, &mine);
    if (error && !__atomic_exchange_n(&processes->shared->failing, 1, __ATOMIC_ACQ_REL))
        processes->shared->failure = mine;
    return error;
}

static int lists_make(struct processes *processes)
{
    const struct team *team = processes->team;
    if (!team->cpus) return 0;
    processes->cpus = calloc(team->processes, sizeof *processes->cpus);
    for (unsigned i = 0; processes->cpus && i < team->processes; i++)
        if (!(processes->cpus[i] = worker_union(team->cpus + (size_t)i * team->threads, team->threads))) return -ENOMEM;
    return processes->cpus ? 0 : -ENOMEM;
}

static int pool_open(struct processes *processes, struct failure *failure)
{
    const struct team *team = processes->team;
    struct forkpool_config config = {.workers = team->processes,
                                     .workers_max = team->processes,
                                     .threads = team->threads > 1 ? team->threads : 0,
                                     .cpus = (const char *const *)processes->cpus,
                                     .initializer = initialize,
                                     .context = processes};
    struct reason why = {""};
    int error = forkpool_open_with(&config, &processes->pool, why.text, sizeof why.text);
    if (!error) return 0;
    processes->pool = NULL;
    if (*processes->shared->failure.text) *failure = processes->shared->failure;
    else snprintf(failure->text, sizeof failure->text, "no pool of %u: %.200s", team->processes, why.text);
    return error <= FORKPOOL_FAILED ? -EIO : error;
}

static void stop(void *state)
{
    struct processes *processes = state;
    if (processes->pool) {
        forkpool_close(processes->pool);
        forkpool_join(processes->pool, JOIN_SECONDS * INT64_C(1000000000)); /* what is left then, delete kills */
        forkpool_delete(processes->pool);
    }
    for (unsigned i = 0; processes->cpus && i < processes->team->processes; i++) free(processes->cpus[i]);
    free(processes->cpus);
    if (processes->shared) munmap(processes->shared, sizeof *processes->shared);
    free(processes);
}

/* Forks team->processes workers, each bound, each having run `ready`, for passes as `map` says. */
static int open_with(int (*ready)(const struct processes *, unsigned, struct failure *), const struct forkpool_map *map,
                     const struct team *team, const struct job *job, void **state, struct failure *failure)
{
    struct processes *made = calloc(1, sizeof *made);
    if (!made) return failure_give(failure, -ENOMEM, "no memory for a pool of %u", team->processes);
    *made = (struct processes){.team = team, .job = job, .ready = ready, .map = *map};
    made->map.context = made;
    made->map.flags = FORKPOOL_FAIL_FAST;
    void *shared = mmap(NULL, sizeof *made->shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared != MAP_FAILED) made->shared = shared;
    int error = made->shared ? lists_make(made) : -ENOMEM;
    if (error) failure_give(failure, error, "no memory for a pool of %u", team->processes);
    else error = pool_open(made, failure);
    if (error) stop(made);
    else *state = made;
    return error;
}

static const char *const cause_names[] = {
    [FORKPOOL_CAUSE_UNKNOWN] = "",
    [FORKPOOL_CAUSE_EXIT] = "ended by itself in a task",
    [FORKPOOL_CAUSE_CRASH] = "crash",
    [FORKPOOL_CAUSE_STACK_OVERFLOW] = "stack overflow",
    [FORKPOOL_CAUSE_OUT_OF_MEMORY] = "out of memory",
    [FORKPOOL_CAUSE_KILLED] = "killed from outside",
    [FORKPOOL_CAUSE_LIMIT] = "over a time limit",
    [FORKPOOL_CAUSE_CANCELLED] = "cancelled",
};

/* What the pool knows of lost workers, into the failure. */
static void lost_read(struct processes *processes, struct failure *failure)
{
    struct forkpool_loss losses[FAILURE_LOST_MAX];
    size_t count = forkpool_losses(processes->pool, losses, FAILURE_LOST_MAX);
    failure->lost_count = (unsigned)count;
    for (size_t i = 0; i < count && i < FAILURE_LOST_MAX; i++) {
        struct lost_worker *lost = &failure->lost[i];
        *lost = (struct lost_worker){.worker = losses[i].worker * processes->team->threads,
                                     .signal = losses[i].signal,
                                     .code = losses[i].code,
                                     .max_rss_bytes = losses[i].max_rss_bytes,
                                     .user_ns = losses[i].user_ns,
                                     .system_ns = losses[i].system_ns};
        snprintf(lost->cause, sizeof lost->cause, "%s", cause_names[losses[i].cause]);
    }
    if (count)
        snprintf(failure->text, sizeof failure->text, "worker %u lost: %s", failure->lost[0].worker, losses[0].text);
}

static int run(void *state, size_t tasks, void *results, struct failure *failure)
{
    struct processes *processes = state;
    processes->map.tasks = tasks;
    processes->shared->results = results;
    int status = forkpool_map(processes->pool, &processes->map);
    if (!status) return 0;
    const char *reason = forkpool_reason(processes->pool);
    snprintf(failure->text, sizeof failure->text, "%s%s%s", forkpool_strerror(status), *reason ? ": " : "", reason);
    lost_read(processes, failure);
    return failure->lost_count ? -ECHILD : status <= FORKPOOL_FAILED ? -EIO : status;
}

/* ---- forkpool ---- */

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

/* A given chunk is claimed as it is: the pool's own choice of sizes is for when none was given. */
static int start_forkpool(const struct team *team, const struct job *job, void **state, struct failure *failure)
{
    static const enum forkpool_schedule named[SCHEDULES] = {[SCHEDULE_DEFAULT] = FORKPOOL_AUTO,
                                                            [SCHEDULE_STATIC] = FORKPOOL_STATIC,
                                                            [SCHEDULE_DYNAMIC] = FORKPOOL_DYNAMIC,
                                                            [SCHEDULE_GUIDED] = FORKPOOL_GUIDED};
    enum schedule schedule = team->chunk && team->schedule == SCHEDULE_DEFAULT ? SCHEDULE_DYNAMIC : team->schedule;
    struct forkpool_map map = {.range = range, .schedule = named[schedule], .chunk = team->chunk};
    return open_with(ready, &map, team, job, state, failure);
}

const struct runner runner_forkpool = {
    .name = "forkpool",
    .summary = "forked worker processes that take tasks from shared memory",
    .axes = AXIS_PROCESSES | AXIS_CHUNK | AXIS_SCHEDULE,
    .schedules = 1u << SCHEDULE_STATIC | 1u << SCHEDULE_DYNAMIC | 1u << SCHEDULE_GUIDED,
    .start = start_forkpool,
    .run = run,
    .stop = stop,
};

/* ---- hybrid ---- */

/* The team of one process, which shares what the process has claimed. */
static struct team team_within(const struct team *team)
{
    struct team within = *team;
    within.processes = 1;
    within.chunk = 0;
    return within;
}

static int team_ready(const struct processes *processes, unsigned process, struct failure *failure)
{
    struct team within = team_within(processes->team);
    return team_open(&within, process * within.threads, failure);
}

static int team_range(void *context, unsigned worker, size_t begin, size_t end)
{
    const struct processes *processes = context;
    struct team within = team_within(processes->team);
    unsigned first = worker * within.threads;
    job_team(processes->job, first, true);
    team_run(&within, processes->job, first, begin, end, processes->shared->results);
    job_team(processes->job, first, false);
    return 0;
}

static int start_hybrid(const struct team *team, const struct job *job, void **state, struct failure *failure)
{
    struct forkpool_map map = {.range = team_range,
                               .schedule = team->chunk ? FORKPOOL_DYNAMIC : FORKPOOL_GUIDED,
                               .chunk = team->chunk ? team->chunk : (size_t)TASKS_PER_THREAD * team->threads};
    return open_with(team_ready, &map, team, job, state, failure);
}

const struct runner runner_hybrid = {
    .name = "hybrid",
    .summary = "forked processes with an OpenMP team in each",
    .axes = AXIS_PROCESSES | AXIS_THREADS | AXIS_CHUNK | AXIS_SCHEDULE,
    .schedules = TEAM_SCHEDULES,
    .start = start_hybrid,
    .run = run,
    .stop = stop,
};
