/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tune_text.h: what the sentence and the tables of a tuning share. Part of tune. */
#ifndef BREAKEVEN_TUNE_TEXT_H
#define BREAKEVEN_TUNE_TEXT_H

#include "bench/tune/tune.h"

const struct search_entry *tune_entry(const struct tune *, size_t id); /* NULL where there is none */
void tune_name(const struct tune *, const struct search_entry *, char *text, size_t size);

/* The best entry of each number of workers, of a kind (the settings that have no order; NULL: of any), malloc'ed; their
 * number in *count. NULL without memory. */
const struct search_entry **tune_curve(const struct tune *, const struct search_entry *kind, size_t *count);

#endif
