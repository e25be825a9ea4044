/* SPDX-License-Identifier: GPL-3.0-or-later */
/* points.h: the values behind a cell's median, one per good repetition: raw points for figures, and ties. */
#ifndef BREAKEVEN_POINTS_H
#define BREAKEVEN_POINTS_H

#include "results/models/summary.h"

/* The values of `quantity` (wall_ns, total_ns, speedup, efficiency or overhead_per_task_ns) in the order in which they
 * were taken, from good repetitions without busy spans; ratios against the serial repetition of the same block. Fills
 * at most `max` and returns how many; 0 for another quantity. */
size_t points_get(const struct run *, const struct cell *, enum quantity_id quantity, double *values, size_t max);

/* Can `a`'s whole time (wall_ns) not be told from `b`'s? Paired inside blocks; without an interval, true only for a ==
 * b. */
bool points_tied(const struct run *, const struct cell *a, const struct cell *b);

#endif
