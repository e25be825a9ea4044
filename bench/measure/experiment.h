/* SPDX-License-Identifier: GPL-3.0-or-later */
/* experiment.h: measures a plan into a folder, block by block.
 *
 *     struct experiment experiment = {.plan = &plan, .dir = dir, .manifest = manifest};
 *     int status = experiment_run(&experiment, &why);
 *
 * Each sample is appended to samples.jsonl as it is taken. Ctrl-C, a full disk or the death of this process leave a
 * valid run marked incomplete; the same plan with `before` set finishes it.
 */
#ifndef BREAKEVEN_EXPERIMENT_H
#define BREAKEVEN_EXPERIMENT_H

#include "bench/measure/measure.h"
#include "kernels/reason.h"

struct experiment {
    const struct plan *plan;
    const char *dir;
    struct json_t *manifest;  /* rewritten when the run ends */
    const struct run *before; /* what was taken already, or NULL */
    struct experiment_other { /* another build, measured beside this one, and held against its own serial results */
        const char *program;  /* NULL: none */
        const char *dir;
        struct json_t *manifest; /* a copy with that build in it; both have the same "together", which pairs them */
    } other;

    /* Out: */
    uint64_t blocks; /* begun */
    size_t taken;    /* samples of this call */
    char left_out_text[320]; /* which, and why, one line; "" */
    const char *stopped;  /* why it ended: "reps", "precision", "not converged", "time limit", "interrupted", "error" */
};

/* Runs blocks until the protocol is satisfied. Returns 0 where the run is complete; -EINTR after Ctrl-C; else -errno
 * with one line in `why` (disk full, no processes). In each case what was taken is on disk and the manifest says how it
 * ended, if the disk takes that. interrupt_watch must have been called. */
int experiment_run(struct experiment *, struct reason *why);

/* A cell whose repetitions time out is given up after so many, each costs its whole deadline; where time is limited and none
 * ended before, after the first. */
enum { EXPERIMENT_TIMEOUTS_MAX = 2 };

/* An instrumented repetition that is suspect is taken again in a later block, so many times each: its terms are what
 * the budget shows. The suspect ones are kept. */
enum { EXPERIMENT_SPANS_AGAIN = 2 };

#endif
