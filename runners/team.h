/* SPDX-License-Identifier: GPL-3.0-or-later */
/* team.h: one OpenMP team of this process sharing a range of tasks. What the openmp runner does with all tasks, the
 * hybrid runner's processes do with their chunks. */
#ifndef BREAKEVEN_TEAM_H
#define BREAKEVEN_TEAM_H

#include "runners/runner.h"

/* The schedules a team takes, as a runner's bits. */
enum {
    TEAM_SCHEDULES = 1u << SCHEDULE_STATIC | 1u << SCHEDULE_DYNAMIC | 1u << SCHEDULE_GUIDED | 1u << SCHEDULE_TASKS |
                     1u << SCHEDULE_TASKLOOP
};

/* Opens a first region of team->threads threads, so that they exist from now on, each bound and reported as worker
 * first_worker + its number. The caller is thread 0. Bindings are made here and not by OMP_PROC_BIND, which binds the
 * initial thread when the program is loaded. 0 or -errno with failure->text. */
int team_open(const struct team *team, unsigned first_worker, struct failure *failure);

/* Runs tasks [begin, end) in one region and returns when all are done. The default schedule is static, as that of
 * OpenMP's loop construct in both runtimes. chunk 0: static: one equal share for each thread; dynamic, guided and
 * tasks: 1; taskloop: one equal share, as libgomp. */
void team_run(const struct team *team, const struct job *job, unsigned first_worker, size_t begin, size_t end,
              void *results);

/* Ends the threads of the runtime's pool, which would keep their bindings. With LLVM's libomp, which has no working
 * call for it, they sleep until the process ends. */
void team_close(void);

#endif
