/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/measure/instruments.h"

#include <stdlib.h>
#include <string.h>

static size_t spans_size(const struct recipe *recipe)
{
    return recipe->records_spans ? spans_record_size(recipe->event_room) : 0;
}

size_t instruments_record_size(const struct recipe *recipe)
{
    return spans_size(recipe) + (recipe->injects ? INJECT_SLOT : 0);
}

/* The kernel is wrapped first, then what measures it stands around it, then what is injected into the dispatch. */
struct fitted *instruments_fit(const struct instruments *instruments, unsigned threads, const struct clock *clock,
                               struct job *job)
{
    struct fitted *fitted = calloc(1, sizeof *fitted);
    if (!fitted) return NULL;
    struct recipe *recipe = &fitted->recipe;
    memcpy(recipe, instruments->recipe, sizeof *recipe);
    if (!clock) clock = &clock_real;
    if (recipe->injects) inject_kernel(&fitted->injected, &recipe->inject, clock, job);
    if (recipe->records_spans) {
        spans_open(&fitted->spans, job, instruments, threads, clock, recipe->event_room);
        job->hook = &fitted->spans.hook;
    }
    struct instruments slots = *instruments;
    slots.records += spans_size(recipe);
    if (recipe->injects) inject_hook(&fitted->injected, &slots, job);
    return fitted;
}

void instruments_reset(struct fitted *fitted)
{
    spans_reset(&fitted->spans);
    inject_reset(&fitted->injected);
}

void instruments_shift(struct fitted *fitted, int64_t ns)
{
    if (fitted && fitted->recipe.records_spans) spans_shift(&fitted->spans, ns);
}

void instruments_remove(struct fitted *fitted)
{
    free(fitted);
}
