/* SPDX-License-Identifier: GPL-3.0-or-later */
/* drift.c: the serial sentinels and the A/A pairs in the order in which they were taken. */
#include "plots/chart.h"
#include "plots/format.h"
#include "results/models/summary_parts.h"

#include <math.h>
#include <string.h>

enum { DRIFT_POINTS = 400 };

static int64_t first_began(const struct run *run)
{
    int64_t first = INT64_MAX;
    for (size_t i = 0; i < run->sample_count; i++)
        if (run->samples[i].began_ns < first) first = run->samples[i].began_ns;
    return first;
}

/* Columns: time since the run's first repetition, run phase, suspect, hover; then the median as a layer of its own. */
static void drift_block(struct chart *chart, const struct cell *cell, const char *name, unsigned hue)
{
    const struct series *series = &chart->summary->series[cell->id];
    const struct quantity *wall = &chart->summary->cells[cell->id].quantity[QUANTITY_wall_ns];
    int64_t first = first_began(chart->summary->run);
    unsigned points = 0;
    double low = INFINITY, high = 0, from = 0, to = 0;
    if (!chart_block(chart, chart_series(chart, name, hue))) return;
    for (size_t i = 0; i < series->n && points < DRIFT_POINTS; i++) {
        const struct observation *sample = series->sample[i];
        double wall_ns = (double)sample->wall_ns;
        if (sample->wall_ns <= 0) continue;
        to = (double)(sample->began_ns - first);
        if (!points++) from = to;
        chart_row(chart, "%.9g %.9g %d", to, wall_ns, sample->suspect[0] != 0);
        chart_hover(chart, "%s, block %u, after %s: %s%s%s", name, sample->block, format_time(to).text,
                    format_time(wall_ns).text, sample->suspect[0] ? ", suspect: " : "", sample->suspect);
        chart_reach(chart, to, wall_ns);
        low = fmin(low, wall_ns), high = fmax(high, wall_ns);
        chart->suspect |= sample->suspect[0] != 0;
    }
    chart_layer(chart);
    chart_row(chart, "%.9g %.9g\n%.9g %.9g\n", from, wall->median, to, wall->median);
    if (points)
        chart_say(chart, " %s: %u repetitions between %s and %s, median %s.", name, points, format_time(low).text,
                  format_time(high).text, format_time(wall->median).text);
}

static void drift_panel(struct chart *chart, const struct cell *cell, const struct cell *twin)
{
    char title[160], note[192];
    chart_problem(chart->summary, cell, note, sizeof note);
    snprintf(title, sizeof title, "%s, %s%s", cell->label, cell->runner, twin ? ", A/A" : "");
    if (!chart_panel(chart, title, note)) return;
    chart_say(chart, " %s.", title);
    if (!twin) {
        drift_block(chart, cell, "serial", 6);
        return;
    }
    drift_block(chart, cell, "A/A: first", lines_hue(chart->summary->run, cell->runner));
    drift_block(chart, twin, "A/A: second", lines_hue(chart->summary->run, cell->runner));
}

int chart_drift(struct chart *chart)
{
    const struct run *run = chart->summary->run;
    const struct cell_summary *told = chart->summary->cells;
    snprintf(chart->missing, sizeof chart->missing, "no serial cell has more than one good repetition");
    chart->layers = 2;
    for (unsigned i = 0; i < run->cell_count; i++) {
        unsigned first = run->cells[i].duplicate;
        if (first != i && (told[first].samples || told[i].samples)) drift_panel(chart, &run->cells[first], &run->cells[i]);
    }
    for (unsigned i = 0; i < run->cell_count; i++) {
        bool seen = run->cells[i].baseline != i || run->cells[i].duplicate != i || chart->summary->cells[i].samples < 2;
        for (unsigned k = 0; k < i && !seen; k++)
            seen = run->cells[k].baseline == k && !strcmp(run->cells[k].kernel, run->cells[i].kernel) &&
                   chart->summary->cells[k].samples >= 2;
        if (!seen && chart->panels < CHART_PANELS) drift_panel(chart, &run->cells[i], NULL);
    }
    return 0;
}
