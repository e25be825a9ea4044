/* SPDX-License-Identifier: GPL-3.0-or-later */
/* instruments.h: the recipe of what a repetition puts around its kernel, and what stands there: see
 * runners/instruments.h. */
#ifndef BREAKEVEN_MEASURE_INSTRUMENTS_H
#define BREAKEVEN_MEASURE_INSTRUMENTS_H

#include "bench/measure/spans.h"
#include "bench/plan/inject.h"

struct recipe {
    bool records_spans, injects;
    unsigned event_room; /* see spans.h */
    struct inject inject;
};

struct fitted {
    struct recipe recipe;
    struct spans spans;       /* where records_spans */
    struct injected injected; /* where injects */
};

/* Bytes of one worker's record: its span, then what was injected. */
size_t instruments_record_size(const struct recipe *);

#endif
