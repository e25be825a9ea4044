/* SPDX-License-Identifier: GPL-3.0-or-later */
/* show.h: a recorded run as figures, page and text: what run, metg and report end with. */
#ifndef BREAKEVEN_SHOW_H
#define BREAKEVEN_SHOW_H

#include "results/models/summary.h"
#include "bench/cli/options.h"

#include <stdbool.h>

/* A run read and summed up. */
struct shown {
    struct run run;
    struct summary summary;
};

/* Reads the run in `dir`. 0, or the exit status after one line on stderr. Freed by show_close. */
int show_open(const struct options *, const char *dir, struct shown *);
void show_close(struct shown *);

/* STATUS_FINDING under --strict where the run is not to be trusted, with a line on stderr; else STATUS_GOOD. */
int show_strict(const struct options *, const struct shown *);

/* Writes summary.json and summary.csv into the run's folder, with `draw` the figures and report.html too. What cannot
 * be written or drawn is one line on stderr each, and STATUS_FAILED where it could not be written. */
int show_write(const struct options *, const struct shown *, bool draw);

/* Prints the text, or with --json the object, on stdout. An exit status. */
int show_print(const struct options *, const struct shown *);

/* One line on stderr for each cell with failed repetitions, ten at most. Returns how many repetitions failed. */
size_t show_failures(const struct options *, const struct shown *);

/* Columns of the terminal that stdout is; 0: it is none. COLUMNS goes before. */
unsigned show_width(void);

#endif
