/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tune_export.h: what was measured of a command, in the form of hyperfine's exports, which its plotting scripts read.
 * Part of tune.
 *
 *     tune_export_add(&export, &point, &result);                 // each good run
 *     status = tune_export_write(&export, options, &axes, &command);
 *     tune_export_free(&export);
 */
#ifndef BREAKEVEN_TUNE_EXPORT_H
#define BREAKEVEN_TUNE_EXPORT_H

#include "bench/base/command.h"
#include "bench/tune/tune_axes.h"

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
