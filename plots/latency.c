/* SPDX-License-Identifier: GPL-3.0-or-later */
/* latency.c: how long single tasks took, from repetitions with busy spans. */
#include "results/record/latency.h"
#include "results/models/summary_parts.h"
#include "plots/chart.h"
#include "plots/format.h"
#include "plots/tables.h"

#include <math.h>
#include <string.h>

/* Layer 1: the share of tasks at the ends of each bin, all repetitions together; straight between them, as quantiles
 * are taken. */
static void write_bins(struct chart *chart, const struct cell *cell)
{
    const struct run *run = chart->summary->run;
    double all = 0, below = 0;
    if (!run->latency) return;
    const struct latency_bins *bins = &run->latency[cell->id];
    for (unsigned i = 0; i < bins->count; i++) all += bins->bin[i].tasks;
    for (unsigned i = 0; i < bins->count; i++) {
        unsigned bin = bins->bin[i].bin;
        if (!(bins->bin[i].tasks > 0)) continue;
        double low_ns = fmax(latency_low_ns(bin), 0.5), high_ns = latency_low_ns(bin + 1);
        chart_row(chart, "%.9g %.9g\n", low_ns, below / all);
        below += bins->bin[i].tasks;
        chart_row(chart, "%.9g %.9g\n", high_ns, below / all);
        chart_reach(chart, low_ns, 1);
        chart_reach(chart, high_ns, 1);
    }
}

/* Layer 2: p50, p95, p99: duration, share, low, high, hover. */
static void write_quantiles(struct chart *chart, const struct cell_summary *cell, const char *name)
{
    static const struct {
        enum quantity_id id;
        double share;
        const char *name;
    } quantiles[] = {{QUANTITY_latency_p50_ns, 0.5, "p50"},
                     {QUANTITY_latency_p95_ns, 0.95, "p95"},
                     {QUANTITY_latency_p99_ns, 0.99, "p99"}};
    for (size_t i = 0; i < sizeof quantiles / sizeof *quantiles; i++) {
        const struct quantity *q = &cell->quantity[quantiles[i].id];
        if (!isfinite(q->median)) continue;
        chart_row(chart, "%.9g %.9g %.9g %.9g", q->median, quantiles[i].share, isnan(q->low) ? q->median : q->low,
                  isnan(q->high) ? q->median : q->high);
        chart_hover(chart, "%s, %s: %s", name, quantiles[i].name, format_quantity("ns", *q).text);
        chart_say(chart, " %s %s: %s.", name, quantiles[i].name, format_quantity("ns", *q).text);
        chart_reach(chart, q->median, 1);
        chart_cell(chart, cell, quantiles[i].id);
        chart->marked[chart->blocks - 1] = true;
    }
}

/* The runner's cell with the most workers that fit the machine. */
static const struct cell_summary *telling(const struct chart *chart, const struct cell *like)
{
    const struct summary *summary = chart->summary;
    const struct cell_summary *best = NULL;
    for (size_t i = 0; i < summary->cell_count; i++) {
        const struct cell_summary *cell = &summary->cells[i];
        if (!tables_has_latency(cell) || !cells_same(cell->cell, like, CHART_PROBLEM | CELLS_RUNNER | CELLS_SCHEDULE)) continue;
        bool fits = !chart->facts->cpus || cell->workers <= chart->facts->cpus;
        if (!best || (fits && cell->workers > best->workers)) best = cell;
    }
    return best;
}

static unsigned series_of(struct chart *chart, const struct cell *cell)
{
    char name[64];
    bool plain = !strcmp(cell->schedule, "default"), serial = !strcmp(cell->runner, "serial");
    snprintf(name, sizeof name, "%s%s%s", cell->runner, plain ? "" : " ", plain ? "" : cell->schedule);
    return chart_series(chart, name, serial ? CHART_HUES - 1 : lines_hue(chart->summary->run, cell->runner));
}

static void latency_panel(struct chart *chart, const struct cell *problem)
{
    const struct summary *summary = chart->summary;
    char note[192], name[128];
    chart_problem(summary, problem, note, sizeof note);
    if (!chart_panel(chart, problem->label, note)) return;
    chart_say(chart, " %s (%s).", problem->label, note);
    for (size_t i = 0; i < summary->cell_count; i++) {
        const struct cell *cell = summary->cells[i].cell;
        bool seen = !tables_has_latency(&summary->cells[i]) || !cells_same(cell, problem, CHART_PROBLEM);
        for (size_t k = 0; k < i && !seen; k++)
            seen = tables_has_latency(&summary->cells[k]) &&
                   cells_same(summary->cells[k].cell, cell, CHART_PROBLEM | CELLS_RUNNER | CELLS_SCHEDULE);
        const struct cell_summary *shown = seen ? NULL : telling(chart, cell);
        if (!shown) continue;
        unsigned series = series_of(chart, cell);
        if (!chart_block(chart, series)) continue;
        snprintf(name, sizeof name, "%s, %u worker%s", chart->one[series - 1].name, shown->workers,
                 shown->workers == 1 ? "" : "s");
        write_bins(chart, shown->cell);
        chart_layer(chart);
        write_quantiles(chart, shown, name);
    }
}

/* How well a problem shows single tasks: first by how many cells claim them one by one, then by having a p99; among
 * equals the later one, whose tasks are longer. */
static unsigned worth(const struct summary *summary, const struct cell *problem)
{
    unsigned single = 0, far = 0;
    for (size_t i = 0; i < summary->cell_count; i++) {
        const struct cell_summary *row = &summary->cells[i];
        if (!tables_has_latency(row) || !cells_same(row->cell, problem, CHART_PROBLEM)) continue;
        single += parts_chunk(row->cell) == 1;
        if (isfinite(row->quantity[QUANTITY_latency_p99_ns].median)) far = 1;
    }
    return 2 * single + far;
}

/* One panel a kernel: the problem that shows most. */
int chart_latency(struct chart *chart)
{
    const struct summary *summary = chart->summary;
    snprintf(chart->missing, sizeof chart->missing, "no repetition recorded how long its tasks took");
    chart->layers = 2;
    chart->ringless = true;
    for (size_t i = 0; i < summary->cell_count; i++) {
        const struct cell *best = summary->cells[i].cell;
        bool seen = !tables_has_latency(&summary->cells[i]);
        for (size_t k = 0; k < summary->cell_count && !seen; k++) {
            const struct cell *other = summary->cells[k].cell;
            if (!tables_has_latency(&summary->cells[k]) || strcmp(other->kernel, summary->cells[i].cell->kernel))
                continue;
            seen = k < i;
            if (worth(summary, other) >= worth(summary, best)) best = worth(summary, other) ? other : best;
        }
        if (!seen) latency_panel(chart, best);
    }
    return 0;
}
