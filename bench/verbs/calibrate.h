/* SPDX-License-Identifier: GPL-3.0-or-later */
/* calibrate.h: how long a kernel's task lasts, and which size makes it last as long as asked. In this process.
 *
 *     struct calibration calibration = {.kernel = kernel, .tasks = 1000, .seed = 1};
 *     calibrate_find(&calibration, 10000, &clock_real, &size, &task_ns, &why);   // size for 10 us
 *
 * Tasks spread evenly over [0, tasks) are run serially for a millisecond, several times; the least mean counts, since
 * what disturbs a measurement only ever adds. Memory has been touched before.
 */
#ifndef BREAKEVEN_CALIBRATE_H
#define BREAKEVEN_CALIBRATE_H

#include "bench/base/clock.h"
#include "kernels/kernel.h"
#include "kernels/reason.h"

struct calibration {
    const struct kernel *kernel;
    uint64_t tasks, seed;
};

/* Mean duration of a task of this size. 0, or -errno with `why`. */
int calibrate_measure(const struct calibration *, uint64_t size, const struct clock *, double *task_ns, struct reason *why);

/* The size whose tasks last about goal_ns, and how long they do (beyond 2 ms: extrapolated, as a task's duration grows
 * linearly with its size). Where a task of size 1 lasts longer already, that is what comes back. A kernel whose size
 * counts ns is taken at its word. */
int calibrate_find(const struct calibration *, double goal_ns, const struct clock *, uint64_t *size, double *task_ns,
                   struct reason *why);

#endif
