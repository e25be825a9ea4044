/* SPDX-License-Identifier: GPL-3.0-or-later */
/* processes.h: a team's processes as a forkpool, for the runners that have any: forkpool and hybrid.
 *
 * Everything that workers are to see was there before the pool opened: job, team and kernel as private memory, results
 * and reports as shared memory. What changes later, the array of results, is told through a shared page.
 */
#ifndef BREAKEVEN_PROCESSES_H
#define BREAKEVEN_PROCESSES_H

#include "forkpool/forkpool.h"
#include "runners/runner.h"

/* What the workers share; mapped before they are forked. */
struct processes_shared {
    void *results;
    struct failure failure; /* of the worker that could not start; written by one of them */
    int failing;            /* taken by that one */
};

struct processes;

/* Makes a process ready, in the process itself. 0 or -errno with failure->text. */
typedef int processes_ready_fn(const struct processes *, unsigned process, struct failure *);

struct processes {
    const struct team *team;
    const struct job *job;
    processes_ready_fn *ready;
    struct forkpool *pool;
    char **cpus; /* cpus[process], the union of its threads' */
    struct processes_shared *shared;
};

/* Forks team->processes workers, each bound, each having run `ready`. On success *state is a struct processes, to be closed by
 * processes_close. 0 or -errno with failure->text; blocks for the forks. */
int processes_open(const struct team *team, const struct job *job, processes_ready_fn *ready, void **state,
                   struct failure *failure);

/* Runs the map (tasks, range, schedule and chunk are given), whose context is the struct processes as it stands in the
 * worker. Blocks until all have ended; a lost worker ends the map early. 0 or -errno with failure filled. */
int processes_run(struct processes *processes, const struct forkpool_map *how, void *results, struct failure *failure);

/* Ends the workers and frees; when it returns they are gone. Accepts NULL. */
void processes_close(void *state);

#endif
