/* SPDX-License-Identifier: GPL-3.0-or-later */
/* studies.h: an experiment as a file (ini.h): the default one, which is inside the program, or a user's.
 *
 *     [global]            of all: reps, time-limit, seed, ... and what each section is to have where it says nothing
 *     reps = 12
 *     [scaling]           a study: one grid, its options with the names of the command line, one a line
 *     kernel = spin,triad
 *     workers = {all}     words in braces are put in for this machine (grid_words.h)
 *
 *     struct studies studies;
 *     if (!studies_open(options->file, options->quick, options, &studies, &why) &&
 *         !studies_add(&studies, &plan, options, 1, &why)) ... plan holds the cells of all studies ...
 *     studies_close(&studies);
 *
 * A study that stands more than once has several grids. Errors name file and line.
 */
#ifndef BREAKEVEN_STUDIES_H
#define BREAKEVEN_STUDIES_H

#include "bench/base/ini.h"
#include "bench/plan/plan.h"

struct studies {
    char where[256];     /* the file's path, or what it is called inside the program, for messages */
    struct ini ini;
    struct options global; /* what [global] says of the whole run; it points into ini */
};

extern const char studies_files[]; /* default and quick (ini.h) */

/* Reads the file, or without a path the default experiment; refuses options that stand where they mean nothing, and names
 * in --study that the file lacks. 0, or -errno with `why`. */
int studies_open(const char *path, bool quick, const struct options *, struct studies *, struct reason *why);
void studies_close(struct studies *);

/* How it is measured where the command line says nothing: with a time limit at least six repetitions of each cell. */
void studies_protocol(const struct studies *, struct protocol *);

/* Adds the studies that --study names (all without) to the plan, with the times in braces multiplied by `scale`. What
 * cannot run here is left out with a note. 0 or -errno with `why`. */
int studies_add(const struct studies *, struct plan *, const struct options *, double scale, struct reason *why);

/* What the whole plan is expected to take with the fewest repetitions. */
double studies_expected_ns(const struct plan *);

/* The file of what a command line says, on `out`: a grid, or without one the file that would be measured. 0 or -errno with
 * `why`. */
int studies_write(const struct options *, FILE *out, struct reason *why);

#endif
