/* SPDX-License-Identifier: GPL-3.0-or-later */
/* compare_parts.h: what the files that compare two runs share. Private to results/summary. */
#ifndef BREAKEVEN_COMPARE_PARTS_H
#define BREAKEVEN_COMPARE_PARTS_H

#include "results/summary/compare.h"

#define FAMILY_ERROR 0.05 /* over all cells, for slower and faster together: half of it each */

/* The cells as one family, the kernels as another, the whole run: fills slower_p and faster_p of all cells, `whole` and
 * `kernel`. 0 or -ENOMEM. (compare_joint.c) */
int compare_jointly(const struct run *base, const struct run *new, struct comparison *);

/* Which cells are the same question (compare_match.c). A kernel is known by its label. Cells that were calibrated for
 * the same time per task differ from run to run in their size and, under --work, in their number of tasks: those are
 * the same question where both are near, and are compared for equal work. */

/* One line about the first kernel or size that is in one run and not in the other; 0: they agree. */
int compare_plans_differ(const struct run *base, const struct run *new, char *text, size_t size);

/* Pairs up the cells, in BASE's order: cell, vanished and their counts. sizes false: those that differ in their problem
 * alone, too. 0 or -ENOMEM. */
int compare_pair_cells(const struct run *base, const struct run *new, bool sizes, struct comparison *);

/* Writes what differs, beside what the runs were to compare, of the recorded software (libraries as they were loaded,
 * Python, kernel, gnuplot), of compiler and flags, and of the environment: "openmp.build_id is a in BASE, b in NEW;
 * ...", as many as fit, then how many more. "" where nothing does. The program itself is left out: it is what is
 * compared. */
void compare_software(const struct run *base, const struct run *new, char *text, size_t size);

#endif
