/* SPDX-License-Identifier: GPL-3.0-or-later */
/* plan_config.h: what `tune --save` wrote, as options of `run`. */
#ifndef BREAKEVEN_PLAN_CONFIG_H
#define BREAKEVEN_PLAN_CONFIG_H

#include "bench/cli/options.h"
#include "kernels/reason.h"

/* A saved recommendation; it holds what the options made from it point to. */
struct tune_config {
    char kernel[256], runner[24], schedule[16], placement[64];
    char *words[4]; /* of the four above */
    uint64_t size, tasks, processes, threads, chunk;
};

/* Reads the file. 0 or -EINVAL, -errno with one line in `why` that does not repeat the path. */
int tune_config_read(const char *path, struct tune_config *, struct reason *why);

/* The options with the recommendation put where they say nothing themselves; *merged borrows from both and is not
 * freed. */
void tune_config_apply(const struct tune_config *, const struct options *, struct options *merged);

#endif
