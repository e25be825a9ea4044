/* SPDX-License-Identifier: GPL-3.0-or-later */
/* repetition.h: one repetition of one cell, in this process: the only place that times a runner.
 *
 *     struct sample sample = {0};
 *     repetition_run(&repetition, &clock_real, &sample);
 *     if (!strcmp(sample.status, "ok")) ... sample.wall_ns ...
 *     sample_free(&sample);
 *
 * prepare | setup | start | warm-up passes | the timed pass | stop | check of all results. The results are poisoned
 * between passes, so that a pass that computes nothing cannot live on the one before. The program calls this in a fresh
 * process (cell.c); a test may call it with a made-up runner and a clock that follows a script.
 */
#ifndef BREAKEVEN_REPETITION_H
#define BREAKEVEN_REPETITION_H

#include "kernels/kernel.h"
#include "results/record/record.h"
#include "runners/runner.h"
#include "bench/base/clock.h"
#include "bench/plan/inject.h"

struct repetition {
    const struct kernel *kernel;
    const char *kernel_path; /* of a user's kernel; NULL for a built-in one */
    const struct runner *runner;
    struct kernel_params params;
    struct team team;            /* `reports` is set here */
    unsigned warmup;             /* passes before the timed one */
    uint64_t warmup_tasks;       /* in each of them, the first ones; 0: all */
    bool instrumented;           /* record what each worker did: costs two readings of the clock for each chunk */
    const char *timeline;        /* with instrumented: file for each call of the kernel (timeline.h); NULL: none */
    const struct inject *inject; /* NULL: nothing. Known costs and mistakes, by which the tool is tested */
};

/* Fills the sample: status, cause, times, workers, lost workers, verified ("published" or ""), hash; leaves alone what
 * the planner knows (cell, block, order, resource usage). What goes wrong in kernel or runner is a sample with status
 * "error"; never returns in a copy of this process that a kernel forked. Blocks as long as kernel and runner do. The
 * sample is to be freed with sample_free. */
void repetition_run(const struct repetition *, const struct clock *, struct sample *);

/* Hash of so many bytes, 64 bits; equal bytes, equal hash, on every machine of the same byte order. */
uint64_t repetition_hash(const void *bytes, size_t size);

#endif
