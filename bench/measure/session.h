/* SPDX-License-Identifier: GPL-3.0-or-later */
/* session.h: an experiment while it is measured (experiment.c), and what is known of its time. The arrays are by cell. */
#ifndef BREAKEVEN_SESSION_H
#define BREAKEVEN_SESSION_H

#include "bench/measure/experiment.h"
#include "bench/measure/progress.h"
#include "bench/measure/so_far.h"
#include "bench/measure/tally.h"

struct session {
    struct experiment *experiment;
    const struct plan *plan;
    struct measure measure;
    struct progress progress;
    struct so_far so_far;
    struct tally *tally;
    unsigned *order;
    bool *mine; /* cells that are measured here (--share) */
    unsigned char *done; /* done[(block * cells + cell) * 2 + instrumented]: taken before */
    uint64_t done_blocks;
    int fd;
    int64_t began_ns;
    double left_ns;   /* of the block in work */
    double fewest_ns; /* passed when all cells had the fewest repetitions; 0: not yet */
    struct reason *why;
};

/* Since its beginning, in ns. */
double session_passed_ns(const struct session *);

/* Does the cell take no further repetition? Where time is limited, one that never ended in time has had its share: its deadline is
 * longer than what others take. */
bool session_is_over(const struct session *, unsigned cell);

/* A repetition of it as those before took, in ns, or as the plan expects; 0: it takes none. */
double session_known_ns(const struct session *, unsigned cell);

/* The first block with spans: among the last that every cell takes, when it is known how much time they leave, with room for
 * another try of those that are disturbed. */
uint64_t session_spans_begin(const struct protocol *);

/* Does it take a repetition with spans in this block? */
bool session_has_spans(const struct session *, unsigned cell, uint64_t block);

/* Expected duration of a whole block. */
double session_block_ns(const struct session *, uint64_t block);

#endif
