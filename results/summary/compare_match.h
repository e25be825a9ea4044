/* SPDX-License-Identifier: GPL-3.0-or-later */
/* compare_match.h: which cells of two runs are the same question.
 *
 * A kernel is known by its label. Cells that were calibrated for the same time per task differ from run to run in their size and,
 * under --work, in their number of tasks: those are the same question where both are near, and are compared for equal work.
 */
#ifndef BREAKEVEN_COMPARE_MATCH_H
#define BREAKEVEN_COMPARE_MATCH_H

#include "results/summary/compare.h"

/* One line about the first kernel or size that is in one run and not in the other; 0: they agree. */
int compare_plans_differ(const struct run *base, const struct run *new, char *text, size_t size);

/* Pairs up the cells, in BASE's order: cell, vanished and their counts. sizes false: those that differ in their problem alone, too.
 * 0 or -ENOMEM. */
int compare_pair_cells(const struct run *base, const struct run *new, bool sizes, struct comparison *);

#endif
