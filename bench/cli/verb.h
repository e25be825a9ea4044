/* SPDX-License-Identifier: GPL-3.0-or-later */
/* verb.h: what `breakeven VERB` does: one file per verb, ending in one struct literal, plus one line in bench/verbs_list.h.
 *
 *     const struct verb verb_list = { .name = "list", .summary = "...", .run = run };
 *
 * The options of a verb are those rows of the table in options.c that name it.
 */
#ifndef BREAKEVEN_VERB_H
#define BREAKEVEN_VERB_H

#include "bench/base/status.h"

#include <stdbool.h>

struct options;

struct verb {
    const char *name;     /* a leading '_' marks a verb that the program uses on itself, hidden from help */
    const char *summary;  /* one line for `breakeven help` */
    const char *operands; /* for the usage line: "DIR", "[kernels|runners]"; "" where it takes none */
    unsigned operands_min, operands_max;
    bool machine;                       /* does it look at this machine, or measure on it? */
    const char *details;                /* a paragraph for `breakeven VERB --help`, or NULL */
    int (*run)(const struct options *); /* prints its own errors with options_complain; returns the exit status */
};

/* The verb of a list that ends with NULL; NULL where there is none of this name. */
const struct verb *verb_find(const struct verb *const *verbs, const char *name);

#endif
