/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "results/record/record.h"

#include <string.h>

/* Numbers first: groups are looked for in all pairs of cells, and most pairs differ in one. */
bool cells_same(const struct cell *a, const struct cell *b, unsigned parts)
{
    return (!(parts & CELLS_SIZE) || a->size == b->size) &&
           (!(parts & CELLS_TASK_TIME) || a->task_time_ns == b->task_time_ns) &&
           (!(parts & CELLS_TASKS) || a->tasks == b->tasks) && (!(parts & CELLS_SEED) || a->seed == b->seed) &&
           (!(parts & CELLS_PROCESSES) || a->processes == b->processes) &&
           (!(parts & CELLS_THREADS) || a->threads == b->threads) && (!(parts & CELLS_NODES) || a->nodes == b->nodes) &&
           (!(parts & CELLS_CHUNK) || a->chunk == b->chunk) &&
           (!(parts & CELLS_RUNNER) || !strcmp(a->runner, b->runner)) &&
           (!(parts & CELLS_SCHEDULE) || !strcmp(a->schedule, b->schedule)) &&
           (!(parts & CELLS_PLACEMENT) || !strcmp(a->placement, b->placement)) &&
           (!(parts & CELLS_STUDY) || !strcmp(a->study, b->study)) &&
           (!(parts & CELLS_KERNEL) || !strcmp(a->kernel, b->kernel));
}

bool cells_first(const struct run *run, size_t at, unsigned parts)
{
    size_t i = 0;
    while (!cells_same(&run->cells[i], &run->cells[at], parts)) i++;
    return i == at;
}
