/* SPDX-License-Identifier: GPL-3.0-or-later */
/* session.h: an experiment while it is measured (experiment.c), and what is known of its time. The arrays are by cell.
 *
 * What a time limit goes to, in this order: one repetition of everything; where the fewest of all cells will not fit,
 * the dearest cells are left out; repetitions with spans, the cheapest first; further ones of the cells that are not
 * clear yet (tally.h), those of the curves that cross something last to stop.
 */
#ifndef BREAKEVEN_SESSION_H
#define BREAKEVEN_SESSION_H

#include "bench/measure/experiment.h"
#include "bench/measure/progress.h"
#include "bench/measure/tally.h"

/* One build's run while it is measured. */
struct side {
    const char *dir;
    struct json_t *manifest;
    struct measure measure; /* results are held against the same build's serial ones */
    int fd;                 /* samples.jsonl */
};

struct session {
    struct experiment *experiment;
    const struct plan *plan;
    unsigned side_count;
    struct side sides[2]; /* this build first */
    struct progress progress;
    struct tally *tally;
    unsigned *order;
    bool *mine; /* cells that are measured here (--share) */
    unsigned char *done; /* done[(block * cells + cell) * 2 + instrumented]: taken before */
    uint64_t done_blocks;
    int64_t began_ns;
    unsigned left_out;      /* cells that were given up for the time limit */
    unsigned without_spans; /* cells whose repetitions with spans were given up for it */
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

/* Does it take a repetition with spans in this block? */
bool session_has_spans(const struct session *, unsigned cell, uint64_t block);

/* Expected duration of a whole block. */
double session_block_ns(const struct session *, uint64_t block);

/* The others do nothing where time is not limited; before each block they are called in the order given here. */

/* Once all cells have the fewest repetitions and the time does not suffice for all of the others. */
void session_narrow(struct session *, uint64_t block);

/* Cells, then repetitions with spans. */
void session_leave_out(struct session *, uint64_t block);

/* Within the first block, before each cell: a machine so slow that one block does not fit into half of the time limit. */
void session_cut_first_block(struct session *);

/* What was left out, for the user (experiment->left_out_text) and for the manifest's notes. */
void session_tell(const struct session *);

#endif
