/* SPDX-License-Identifier: GPL-3.0-or-later */
/* observation.c: samples folded into a run, and their words. */
#include "results/record/latency.h"
#include "results/record/record.h"
#include "results/statistics/stats.h"

#include <errno.h>
#include <math.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Busy times and ends; false: missing, and `spans` is not to be used. */
static bool sum_busy(const struct sample *sample, unsigned workers, struct span_sums *spans)
{
    *spans = (struct span_sums){0};
    if (sample->worker_count != workers) return false;
    for (unsigned i = 0; i < workers; i++) {
        const struct sample_worker *worker = &sample->workers[i];
        if (worker->busy_ns < 0 || (worker->busy_ns > 0 && worker->end_ns < 0)) return false;
        /* A worker that got no task has no end: all its time counts as tail. */
        double busy = (double)worker->busy_ns, end = worker->end_ns < 0 ? 0 : (double)worker->end_ns;
        spans->busy += busy;
        spans->busy_max = fmax(spans->busy_max, busy);
        spans->dispatch += end - busy;
        spans->end_sum += end;
        spans->end_max = fmax(spans->end_max, end);
    }
    spans->gathered = fmax((double)sample->gathered_ns, 0);
    return spans->busy > 0; /* else nobody was seen at work: the runner cannot record spans */
}

/* The time of one process outside the pool; -1 where it was not recorded. */
static double outside_ns(const struct sample *sample, const struct cell *cell, unsigned process)
{
    const struct sample_worker *first = &sample->workers[(size_t)process * cell->threads];
    if (cell->processes == 1) return (double)(sample->start_ns + sample->wall_ns + sample->stop_ns);
    if (cell->threads == 1) return (double)first->busy_ns;
    if (first->team_ns > 0) return (double)first->team_ns;
    for (unsigned i = 0; i < cell->threads; i++)
        if (first[i].busy_ns > 0) return -1; /* worked, and nobody wrote down for how long */
    return 0;
}

static void sum_outside(const struct sample *sample, const struct cell *cell, struct span_sums *spans)
{
    double sum = 0, most = 0;
    spans->outside_sum = spans->outside_max = NAN;
    for (unsigned i = 0; i < cell->processes; i++) {
        double outside = outside_ns(sample, cell, i);
        if (outside < 0) return;
        sum += outside;
        most = fmax(most, outside);
    }
    spans->outside_sum = sum;
    spans->outside_max = most;
}

static void take_lateness(const struct sample *sample, unsigned workers, struct span_sums *spans)
{
    double *late = calloc(workers + (size_t)1, sizeof *late);
    unsigned count = 0;
    spans->late_p50 = spans->late_max = NAN;
    if (!late) return;
    for (unsigned w = 0; w < sample->worker_count && w < workers; w++)
        if (sample->workers[w].late_ns >= 0) late[count++] = (double)sample->workers[w].late_ns;
    spans->late_p50 = stats_quantile(late, count, 0.5);
    spans->late_max = stats_quantile(late, count, 1);
    free(late);
}

struct span_sums span_sums_of(const struct sample *sample, const struct cell *cell)
{
    unsigned workers = cell->processes * cell->threads;
    struct span_sums spans;
    if (sum_busy(sample, workers, &spans)) sum_outside(sample, cell, &spans);
    else spans = (struct span_sums){NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN};
    take_lateness(sample, workers, &spans);
    spans.latency_p50 = latency_quantile_ns(sample->latency, sample->latency_count, 0.5);
    spans.latency_p95 = latency_quantile_ns(sample->latency, sample->latency_count, 0.95);
    spans.latency_p99 = latency_quantile_ns(sample->latency, sample->latency_count, 0.99);
    return spans;
}

/* Adds the bins of one sample to those of its cell. 0 or -ENOMEM. */
static int take_latency(struct run *run, const struct sample *sample)
{
    unsigned at = 0, count = 0;
    if (!run->latency && !(run->latency = calloc(run->cell_count, sizeof *run->latency))) return -ENOMEM;
    struct latency_bins *bins = &run->latency[sample->cell];
    struct latency_bin *both = malloc(((size_t)bins->count + sample->latency_count) * sizeof *both);
    if (!both) return -ENOMEM;
    for (unsigned i = 0; i < sample->latency_count; i++) {
        const struct sample_bin *more = &sample->latency[i];
        while (at < bins->count && bins->bin[at].bin < more->bin) both[count++] = bins->bin[at++];
        both[count] = (struct latency_bin){more->bin, 0};
        if (at < bins->count && bins->bin[at].bin == more->bin) both[count] = bins->bin[at++];
        both[count++].tasks += (double)more->tasks;
    }
    while (at < bins->count) both[count++] = bins->bin[at++];
    free(bins->bin);
    *bins = (struct latency_bins){count, both};
    return 0;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(a, b);
}

const char *run_word(struct run *run, const char *text)
{
    if (!*text) return "";
    void *found = tfind(text, &run->words, by_text);
    if (found) return *(char **)found;
    char *word = strdup(text);
    if (word && tsearch(word, &run->words, by_text)) return word;
    free(word);
    return NULL;
}

static bool unwatched(const struct sample *sample)
{
    for (unsigned i = 0; i < sample->worker_count; i++)
        if (sample->workers[i].waited_ns >= 0) return false;
    return true;
}

/* Everything but what needs memory. */
static struct observation plain(const struct sample *sample, int64_t at)
{
    struct observation made = {
        .cell = sample->cell,
        .block = sample->block,
        .order = sample->order,
        .instrumented = sample->instrumented,
        .timed = sample->worker_count && sample->workers[0].end_ns >= 0 && sample->workers[0].late_ns >= 0,
        .located = sample->worker_count && sample->workers[0].cpus[0],
        .unwatched = unwatched(sample),
        .worker_count = sample->worker_count,
        .at = at,
        .began_ns = sample->began_ns,
        .setup_ns = sample->setup_ns,
        .start_ns = sample->start_ns,
        .first_ns = sample->first_ns,
        .wall_ns = sample->wall_ns,
        .stop_ns = sample->stop_ns,
        .user_ns = sample->user_ns,
        .system_ns = sample->system_ns,
        .voluntary_switches = sample->voluntary_switches,
        .involuntary_switches = sample->involuntary_switches,
        .minor_faults = sample->minor_faults,
        .peak_rss_bytes = sample->peak_rss_bytes,
        .injected_ns = sample->injected_ns,
    };
    memcpy(made.status, sample->status, sizeof made.status);
    return made;
}

/* One more place behind the last; doubled when full. */
static struct observation *next_place(struct run *run)
{
    if (run->sample_count >= run->sample_room) {
        size_t room = run->sample_count < 128 ? 256 : 2 * run->sample_count;
        struct observation *grown = realloc(run->samples, room * sizeof *grown);
        if (!grown) return NULL;
        run->samples = grown;
        run->sample_room = room;
    }
    return &run->samples[run->sample_count];
}

int run_add(struct run *run, const struct sample *sample, int64_t at)
{
    struct observation made = plain(sample, at), *place = next_place(run);
    bool ok = !strcmp(sample->status, "ok");
    made.suspect = run_word(run, sample->suspect);
    made.cause = run_word(run, sample->cause);
    made.verified = run_word(run, sample->verified);
    made.waiting = run_word(run, sample->waiting);
    if (!place || !made.suspect || !made.cause || !made.verified || !made.waiting) return -ENOMEM;
    if (ok && sample->latency_count && take_latency(run, sample)) return -ENOMEM;
    if (ok && sample->instrumented) {
        if (!(made.spans = malloc(sizeof *made.spans))) return -ENOMEM;
        *made.spans = span_sums_of(sample, &run->cells[sample->cell]);
    }
    *place = made;
    run->sample_count++;
    return 0;
}

void run_samples_free(struct run *run)
{
    for (size_t i = 0; i < run->sample_count; i++) free(run->samples[i].spans);
    for (unsigned i = 0; run->latency && i < run->cell_count; i++) free(run->latency[i].bin);
    free(run->latency);
    free(run->samples);
    tdestroy(run->words, free);
    run->latency = NULL;
    run->samples = NULL;
    run->words = NULL;
    run->sample_count = run->sample_room = 0;
}

const struct suspicion suspicions[SUSPICIONS] = {
#define SUSPICION(word, rule, meaning) {#word, rule, meaning},
#include "results/record/suspicions.h"
#undef SUSPICION
};

enum {
    ALL_WORDS = sizeof "superlinear" /* the summary's own */
#define SUSPICION(word, rule, meaning) +sizeof #word
#include "results/record/suspicions.h"
#undef SUSPICION
};
_Static_assert(ALL_WORDS <= sizeof((struct sample *)0)->suspect, "all words at once have room");

bool suspicion_word_in(const char *words, const char *word)
{
    size_t length = strlen(word);
    for (const char *at = words; (at = strstr(at, word)); at += length)
        if ((at == words || at[-1] == ' ') && (!at[length] || at[length] == ' ')) return true;
    return false;
}

bool suspicion_in(const char *words, enum suspicion_id id)
{
    return suspicion_word_in(words, suspicions[id].word);
}

void suspicion_add(char *words, size_t size, const char *word)
{
    size_t used = strlen(words);
    if (!suspicion_word_in(words, word) && used + strlen(word) + 2 <= size)
        snprintf(words + used, size - used, "%s%s", used ? " " : "", word);
}

void sample_suspect(struct sample *sample, enum suspicion_id id)
{
    suspicion_add(sample->suspect, sizeof sample->suspect, suspicions[id].word);
}

int run_suspect(struct run *run, size_t at, enum suspicion_id id)
{
    char words[sizeof((struct sample *)0)->suspect];
    snprintf(words, sizeof words, "%s", run->samples[at].suspect);
    suspicion_add(words, sizeof words, suspicions[id].word);
    const char *kept = run_word(run, words);
    if (kept) run->samples[at].suspect = kept;
    return kept ? 0 : -ENOMEM;
}
