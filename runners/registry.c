/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "runners/runner.h"

#include <errno.h>

/* As kernels/registry.c, of the other list: the two rooms know nothing of each other, and a table needs its type. */
#define RUNNER(name) extern const struct runner runner_##name;
#include "runners/list.h"
#undef RUNNER

const struct runner *const runners[] = {
#define RUNNER(name) &runner_##name,
#include "runners/list.h"
#undef RUNNER
    NULL,
};

const struct runner *runner_find(const char *name)
{
    for (const struct runner *const *runner = runners; *runner; runner++)
        if (!strcmp((*runner)->name, name)) return *runner;
    return NULL;
}

static const char *const schedule_names[SCHEDULES] = {
    [SCHEDULE_DEFAULT] = "default", [SCHEDULE_STATIC] = "static", [SCHEDULE_DYNAMIC] = "dynamic",
    [SCHEDULE_GUIDED] = "guided",   [SCHEDULE_TASKS] = "tasks",   [SCHEDULE_TASKLOOP] = "taskloop",
    [SCHEDULE_MASTER] = "master",
};

const char *schedule_name(enum schedule schedule)
{
    return schedule < SCHEDULES ? schedule_names[schedule] : "unknown";
}

int schedule_find(const char *name, enum schedule *schedule)
{
    for (unsigned i = 0; i < SCHEDULES; i++)
        if (!strcmp(schedule_names[i], name)) {
            *schedule = (enum schedule)i;
            return 0;
        }
    return -EINVAL;
}
