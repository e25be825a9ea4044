/* latency.c: how long single tasks took, from repetitions with busy spans. */
#include "../results/latency.h"
#include "chart.h"
#include "format.h"

#include <math.h>
#include <string.h>

static bool has_latency(const struct cell_summary *cell)
{
    return cell->quantity[QUANTITY_latency_p50_ns].n > 0 && cell->cell->duplicate == cell->cell->id;
}

static bool same_problem(const struct cell *a, const struct cell *b)
{
    return !strcmp(a->study, b->study) && !strcmp(a->kernel, b->kernel) && a->size == b->size && a->tasks == b->tasks &&
           a->task_time_ns == b->task_time_ns;
}

/* Layer 1: where each bin ends and how many tasks it holds, all repetitions together; gnuplot adds them up. */
static void write_bins(struct chart *chart, const struct cell *cell)
{
    const struct run *run = chart->summary->run;
    for (size_t i = 0; i < run->sample_count; i++) {
        const struct sample *sample = &run->samples[i];
        if (sample->cell != cell->id || strcmp(sample->status, "ok")) continue;
        for (unsigned b = 0; b < sample->latency_count; b++) {
            double end_ns = latency_low_ns(sample->latency[b].bin + 1);
            chart_row(chart, "%.9g %llu\n", end_ns, (unsigned long long)sample->latency[b].tasks);
            chart_reach(chart, end_ns, 1);
        }
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
        if (!has_latency(cell) || strcmp(cell->cell->runner, like->runner) || !same_problem(cell->cell, like)) continue;
        bool fits = !chart->facts->cpus || cell->workers <= chart->facts->cpus;
        if (!best || (fits && cell->workers > best->workers)) best = cell;
    }
    return best;
}

static void latency_panel(struct chart *chart, const struct cell *problem)
{
    const struct summary *summary = chart->summary;
    char note[192], name[96];
    chart_problem(summary, problem, note, sizeof note);
    if (!chart_panel(chart, problem->label, note)) return;
    chart_say(chart, " %s (%s).", problem->label, note);
    for (size_t i = 0; i < summary->cell_count; i++) {
        const struct cell *cell = summary->cells[i].cell;
        bool seen = !has_latency(&summary->cells[i]) || !same_problem(cell, problem);
        for (size_t k = 0; k < i && !seen; k++)
            seen = has_latency(&summary->cells[k]) && same_problem(summary->cells[k].cell, problem) &&
                   !strcmp(summary->cells[k].cell->runner, cell->runner);
        if (seen) continue;
        const struct cell_summary *shown = telling(chart, cell);
        if (!shown ||
            !chart_block(chart, chart_series(chart, cell->runner,
                                             !strcmp(cell->runner, "serial") ? CHART_HUES - 1
                                                                             : lines_hue(summary->run, cell->runner))))
            continue;
        snprintf(name, sizeof name, "%s, %u worker%s", cell->runner, shown->workers, shown->workers == 1 ? "" : "s");
        write_bins(chart, shown->cell);
        chart_layer(chart);
        write_quantiles(chart, shown, name);
    }
}

/* One panel a kernel: its first problem with such repetitions. */
int chart_latency(struct chart *chart)
{
    const struct summary *summary = chart->summary;
    snprintf(chart->missing, sizeof chart->missing, "no repetition recorded how long its tasks took");
    chart->layers = 2;
    chart->ringless = true;
    for (size_t i = 0; i < summary->cell_count; i++) {
        bool seen = !has_latency(&summary->cells[i]);
        for (size_t k = 0; k < i && !seen; k++)
            seen = has_latency(&summary->cells[k]) &&
                   !strcmp(summary->cells[k].cell->kernel, summary->cells[i].cell->kernel);
        if (!seen) latency_panel(chart, summary->cells[i].cell);
    }
    return 0;
}
