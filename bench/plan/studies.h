/* SPDX-License-Identifier: GPL-3.0-or-later */
/* studies.h: the default experiment: a few questions, each a set of grids in the words of the command line.
 *
 *     if (!studies_add(&plan, options, &why)) ... plan holds the cells of all studies ...
 */
#ifndef BREAKEVEN_STUDIES_H
#define BREAKEVEN_STUDIES_H

#include "bench/plan/plan.h"
#include "kernels/reason.h"

/* One grid of a study. Words in braces are put in for this machine (grid_words.h). */
struct study_grid {
    const char *study, *options;
    const char *quick; /* with --quick; NULL: left out */
};
extern const struct study_grid studies_grids[]; /* ends with a NULL study */

/* How the default experiment is measured. */
void studies_protocol(bool quick, struct protocol *);

/* Adds the studies that --study names (all without) to the plan, with their times multiplied by `scale`. 0 or -errno
 * with `why`. */
int studies_add(struct plan *, const struct options *, double scale, struct reason *why);

/* What the whole plan is expected to take with the fewest repetitions. */
double studies_expected_ns(const struct plan *);

#endif
