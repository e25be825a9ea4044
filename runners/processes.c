/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "runners/processes.h"

#include "kernels/reason.h"
#include "runners/worker.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { JOIN_SECONDS = 5 };

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
    else snprintf(failure->text, sizeof failure->text, "no pool of %u: %s", team->processes, why.text);
    return error <= FORKPOOL_FAILED ? -EIO : error;
}

int processes_open(const struct team *team, const struct job *job, processes_ready_fn *ready, void **state,
                   struct failure *failure)
{
    struct processes *made = calloc(1, sizeof *made);
    int error = made ? 0 : -ENOMEM;
    if (!error) {
        made->team = team;
        made->job = job;
        made->ready = ready;
        void *shared = mmap(NULL, sizeof *made->shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (shared == MAP_FAILED) error = -ENOMEM;
        else made->shared = shared;
    }
    if (!error) error = lists_make(made);
    if (error) snprintf(failure->text, sizeof failure->text, "no memory for a pool of %u", team->processes);
    else error = pool_open(made, failure);
    if (error) processes_close(made);
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

int processes_run(struct processes *processes, const struct forkpool_map *how, void *results, struct failure *failure)
{
    struct forkpool_map map = *how;
    map.context = processes;
    map.flags = FORKPOOL_FAIL_FAST;
    processes->shared->results = results;
    int status = forkpool_map(processes->pool, &map);
    if (!status) return 0;
    const char *reason = forkpool_reason(processes->pool);
    snprintf(failure->text, sizeof failure->text, "%s%s%s", forkpool_strerror(status), *reason ? ": " : "", reason);
    lost_read(processes, failure);
    return failure->lost_count ? -ECHILD : status <= FORKPOOL_FAILED ? -EIO : status;
}

void processes_close(void *state)
{
    struct processes *processes = state;
    if (!processes) return;
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
