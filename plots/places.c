/* SPDX-License-Identifier: GPL-3.0-or-later */
/* places.c: the figures over shapes and places: the heat map of processes x threads, and placements side by side. */
#include "plots/chart.h"
#include "plots/format.h"
#include "results/models/summary_parts.h"

#include <math.h>
#include <string.h>

/* ---- hybrid ---- */

static const struct cell_summary *best_of(const struct line *line)
{
    const struct cell_summary *best = line->cells[0];
    for (size_t i = 1; i < line->count; i++)
        if (line->cells[i]->quantity[QUANTITY_speedup].median > best->quantity[QUANTITY_speedup].median)
            best = line->cells[i];
    return best;
}

/* Position of a cell's processes, or threads (CELLS_..), among the different ones of the line, from 1, rising. */
static unsigned rank_of(const struct line *line, const struct cell *cell, unsigned part)
{
    unsigned rank = 1;
    for (size_t i = 0; i < line->count; i++) {
        const struct cell *other = line->cells[i]->cell;
        bool seen = part == CELLS_THREADS ? other->threads >= cell->threads : other->processes >= cell->processes;
        for (size_t k = 0; k < i && !seen; k++) seen = cells_same(line->cells[k]->cell, other, part);
        rank += !seen;
    }
    return rank;
}

/* Columns: column, row, speed-up, processes, threads, tied, suspect, range as text, hover. */
static void heat_rows(struct chart *chart, const struct line *line)
{
    const struct cell_summary *best = best_of(line);
    unsigned tied = 0;
    for (size_t i = 0; i < line->count; i++) {
        const struct cell_summary *cell = line->cells[i];
        const struct quantity *q = &cell->quantity[QUANTITY_speedup];
        struct quantity ratio = parts_compare(chart->summary, best->cell, cell->cell, false);
        bool tie = cell == best || (!isnan(ratio.low) && stats_verdict(ratio) == VERDICT_UNRESOLVED);
        if (!isfinite(q->median)) continue;
        chart_row(chart, "%u %u %.9g %u %u %d %d \"%s\"", rank_of(line, cell->cell, CELLS_THREADS),
                  rank_of(line, cell->cell, CELLS_PROCESSES), q->median, cell->cell->processes,
                  cell->cell->threads, tie, cell->suspects > 0, isnan(q->low) ? "" : format_range("ratio", *q).text);
        chart_hover(chart, "%s %u x %u: %s, n = %zu%s", line->name, cell->cell->processes, cell->cell->threads,
                    format_quantity("ratio", *q).text, q->n, tie ? ", not told from the best" : "");
        chart_reach(chart, 1, q->median);
        chart_cell(chart, cell, QUANTITY_speedup);
        tied += tie && cell != best;
    }
    chart_say(chart, " Best: %u x %u with %s; %u other shape%s cannot be told from it.", best->cell->processes,
              best->cell->threads, format_quantity("ratio", best->quantity[QUANTITY_speedup]).text, tied,
              tied == 1 ? "" : "s");
}

int chart_hybrid(struct chart *chart)
{
    struct lines lines;
    char title[160], note[192];
    int status = lines_make(chart->summary, LINE_SHAPE, &lines);
    if (status) return status;
    snprintf(chart->missing, sizeof chart->missing,
             "no runner was measured with three splits of processes and threads");
    chart->legend = "none";
    chart->columns = 2; /* cells must be wide enough for their intervals */
    chart->layers = 1;
    for (size_t i = 0; i < lines.count; i++) {
        const struct line *line = &lines.lines[i];
        if (line->count < 3) continue; /* two cells are no map */
        chart_problem(chart->summary, line->first, note, sizeof note);
        snprintf(title, sizeof title, "%s, %s", line->first->label, line->name);
        if (!chart_panel(chart, title, note)) continue;
        chart_say(chart, " %s (%s).", title, note);
        if (chart_block(chart, chart_series(chart, line->name, line->hue))) heat_rows(chart, line);
    }
    lines_free(&lines);
    return 0;
}

/* ---- placement ---- */

enum { PLACES = 8 };

struct places {
    char name[PLACES][24];
    unsigned count;
};

static unsigned place_number(struct places *places, const char *placement)
{
    char name[sizeof places->name[0]];
    format_clean(name, sizeof name, placement[0] ? placement : "none");
    for (unsigned i = 0; i < places->count; i++)
        if (!strcmp(places->name[i], name)) return i + 1;
    if (places->count == PLACES) return 0;
    memcpy(places->name[places->count], name, sizeof name);
    return ++places->count;
}

static void placement_block(struct chart *chart, const struct line *line, struct places *places)
{
    double values[CHART_POINTS];
    for (size_t i = 0; i < line->count; i++) {
        const struct cell_summary *cell = line->cells[i];
        const struct quantity *q = &cell->quantity[QUANTITY_speedup];
        unsigned at = place_number(places, cell->cell->placement);
        if (!at || !isfinite(q->median)) continue;
        chart_row(chart, "%u %.9g %.9g %.9g %d", at, q->median, q->low, q->high, cell->suspects > 0);
        chart_hover(chart, "%s, %s: %s, n = %zu", line->name, places->name[at - 1], format_quantity("ratio", *q).text,
                    q->n);
        chart_say(chart, " %s %s: %s.", line->name, places->name[at - 1], format_quantity("ratio", *q).text);
        chart_cell(chart, cell, QUANTITY_speedup);
        chart_reach(chart, at, q->median);
    }
    chart_layer(chart);
    for (size_t i = 0; i < line->count; i++) {
        unsigned at = place_number(places, line->cells[i]->cell->placement);
        size_t n = parts_points(chart->summary, line->cells[i]->cell, QUANTITY_speedup, values, CHART_POINTS);
        for (size_t k = 0; at && k < n; k++) chart_row(chart, "%u %.9g\n", at, values[k]);
    }
}

static void write_places(struct chart *chart, const struct places *all, unsigned panels)
{
    unsigned count = 0;
    fprintf(chart->variables, "array PLACES_FIRST[%d]\narray PLACES_LAST[%d]\narray PLACE[%d]\n", CHART_PANELS,
            CHART_PANELS, CHART_PANELS * PLACES);
    for (unsigned p = 0; p < panels; p++) {
        fprintf(chart->variables, "PLACES_FIRST[%u] = %u\n", p + 1, count + 1);
        for (unsigned i = 0; i < all[p].count; i++) {
            fprintf(chart->variables, "PLACE[%u] = ", ++count);
            format_gnuplot(chart->variables, all[p].name[i]);
            putc('\n', chart->variables);
        }
        fprintf(chart->variables, "PLACES_LAST[%u] = %u\n", p + 1, count);
    }
}

int chart_placement(struct chart *chart)
{
    struct places places[CHART_PANELS] = {0};
    struct lines lines;
    unsigned panel = ~0u;
    bool drawn = false;
    char note[192];
    int status = lines_make(chart->summary, LINE_PLACEMENT, &lines);
    if (status) return status;
    snprintf(chart->missing, sizeof chart->missing, "no cells differ in their placement alone");
    chart->layers = 2;
    for (size_t i = 0; i < lines.count; i++) {
        const struct line *line = &lines.lines[i];
        if (line->panel != panel) {
            panel = line->panel;
            chart_problem(chart->summary, line->first, note, sizeof note);
            drawn = chart_panel(chart, line->first->label, note);
            if (drawn) chart_say(chart, " %s (%s).", line->first->label, note);
        }
        if (drawn && chart_block(chart, chart_series(chart, line->name, line->hue)))
            placement_block(chart, line, &places[chart->panels - 1]);
    }
    write_places(chart, places, chart->panels);
    lines_free(&lines);
    return 0;
}
