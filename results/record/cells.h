/* SPDX-License-Identifier: GPL-3.0-or-later */
/* cells.h: are two cells the same, in the parts that matter to who asks?
 *
 *     if (cells_same(a, b, CELLS_ALL & ~CELLS_CHUNK)) ... they differ in their chunk at most ...
 */
#ifndef BREAKEVEN_CELLS_H
#define BREAKEVEN_CELLS_H

#include "results/record/record.h"

enum {
    CELLS_STUDY = 1,
    CELLS_KERNEL = 2,
    CELLS_SIZE = 4,
    CELLS_TASK_TIME = 8, /* what was asked for; the size follows from it, and may be asked for otherwise */
    CELLS_TASKS = 16,
    CELLS_SEED = 32,
    CELLS_RUNNER = 64,
    CELLS_SCHEDULE = 128,
    CELLS_PROCESSES = 256,
    CELLS_THREADS = 512,
    CELLS_NODES = 1024,
    CELLS_CHUNK = 2048,
    CELLS_PLACEMENT = 4096,
    CELLS_ALL = 8191,
    CELLS_POOL = CELLS_STUDY | CELLS_RUNNER | CELLS_SCHEDULE | CELLS_PLACEMENT, /* whose costs are the same */
    CELLS_PROBLEM = CELLS_KERNEL | CELLS_SIZE | CELLS_TASKS | CELLS_SEED,       /* what is computed */
};

bool cells_same(const struct cell *, const struct cell *, unsigned parts);

/* Is no earlier cell of the run the same in these parts? So a list of all there are has each once. */
bool cells_first(const struct run *, size_t at, unsigned parts);

#endif
