/* SPDX-License-Identifier: GPL-3.0-or-later */
/* plan_build.h: how the parts of the planner add to a plan; for plan.c and plan_grid.c alone. */
#ifndef BREAKEVEN_PLAN_BUILD_H
#define BREAKEVEN_PLAN_BUILD_H

#include "bench/plan/plan.h"
#include "kernels/reason.h"

#include <limits.h>

#define PLAN_OWN UINT_MAX /* baseline of a cell that is its own */

/* What a kernel may use while it is asked: what a repetition may. */
struct kernel_info_limits plan_limits(const struct plan *);

/* Finds a kernel's information in the plan, or asks for it. 0 or -errno with `why`. */
int plan_kernel(struct plan *, const char *name, unsigned *info, struct reason *why);

/* kernel_info_calibrate of a kernel of the plan, once for each task time and number of tasks; the seed is the plan's. */
int plan_calibrate(struct plan *, unsigned info, struct kernel_task *, struct reason *why);

/* Finds the cell of the same study, problem and configuration, or adds it, and says its id. 0 or -ENOMEM. */
int plan_put(struct plan *, const struct cell *, unsigned info, double task_ns, unsigned *id);

/* Computes where the workers of a cell go, once for each policy and team; *placement: an index into plan.placements. 0 or
 * -errno with `why`. */
int plan_place(struct plan *, const struct cell *, unsigned *placement, struct reason *why);

#endif
