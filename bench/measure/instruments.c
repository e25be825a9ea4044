/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/measure/instruments.h"

#include "results/record/latency.h"

#include <errno.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

/* ---- spans ---- */

struct span_slot {
    alignas(128) int64_t first_ns; /* two lines: neighbours are fetched in pairs */
    int64_t busy_ns, last_ns;
    int64_t count;
    int64_t team_since_ns, team_ns; /* of a process, in its first worker's slot */
    uint64_t bins[LATENCY_BINS];
    struct span_event events[]; /* event_room of them */
};

static struct span_slot *slot_of(const struct spans *spans, unsigned worker)
{
    return (struct span_slot *)(spans->records + worker * spans->record_size);
}

static void run(const struct hook *hook, unsigned worker, size_t begin, size_t end, void *results)
{
    const struct spans *spans = (const struct spans *)hook;
    int64_t began_ns = clock_now_ns(spans->clock);
    spans->kernel->run(spans->input, begin, end, results);
    int64_t ended_ns = clock_now_ns(spans->clock);
    if (worker >= spans->workers) return;
    struct span_slot *slot = slot_of(spans, worker);
    if (!slot->count) slot->first_ns = began_ns;
    if (slot->count < spans->event_room)
        slot->events[slot->count] = (struct span_event){began_ns, ended_ns, begin, end};
    slot->count++;
    slot->busy_ns += ended_ns - began_ns;
    slot->last_ns = ended_ns;
    slot->bins[latency_bin(ended_ns - began_ns, end - begin)] += end - begin;
}

static void team(const struct hook *hook, unsigned first_worker, bool enters)
{
    const struct spans *spans = (const struct spans *)hook;
    if (first_worker >= spans->workers) return;
    struct span_slot *slot = slot_of(spans, first_worker);
    int64_t now_ns = clock_now_ns(spans->clock);
    if (enters) slot->team_since_ns = now_ns;
    else slot->team_ns += now_ns - slot->team_since_ns;
}

static int read_latency(const struct spans *spans, struct sample *sample)
{
    struct sample_bin made[LATENCY_BINS];
    unsigned filled = 0;
    for (unsigned bin = 0; bin < LATENCY_BINS; bin++) {
        uint64_t tasks = 0;
        for (unsigned i = 0; i < spans->workers; i++) tasks += slot_of(spans, i)->bins[bin];
        if (tasks) made[filled++] = (struct sample_bin){bin, tasks};
    }
    struct sample_bin *copy = malloc((filled + 1) * sizeof *copy);
    if (!copy) return -ENOMEM;
    memcpy(copy, made, filled * sizeof *copy);
    sample->latency = copy;
    sample->latency_count = filled;
    return 0;
}

int spans_read(const struct spans *spans, int64_t began_ns, struct sample *sample)
{
    int64_t calls = 0;
    for (unsigned i = 0; i < spans->workers; i++) calls += slot_of(spans, i)->count;
    if (!calls) return 0; /* a runner that does not call hooks */
    for (unsigned i = 0; i < spans->workers; i++) {
        const struct span_slot *slot = slot_of(spans, i), *first = slot_of(spans, i - i % spans->threads);
        struct sample_worker *worker = &sample->workers[i];
        worker->late_ns = slot->count ? slot->first_ns - began_ns : -1;
        worker->busy_ns = slot->busy_ns;
        worker->end_ns = slot->count ? slot->last_ns - began_ns : 0;
        worker->team_ns = first->team_ns ? first->team_ns : -1;
    }
    return read_latency(spans, sample);
}

const struct span_event *spans_events(const struct spans *spans, unsigned worker, unsigned *count, uint64_t *dropped)
{
    const struct span_slot *slot = slot_of(spans, worker);
    uint64_t calls = (uint64_t)slot->count;
    *count = calls < spans->event_room ? (unsigned)calls : spans->event_room;
    *dropped = calls - *count;
    return slot->events;
}

/* ---- all instruments ---- */

static size_t spans_size(const struct recipe *recipe)
{
    size_t size = sizeof(struct span_slot) + recipe->event_room * sizeof(struct span_event);
    size_t aligned = (size + alignof(struct span_slot) - 1) / alignof(struct span_slot) * alignof(struct span_slot);
    return recipe->records_spans ? aligned : 0;
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
        fitted->spans = (struct spans){.hook = {run, team},
                                       .kernel = job->kernel,
                                       .input = job->input,
                                       .clock = clock,
                                       .workers = instruments->workers,
                                       .threads = threads,
                                       .event_room = recipe->event_room,
                                       .records = instruments->records,
                                       .record_size = instruments->record_size};
        job->hook = &fitted->spans.hook;
    }
    struct instruments slots = *instruments;
    slots.records += spans_size(recipe);
    if (recipe->injects) inject_hook(&fitted->injected, &slots, job);
    return fitted;
}

void instruments_reset(struct fitted *fitted)
{
    const struct spans *spans = &fitted->spans;
    for (unsigned i = 0; i < spans->workers; i++) memset(slot_of(spans, i), 0, sizeof(struct span_slot));
    inject_reset(&fitted->injected);
}

void instruments_shift(struct fitted *fitted, int64_t ns)
{
    if (!fitted) return;
    const struct spans *spans = &fitted->spans;
    for (unsigned i = 0; i < spans->workers; i++) {
        struct span_slot *slot = slot_of(spans, i);
        if (!slot->count) continue;
        slot->first_ns += ns;
        slot->last_ns += ns;
        for (int64_t event = 0; event < slot->count && event < spans->event_room; event++) {
            slot->events[event].began_ns += ns;
            slot->events[event].ended_ns += ns;
        }
    }
}

void instruments_remove(struct fitted *fitted)
{
    free(fitted);
}
