/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tally.h: what is known of each cell while an experiment goes on, and which need no more repetitions.
 *
 * Sequential stopping: with the fewest repetitions a cell is settled once what is asked of it is clear: its interval and that
 * of its serial cell are within protocol.settle of their medians; or it lies beyond those of the fastest cell and of the serial one that it is compared with, so
 * that it is neither the answer nor in doubt. The second says nothing where an answer is read from a curve over many cells
 * (results/models/). A serial cell goes on as long as one does that is compared with it. Where the time does not suffice for
 * all repetitions of the others, those of the curves that cross something are the last to stop.
 */
#ifndef BREAKEVEN_TALLY_H
#define BREAKEVEN_TALLY_H

#include "bench/plan/plan.h"

struct tally {
    double *walls_ns; /* of good headline samples; owned */
    size_t count;
    unsigned timeouts;
    unsigned disturbed; /* instrumented samples that are suspect */
    double spent_ns;    /* by all its repetitions */
    unsigned spent;     /* how many those are */
    bool left_out;      /* from here on: there is no time for it */
    bool without_spans; /* the time suffices for its other repetitions only */
    bool settled;       /* from here on: what it has is enough */
};

/* 0 or -ENOMEM. */
int tally_add(struct tally *, double wall_ns);

/* Is every cell's interval within protocol.precision? tally[cell]. Without a good sample: yes, it cannot become so. */
bool tally_precise(const struct plan *, const struct tally *);

/* Marks the cells that are settled; tally[cell]. Those that tell of trust (the A/A pair and its serial cell) go on. Returns how
 * many are new among them. */
unsigned tally_settle(const struct plan *, struct tally *);

/* Time is short: marks cells as settled until a block takes at most block_ns: the dearest first of the studies whose answer is no
 * crossing, then of the others; never those that tell of trust. cost_ns[cell]: of a repetition. A serial cell goes on as long as
 * a cell does that needs it. Returns how many are new among them. */
unsigned tally_narrow(const struct plan *, struct tally *, const double *cost_ns, double block_ns);

#endif
