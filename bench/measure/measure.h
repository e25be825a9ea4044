/* SPDX-License-Identifier: GPL-3.0-or-later */
/* measure.h: one repetition of a planned cell, in its own process, judged: the planner's side of a sample.
 *
 *     struct measure measure;
 *     measure_open(&measure, &plan, &why);
 *     error = measure_cell(&measure, &(struct turn){cell, block, order, false}, &sample, &why);
 *     sample_free(&sample);
 *     measure_close(&measure);
 *
 * The first good result of a problem's serial cell is what all later results of that problem must equal, bit for bit.
 */
#ifndef BREAKEVEN_MEASURE_H
#define BREAKEVEN_MEASURE_H

#include "bench/plan/plan.h"
#include "kernels/reason.h"
#include "runners/cpus/limits.h"

struct measure_mask { /* sched_setaffinity(2) */
    unsigned long bits[8192 / 8 / sizeof(unsigned long)];
};

struct measure {
    const struct plan *plan;
    const char *program; /* the build that runs all cells; NULL: each cell's own, or this one */
    struct limits limits;
    double resolution_ns; /* of the clock, here and now */
    struct measure_mask mask; /* the cpus that this process could use when it was opened */
    const char *timeline_dir; /* the run's folder, for timelines of instrumented repetitions; NULL: none are wanted */
    char (*expected)[20]; /* by the id of a baseline: the hash of its first good result; "" before */
};

int measure_open(struct measure *, const struct plan *, struct reason *why); /* 0 or -errno with `why` */
void measure_close(struct measure *);

/* Takes over what an earlier sample says: the serial result (--resume). */
void measure_recall(struct measure *, const struct sample *);

/* Which repetition of a plan. */
struct turn {
    unsigned cell, block;
    unsigned order; /* its place in the block */
    bool instrumented;
};

/* One repetition. Whatever the kernel or runner does is a sample with its cause: returns 0. -EINTR: Ctrl-C arrived, no
 * sample. Else -errno with `why`: no process could be started at all, no sample. Blocks for at most the cell's deadline
 * and the seconds that killing takes. */
int measure_cell(struct measure *, const struct turn *, struct sample *, struct reason *why);

/* A short look before a closed plan is measured: how many times as long as expected a few repetitions, spread over it,
 * take now: above 1 on a busy machine; 1 where they cannot be taken. Takes about a second. */
double measure_slowness(const struct plan *);

#endif
