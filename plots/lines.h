/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lines.h: which cells belong on one curve: those that differ in one thing alone. Grouping only; no numbers are made.
 */
#ifndef BREAKEVEN_LINES_H
#define BREAKEVEN_LINES_H

#include "results/models/summary.h"

enum line_axis {
    LINE_WORKERS,     /* processes and threads differ */
    LINE_GRANULARITY, /* size, tasks and task time differ */
    LINE_CHUNK,       /* chunk differs; the runner's default (0) is left out */
    LINE_PLACEMENT,
    LINE_SHAPE, /* processes and threads of a runner that has both */
};

struct line {
    const struct cell *first;          /* stands for what all its cells share */
    const struct cell_summary **cells; /* at least two, ordered along the axis; each measured, with a baseline */
    size_t count;
    unsigned panel;  /* lines of one panel share study, kernel and problem; panels count from 0 */
    char name[96];   /* "forkpool", "openmp guided": what tells it from the panel's other lines */
    bool grid, less; /* one of a grid's; and not the one with the most workers */
    unsigned hue;    /* the runner's index in the run: its colour everywhere */
};

struct lines {
    size_t count;
    struct line *lines; /* ordered by panel */
    unsigned panels;
};

/* Every line of the summary along `axis`; serial cells and A/A duplicates are on none. 0 or -ENOMEM. */
int lines_make(const struct summary *, enum line_axis axis, struct lines *);
void lines_free(struct lines *);

/* Where a cell stands along the axis; 0 for all placements: they stand as planned. */
double lines_place(const struct cell_summary *, enum line_axis axis);

unsigned lines_hue(const struct run *, const char *runner); /* index among the run's runners but serial */

#endif
