/* SPDX-License-Identifier: GPL-3.0-or-later */
/* summary.c: from the samples of a run to one row of figures per cell; see summary.h. */
#include "results/findings/findings.h"
#include "results/models/summary_parts.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct quantity_kind quantity_kinds[QUANTITIES] = {
#define QUANTITY(name, unit, meaning) {#name, unit, meaning},
#include "results/models/quantities.h"
#undef QUANTITY
};

/* What a quantity is taken from, where it is one field of the samples, or of the spans of those that have some. */
static const struct {
    enum quantity_id id;
    bool of_spans;
    size_t offset;
} measured[] = {
    {QUANTITY_wall_ns, false, offsetof(struct observation, wall_ns)},
    {QUANTITY_setup_ns, false, offsetof(struct observation, setup_ns)},
    {QUANTITY_start_ns, false, offsetof(struct observation, start_ns)},
    {QUANTITY_first_ns, false, offsetof(struct observation, first_ns)},
    {QUANTITY_stop_ns, false, offsetof(struct observation, stop_ns)},
    {QUANTITY_user_ns, false, offsetof(struct observation, user_ns)},
    {QUANTITY_system_ns, false, offsetof(struct observation, system_ns)},
    {QUANTITY_voluntary_switches, false, offsetof(struct observation, voluntary_switches)},
    {QUANTITY_involuntary_switches, false, offsetof(struct observation, involuntary_switches)},
    {QUANTITY_minor_faults, false, offsetof(struct observation, minor_faults)},
    {QUANTITY_peak_rss_bytes, false, offsetof(struct observation, peak_rss_bytes)},
    {QUANTITY_latency_p50_ns, true, offsetof(struct span_sums, latency_p50)},
    {QUANTITY_latency_p95_ns, true, offsetof(struct span_sums, latency_p95)},
    {QUANTITY_latency_p99_ns, true, offsetof(struct span_sums, latency_p99)},
    {QUANTITY_late_p50_ns, true, offsetof(struct span_sums, late_p50)},
    {QUANTITY_late_max_ns, true, offsetof(struct span_sums, late_max)},
};

static bool is_ok(const struct observation *sample)
{
    return !strcmp(sample->status, "ok");
}

static double known(int64_t value)
{
    return value < 0 ? NAN : (double)value;
}

/* Room for so many headline samples and others with spans; arrays of one kind share one block. */
static int series_alloc(struct series *series, size_t room, size_t spanned)
{
    series->sample = calloc(room + spanned + 2, sizeof *series->sample);
    series->wall = calloc(3 * (room + 1), sizeof *series->wall);
    series->by_block = calloc(room + 1, sizeof *series->by_block);
    if (!series->sample || !series->wall || !series->by_block) return -ENOMEM;
    series->spanned = series->sample + room + 1;
    series->total = series->wall + room + 1;
    series->serial = series->total + room + 1;
    return 0;
}

static int by_block(const void *left, const void *right, void *samples)
{
    size_t a = *(const size_t *)left, b = *(const size_t *)right;
    unsigned of_a = ((const struct observation *const *)samples)[a]->block,
             of_b = ((const struct observation *const *)samples)[b]->block;
    return of_a != of_b ? (of_a > of_b) - (of_a < of_b) : (a > b) - (a < b);
}

static int series_fill(struct summary *summary)
{
    const struct run *run = summary->run;
    size_t(*rooms)[2] = calloc(run->cell_count + 1, sizeof *rooms); /* [instrumented] */
    int status = rooms ? 0 : -ENOMEM;
    for (size_t i = 0; rooms && i < run->sample_count; i++)
        if (is_ok(&run->samples[i])) rooms[run->samples[i].cell][run->samples[i].instrumented]++;
    for (unsigned id = 0; !status && id < run->cell_count; id++)
        status = series_alloc(&summary->series[id], rooms[id][0], rooms[id][1]);
    free(rooms);
    for (size_t i = 0; !status && i < run->sample_count; i++) {
        const struct observation *sample = &run->samples[i];
        struct series *series = &summary->series[sample->cell];
        if (sample->spans) series->spanned[series->spanned_count++] = sample;
        if (!is_ok(sample) || sample->instrumented) continue;
        series->sample[series->n] = sample;
        series->wall[series->n] = known(sample->wall_ns);
        series->total[series->n++] = known(sample->start_ns) + known(sample->wall_ns) + known(sample->stop_ns);
    }
    for (unsigned id = 0; !status && id < run->cell_count; id++) {
        struct series *series = &summary->series[id];
        for (size_t i = 0; i < series->n; i++) series->by_block[i] = i;
        qsort_r(series->by_block, series->n, sizeof *series->by_block, by_block, (void *)series->sample);
    }
    return status;
}

/* The baseline's run phase in the block of `sample`, the one nearest in order; NAN: none. */
static double serial_beside(const struct series *baseline, const struct observation *sample)
{
    double best = NAN;
    unsigned nearest = 0;
    size_t first, count = parts_in_block(baseline, sample->block, &first);
    for (size_t k = first; k < first + count; k++) {
        size_t i = baseline->by_block[k];
        const struct observation *other = baseline->sample[i];
        unsigned apart = other->order > sample->order ? other->order - sample->order : sample->order - other->order;
        if (!isnan(best) && apart >= nearest) continue;
        best = baseline->wall[i];
        nearest = apart;
    }
    return best;
}

static struct quantity karp_flatt(struct quantity speedup, double worth)
{
    return (struct quantity){models_karp_flatt(speedup.median, worth), models_karp_flatt(speedup.high, worth),
                             models_karp_flatt(speedup.low, worth), worth > 1 ? speedup.n : 0};
}

/* measured[m] of one repetition; NAN where it was not recorded. */
static double field_of(const struct observation *sample, size_t m)
{
    int64_t value;
    double sum;
    if (measured[m].of_spans) {
        memcpy(&sum, (const char *)sample->spans + measured[m].offset, sizeof sum);
        return sum;
    }
    memcpy(&value, (const char *)sample + measured[m].offset, sizeof value);
    return known(value);
}

static int quantities_from_samples(const struct summary *summary, struct cell_summary *row)
{
    const struct series *series = &summary->series[row->cell->id];
    double *values = malloc((series->n + series->spanned_count + 1) * sizeof *values);
    if (!values) return -ENOMEM;
    for (size_t m = 0; m < sizeof measured / sizeof *measured; m++) {
        const struct observation **samples = measured[m].of_spans ? series->spanned : series->sample;
        size_t n = measured[m].of_spans ? series->spanned_count : series->n;
        for (size_t i = 0; i < n; i++) values[i] = field_of(samples[i], m);
        row->quantity[measured[m].id] = stats_median(values, n);
    }
    for (size_t i = 0; i < series->n; i++)
        values[i] = models_overhead(series->serial[i], series->wall[i], parts_worth(row->cell));
    row->quantity[QUANTITY_overhead_core_ns] = stats_median(values, series->n);
    row->outliers = stats_outliers(series->wall, series->n);
    row->autocorrelated = stats_autocorrelated(series->wall, series->n);
    free(values);
    return 0;
}

static void quantities_derived(const struct summary *summary, struct cell_summary *row)
{
    const struct series *series = &summary->series[row->cell->id], *base = &summary->series[row->cell->baseline];
    struct quantity *quantity = row->quantity;
    double worth = parts_worth(row->cell), tasks = row->cell->tasks ? (double)row->cell->tasks : NAN;
    quantity[QUANTITY_total_ns] = stats_median(series->total, series->n);
    quantity[QUANTITY_serial_ns] = stats_median(base->wall, base->n);
    quantity[QUANTITY_task_ns] = parts_scaled(quantity[QUANTITY_serial_ns], 1 / tasks);
    quantity[QUANTITY_speedup] = stats_ratio(series->serial, series->wall, series->n);
    quantity[QUANTITY_speedup_total] = stats_ratio(series->serial, series->total, series->n);
    quantity[QUANTITY_efficiency] = parts_scaled(quantity[QUANTITY_speedup], 1 / worth);
    quantity[QUANTITY_overhead_per_task_ns] = parts_scaled(quantity[QUANTITY_overhead_core_ns], 1 / tasks);
    quantity[QUANTITY_karp_flatt] = karp_flatt(quantity[QUANTITY_speedup], worth);
    quantity[QUANTITY_pool_tax] = (struct quantity){NAN, NAN, NAN, 0};
}

/* The cell that is this one with one worker, in the same study. NULL: not measured. */
static const struct cell *one_worker(const struct run *run, const struct cell *cell)
{
    for (unsigned i = 0; !parts_is_serial(cell) && i < run->cell_count; i++) {
        const struct cell *one = &run->cells[i];
        if (parts_workers(one) == 1 && one->baseline == cell->baseline &&
            cells_same(one, cell, CELLS_POOL | CELLS_CHUNK))
            return one;
    }
    return NULL;
}

static void pool_tax(const struct summary *summary, struct cell_summary *row)
{
    const struct cell *one = one_worker(summary->run, row->cell);
    if (!one) return;
    const struct series *series = &summary->series[one->id];
    struct quantity ratio = stats_ratio(series->wall, series->serial, series->n);
    row->quantity[QUANTITY_pool_tax] = (struct quantity){ratio.median - 1, ratio.low - 1, ratio.high - 1, ratio.n};
}

/* Adds the words of `more` that are not yet in `words`. */
static void add_words(char *words, size_t size, const char *more)
{
    char copy[128], *rest = NULL;
    snprintf(copy, sizeof copy, "%s", more);
    for (char *word = strtok_r(copy, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
        suspicion_add(words, size, word);
}

static int proof(const char *verified)
{
    static const char *const weakest_first[] = {"", "serial", "published", "serial+published"};
    for (int i = 3; i > 0; i--)
        if (!strcmp(verified, weakest_first[i])) return i;
    return 0;
}

static void count_samples(struct summary *summary)
{
    const struct run *run = summary->run;
    for (size_t i = 0; i < run->sample_count; i++) {
        const struct observation *sample = &run->samples[i];
        struct cell_summary *row = &summary->cells[sample->cell];
        if (sample->suspect[0]) {
            row->suspects++;
            add_words(row->suspect, sizeof row->suspect, sample->suspect);
        }
        if (!strcmp(sample->status, "stopped")) {
            row->stopped++;
        } else if (!is_ok(sample)) {
            if (!row->errors++)
                snprintf(row->error, sizeof row->error, "%s", sample->cause[0] ? sample->cause : sample->status);
        } else if (!sample->instrumented) {
            if (!row->samples++ || proof(sample->verified) < proof(row->verified))
                snprintf(row->verified, sizeof row->verified, "%s", sample->verified);
        }
    }
}

/* More than p times as fast as serial cannot be: then T_s is wrong, the work is not the same, or (rarely) the data fit
 * into the caches of many cores and not into those of one. */
static void doubt_efficiency(struct cell_summary *row)
{
    if (!parts_is_serial(row->cell) && row->quantity[QUANTITY_efficiency].low > 1.02)
        suspicion_add(row->suspect, sizeof row->suspect, "superlinear");
}

/* The instrumented samples of all cells, each with the serial time of its block. */
static int budgets(const struct summary *summary, struct cell_summary *row)
{
    const struct series *series = &summary->series[row->cell->id], *base = &summary->series[row->cell->baseline];
    struct budget *made = calloc(series->spanned_count + 1, sizeof *made);
    double *spanned = calloc(2 * series->spanned_count + 1, sizeof *spanned);
    size_t n = 0;
    int status = made && spanned ? 0 : -ENOMEM;
    for (size_t i = 0; !status && i < series->spanned_count; i++) {
        const struct observation *sample = series->spanned[i];
        double serial = serial_beside(base, sample);
        if (isnan(serial)) serial = row->quantity[QUANTITY_serial_ns].median;
        if (budget_make(sample, row->cell, serial, &made[n])) continue;
        spanned[n] = (double)sample->wall_ns;
        spanned[series->spanned_count + n++] = serial_beside(series, sample); /* without spans */
    }
    if (!status && n && !(status = budget_median(made, n, &row->budget)))
        row->budget.instrumentation = stats_ratio(spanned, spanned + series->spanned_count, n).median - 1;
    free(made);
    free(spanned);
    return status;
}

static int rows_make(struct summary *summary)
{
    int status = series_fill(summary);
    for (unsigned id = 0; !status && id < summary->run->cell_count; id++) {
        struct series *series = &summary->series[id];
        const struct series *base = &summary->series[summary->run->cells[id].baseline];
        for (size_t i = 0; i < series->n; i++) series->serial[i] = serial_beside(base, series->sample[i]);
    }
    for (unsigned id = 0; !status && id < summary->run->cell_count; id++) {
        struct cell_summary *row = &summary->cells[id];
        row->cell = &summary->run->cells[id];
        row->workers = parts_workers(row->cell);
        status = quantities_from_samples(summary, row);
        quantities_derived(summary, row);
        pool_tax(summary, row);
        if (!status) status = budgets(summary, row);
    }
    if (!status) count_samples(summary);
    for (unsigned id = 0; !status && id < summary->cell_count; id++) doubt_efficiency(&summary->cells[id]);
    return status;
}

int summary_make(const struct run *run, struct summary *summary, struct reason *why)
{
    struct summary made = {.run = run, .cell_count = run->cell_count};
    locale_t before = parts_locale_enter();
    made.cells = calloc(run->cell_count + 1, sizeof *made.cells);
    made.series = calloc(run->cell_count + 1, sizeof *made.series);
    int status = made.cells && made.series ? rows_make(&made) : -ENOMEM;
    if (!status) status = scaling_make(&made);
    if (!status) status = pools_make(&made);
    if (!status) status = granularity_make(&made);
    if (!status) trust_make(&made);
    if (!status && made.trust.verdict != TRUST_NONE) status = advice_make(&made);
    if (!status) status = findings_make(&made);
    parts_locale_leave(before);
    if (status) {
        summary_free(&made);
        return reason_give(why, status, "the summary of %s: %s", run->dir, strerror(-status));
    }
    *summary = made;
    return 0;
}

void summary_free(struct summary *summary)
{
    for (size_t i = 0; i < summary->scaling_count; i++) free(summary->scalings[i].cells);
    for (size_t i = 0; i < summary->finding_count; i++) free(summary->findings[i].text);
    for (size_t i = 0; i < summary->pool_count; i++) free(summary->pools[i].cells);
    for (size_t i = 0; summary->series && i < summary->cell_count; i++) {
        free(summary->series[i].sample);
        free(summary->series[i].wall);
        free(summary->series[i].by_block);
    }
    free(summary->series);
    free(summary->pools);
    free(summary->scalings);
    free(summary->metgs);
    free(summary->crossovers);
    free(summary->advices);
    free(summary->findings);
    free(summary->cells);
    *summary = (struct summary){0};
}
