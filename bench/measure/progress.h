/* SPDX-License-Identifier: GPL-3.0-or-later */
/* progress.h: how far an experiment is, on stderr: one line that is written over on a terminal; elsewhere a line twice
 * a minute. And what it says already: after 20 s, 40 s, 80 s and so on, a line.
 *
 *     struct progress progress;
 *     progress_open(&progress);
 *     progress_show(&progress, &state); ... progress_close(&progress);
 */
#ifndef BREAKEVEN_PROGRESS_H
#define BREAKEVEN_PROGRESS_H

#include "results/record/record.h"

#include <stdbool.h>

struct progress {
    bool terminal;
    int width;       /* columns of the terminal */
    bool shown;      /* a line stands there */
    int64_t last_ns; /* when it was written */
    int64_t next_ns; /* when the next line of what it says is due; 0: not looked at yet */
    char said[512];  /* the last one: the same is not said twice */
};

struct progress_state {
    const struct cell *cell; /* about to be measured */
    unsigned position, cells;
    uint64_t block, blocks; /* blocks: the most there will be */
    double share;           /* done of everything, 0 to 1 */
    double left_ns;         /* expected */
};

void progress_open(struct progress *);
void progress_show(struct progress *, const struct progress_state *);
void progress_close(struct progress *); /* takes the line away; call before anything else is printed */

/* "scaling spin forkpool 2x1 chunk 16 dynamic close" */
void progress_cell(const struct cell *, char *text, size_t size);

/* Is it time, at so many ns since the beginning? Each time is twice the one before. */
bool progress_due(struct progress *, int64_t passed_ns);

/* "so far: ...", the most useful sentence of a run's record as it stands. false: there is none yet. Reads the record: a
 * second for every 20,000 samples. */
bool progress_read(const char *dir, char *text, size_t size);

#endif
