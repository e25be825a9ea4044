/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tune_kernel.h: the grid of configurations of one kernel on this machine, as a space for the search and for whoever
 * measures all of it. Part of tune.
 *
 *     struct tune_grid grid;
 *     if (!tune_grid_open(&grid, options, &limits, &why) && !tune_grid_index(&grid)) {
 *         tune_grid_space(&grid, &space);                      // space.measure is the caller's
 *         cell = tune_grid_cell(&grid, &point); ... grid.plan.cells[cell] ... tune_grid_measure(&grid, cell, ...)
 *     }
 *     tune_grid_close(&grid);
 */
#ifndef BREAKEVEN_TUNE_KERNEL_H
#define BREAKEVEN_TUNE_KERNEL_H

#include "bench/measure/measure.h"
#include "bench/tune/tune.h"
#include "kernels/reason.h"

enum { TUNE_VARIANT, TUNE_PLACEMENT, TUNE_WORKERS, TUNE_CHUNK, TUNE_AXES };

struct tune_grid {
    const struct options *options;
    const struct limits *limits;
    hwloc_topology_t topology;
    struct plan plan; /* cell 0: serial */
    struct measure measure;
    unsigned *variants;       /* a cell of each runner x schedule x with or without a chunk (x threads a process) */
    unsigned *placements;     /* a cell of each placement */
    double *workers, *chunks; /* values of the ordered axes */
    unsigned variant_count, placement_count, worker_count, chunk_count;
    struct search_point *points; /* of each cell */
    struct reason why;
};

/* Plans the grid for the one kernel of the options; lists that they do not give are this machine's. 0 or -errno with
 * `why`. Closed by tune_grid_close in either case. */
int tune_grid_open(struct tune_grid *, const struct options *, const struct limits *, struct reason *why);
int tune_grid_index(struct tune_grid *); /* 0 or -ENOMEM */
void tune_grid_close(struct tune_grid *);

/* The search's view of it; also: each runner with all cpus, its own chunk and schedule. */
void tune_grid_space(struct tune_grid *, struct search_space *);
unsigned tune_grid_cell(const struct tune_grid *,
                        const struct search_point *); /* 0 for the serial point, and for none */

/* One repetition; spent_s: all that it took. 0, -EINTR, or -errno with grid->why. */
int tune_grid_measure(struct tune_grid *, unsigned cell, unsigned block, unsigned order, struct sample *,
                      double *spent_s);
double tune_grid_cost(enum tune_objective, bool warm, const struct sample *);

void tune_cell_name(const struct cell *, char *text, size_t size);

#endif
