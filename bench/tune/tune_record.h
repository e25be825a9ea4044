/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tune_record.h: a tuning as a recorded run: cells are added as the search comes to them, samples appended as they are
 * taken. Part of tune.
 */
#ifndef BREAKEVEN_TUNE_RECORD_H
#define BREAKEVEN_TUNE_RECORD_H

#include "results/record/record.h"
#include "bench/plan/plan.h"

#include <jansson.h>
#include <stdbool.h>

struct tune_record {
    const struct options *options;
    char dir[4096];
    json_t *manifest;
    struct cell *cells;
    unsigned cell_count;
    struct sample *held; /* of the block that is being taken */
    size_t held_count;
    int fd; /* samples.jsonl */
    int64_t began_ns;
    int lock; /* on the folder; 0: none */
};

/* Makes the folder and its manifest, with the host and protocol of the plan and without cells. 0 or an exit status
 * after one line. */
int tune_record_open(struct tune_record *, const struct options *, const struct plan *);

/* The id of this configuration in the record, added where it is new (its id, baseline and duplicate are set here; the
 * baseline is the first cell of its problem). -errno: cannot be written; one line was said. */
int tune_record_cell(struct tune_record *, const struct cell *, const struct plan_cell *);

/* The same for all cells of a plan at once, which are new: the id of its cell i is what comes back + i. */
int tune_record_cells(struct tune_record *, const struct plan *);

/* Takes a sample over, until its block has been taken. 0 or -ENOMEM: it is lost then. */
int tune_record_hold(struct tune_record *, struct sample *);

/* Appends what is held; a block that is dropped is suspect. 0, or -errno after one line. */
int tune_record_settle(struct tune_record *, bool dropped);

/* Appends a sample. 0, or -errno after one line. */
int tune_record_sample(struct tune_record *, const struct sample *);

/* Writes how it ended and the summary. `tuning` (a reference is taken over, may be NULL) goes into the manifest. */
void tune_record_close(struct tune_record *, json_t *tuning, int error);

#endif
