/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tune_axes.h: what the placeholders of a command may be: the axes of its search, in words and numbers; and what was
 * measured of each setting, for export (tune_export.c). Part of tune.
 */
#ifndef BREAKEVEN_TUNE_AXES_H
#define BREAKEVEN_TUNE_AXES_H

#include "bench/base/command.h"
#include "bench/tune/tune.h"

struct tune_axis { /* how each level of an axis is written */
    char name[64];
    char **texts;
    double *values; /* ascending; NULL: words */
    size_t count;
};

struct tune_axes {
    struct tune_axis axis[SEARCH_AXES];
    size_t count;
};

/* {workers}, {threads}, {chunk} as the options list them ({workers} without a list: 1 to the usable cpus), and the
 * --parameters; each must be used by the command. 0 or an exit status after one line; freed in either case. */
int tune_axes_make(struct tune_axes *, const struct options *, const struct limits *, const struct command *);
void tune_axes_free(struct tune_axes *);

bool tune_axes_know(const struct tune_axes *, const char *name);

/* What the names stand for at a point; values: SEARCH_AXES of them. */
void tune_axes_values(const struct tune_axes *, const struct search_point *, struct command_value *values);

/* What was measured of a command, in the form of hyperfine's exports, which its plotting scripts read:
 *
 *     tune_export_add(&export, &point, &result);                 // each good run
 *     status = tune_export_write(&export, options, &axes, &command);
 *     tune_export_free(&export);
 */
struct tune_export {
    size_t count;
    struct tune_export_run {
        struct search_point point;
        double wall_s, user_s, system_s;
        int64_t peak_bytes;
    } *runs;
};

/* 0 or -ENOMEM. */
int tune_export_add(struct tune_export *, const struct search_point *, const struct command_result *);

/* How many of them are of this setting. */
size_t tune_export_runs(const struct tune_export *, const struct tune_axes *, const struct search_point *);

/* Writes --export-json, --export-csv and --export-markdown where they are asked for: one result for each setting, in
 * the order of the lists (the parametrized plot joins neighbours); times in seconds. 0, or an exit status after one line. */
int tune_export_write(const struct tune_export *, const struct options *, const struct tune_axes *,
                      const struct command *);
void tune_export_free(struct tune_export *);

#endif
