/* SPDX-License-Identifier: GPL-3.0-or-later */
/* bars.c: the figures made of horizontal bars: the efficiency budget and METG. */
#include "plots/chart.h"
#include "plots/format.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 16 };

/* Runner and team; schedule, chunk, placement and task size only where they tell cells of this runner apart. */
static void name_among(const struct cell *cell, const struct cell *const *all, size_t count, char *out, size_t size)
{
    bool schedule = false, chunk = false, placement = false, task = false;
    bool shape = cell->processes > 1 && cell->threads > 1;
    for (size_t i = 0; i < count; i++) {
        if (strcmp(all[i]->runner, cell->runner)) continue;
        schedule |= strcmp(all[i]->schedule, cell->schedule) != 0;
        chunk |= all[i]->chunk != cell->chunk;
        placement |= strcmp(all[i]->placement, cell->placement) != 0;
        task |= all[i]->task_time_ns != cell->task_time_ns;
        shape |= all[i]->processes != cell->processes && all[i]->threads != cell->threads &&
                 all[i]->processes * all[i]->threads == cell->processes * cell->threads;
    }
    if (shape) snprintf(out, size, "%s %ux%u", cell->runner, cell->processes, cell->threads);
    else snprintf(out, size, "%s %u", cell->runner, cell->processes * cell->threads);
    if (schedule) text_add(out, size, " %s", cell->schedule);
    if (chunk) text_add(out, size, ", chunk %llu", (unsigned long long)cell->chunk);
    if (placement) text_add(out, size, " %s", cell->placement);
    if (task) text_add(out, size, ", %.40s", format_asked(cell->task_time_ns).text);
}

/* ---- budget ---- */

static const char *const terms[] = {"useful work",
                                    "dilation: tasks slower together",
                                    "start and stop",
                                    "dispatch: between tasks",
                                    "tail: waiting for the last",
                                    "gathering results of other hosts",
                                    "residual: unexplained"};
enum { TERMS = sizeof terms / sizeof *terms };

static void budget_row(struct chart *chart, unsigned row, const struct cell_summary *cell, const char *name)
{
    const struct budget *b = &cell->budget;
    char label[128], shares[320];
    snprintf(label, sizeof label, "%.100s%s", name, b->marked ? " *" : "");
    snprintf(shares, sizeof shares,
             "work %.16s, dilation %.16s, start and stop %.16s, dispatch %.16s, tail %.16s, gathering %.16s, "
             "residual %.16s",
             format_share(b->work).text, format_share(b->dilation).text, format_share(b->start_stop).text,
             format_share(b->dispatch).text, format_share(b->tail).text, format_share(b->gather).text,
             format_share(b->residual).text);
    chart_row(chart, "%u %.9g %.9g %.9g %.9g %.9g %.9g %.9g ", row, b->work, b->dilation, b->start_stop, b->dispatch,
              b->tail, b->gather, b->residual);
    format_datum(chart->data, label);
    chart_hover(chart, "%s: %s; load balance %s, communication %s, n = %zu%s", name, shares,
                format_share(b->load_balance).text, format_share(b->communication).text, b->n,
                b->marked ? ", residual above the limit" : "");
    chart_say(chart, " %s: %s.", name, shares);
    chart->suspect |= cell->suspects > 0;
}

/* Has the i-th cell a bar? A cell that is measured twice has one. */
static bool budget_drawn(const struct summary *summary, size_t i)
{
    return summary->cells[i].budget.n && summary->cells[i].cell->duplicate == i;
}

/* The cells of a panel: all of a study's kernel, or where they are too many those with as many workers as fit the
 * machine, or where these are still too many, those of every second, third... problem. */
static size_t budget_cells(const struct chart *chart, const struct cell *like, const struct cell_summary **cells)
{
    const struct summary *summary = chart->summary;
    size_t count = 0, kept = 0;
    unsigned most = 0;
    for (size_t i = 0; i < summary->cell_count; i++) {
        const struct cell_summary *cell = &summary->cells[i];
        if (!budget_drawn(summary, i) || !cells_same(cell->cell, like, CELLS_STUDY | CELLS_KERNEL)) continue;
        cells[count++] = cell;
        if ((!chart->facts->cpus || cell->workers <= chart->facts->cpus) && cell->workers > most) most = cell->workers;
    }
    if (count <= ROWS) return count;
    for (size_t i = 0; i < count && most; i++)
        if (cells[i]->workers == most) cells[kept++] = cells[i];
    if (most) count = kept;
    if (count <= ROWS) return count;
    kept = 0;
    for (size_t i = 0, step = (count + ROWS - 1) / ROWS, problems = 0, from = 0; i < count; i++) {
        problems += i > 0 && cells[i]->cell->baseline != cells[from]->cell->baseline;
        from = i;
        if (problems % step == 0) cells[kept++] = cells[i];
    }
    return kept < ROWS ? kept : ROWS;
}

static int budget_panel(struct chart *chart, size_t first)
{
    const struct summary *summary = chart->summary;
    const struct cell_summary **cells = calloc(summary->cell_count + 1, sizeof *cells);
    const struct cell *all[ROWS] = {0};
    char title[128], note[192], name[96];
    bool one_problem = true;
    if (!cells) return -ENOMEM;
    size_t count = budget_cells(chart, summary->cells[first].cell, cells);
    for (size_t i = 0; i < count; i++) {
        all[i] = cells[i]->cell;
        one_problem &= cells_same(all[i], all[0], CHART_PROBLEM);
    }
    chart_problem(summary, all[0], note, sizeof note);
    if (!one_problem) snprintf(note, sizeof note, "%u workers", cells[0]->workers);
    bool plain = !strcmp(all[0]->study, "run"); /* the one study of a run with a grid */
    snprintf(title, sizeof title, "%s%s%s", all[0]->label, plain ? "" : ", ", plain ? "" : all[0]->study);
    if (chart_panel(chart, title, note) && chart_block(chart, 1)) {
        chart_say(chart, " %s (%s).", title, note);
        for (size_t i = 0; i < count; i++) {
            name_among(all[i], all, count, name, sizeof name);
            budget_row(chart, (unsigned)i + 1, cells[i], name);
        }
        chart_reach(chart, 1, (double)count);
        if (chart->panel_height < 130 + 17 * count) chart->panel_height = 130 + 17 * (unsigned)count;
    }
    free(cells);
    return 0;
}

int chart_budget(struct chart *chart)
{
    const struct summary *summary = chart->summary;
    int status = 0;
    snprintf(chart->missing, sizeof chart->missing, "no repetition recorded the busy spans of its workers");
    chart->legend = "boxes";
    chart->ringless = true;
    chart->layers = 1;
    chart->columns = 2;
    chart->left = 150;
    for (unsigned t = 0; t < TERMS; t++) chart_series(chart, terms[t], t);
    for (size_t i = 0; i < summary->cell_count && !status; i++) {
        bool seen = !budget_drawn(summary, i);
        for (size_t k = 0; k < i && !seen; k++)
            seen = budget_drawn(summary, k) && cells_same(summary->cells[k].cell, summary->cells[i].cell, CELLS_STUDY | CELLS_KERNEL);
        if (!seen) status = budget_panel(chart, i);
    }
    return status;
}

/* ---- METG ---- */

/* Columns: row, outcome (0 not reached, 1 reached, 2 at most), value, low, high, smallest, largest, label, note, hover.
 */
static void metg_row(struct chart *chart, unsigned row, const struct metg *metg, const char *name)
{
    const struct quantity *g = &metg->granularity_ns;
    double low = isnan(g->low) ? g->median : g->low;
    double high = isnan(g->high) ? g->median : isinf(g->high) ? metg->largest_ns : g->high;
    char note[320];
    if (!metg->reached) snprintf(note, sizeof note, "not reached, best %s", format_share(metg->best_efficiency).text);
    else if (metg->bound) snprintf(note, sizeof note, "%s", format_bound("ns", *g, true).text);
    else snprintf(note, sizeof note, "%s%s", format_time(g->median).text, isnan(g->low) ? " (no interval)" : "");
    int outcome = !metg->reached ? 0 : metg->bound ? 2 : 1;
    chart_row(chart, "%u %d %.9g %.9g %.9g %.9g %.9g ", row, outcome, g->median, low, high,
              metg->smallest_ns, metg->largest_ns);
    format_datum(chart->data, name);
    putc(' ', chart->data);
    format_datum(chart->data, note);
    chart_hover(chart, "%s: %s%s%s", name, note, metg->reached ? ", useful work " : "",
                metg->reached ? format_bound("ns", metg->work_ns, metg->bound).text : "");
    chart_say(chart, " %s: %s.", name, note);
    chart_reach(chart, metg->smallest_ns, row);
    chart_reach(chart, metg->reached ? g->median : metg->largest_ns, row);
    chart_reach(chart, isfinite(g->high) ? g->high : metg->reached ? g->median : NAN, row);
}

static void metg_panel(struct chart *chart, const struct metg *first)
{
    const struct summary *summary = chart->summary;
    const struct metg *rows[ROWS];
    const struct cell *all[ROWS];
    char note[192], name[96];
    size_t count = 0;
    snprintf(note, sizeof note, "smallest granularity p T_p/N with an efficiency of %.3g %%", 100 * first->efficiency);
    if (!chart_panel(chart, first->cell->label, note)) return;
    chart_say(chart, " %s.", first->cell->label);
    for (size_t i = 0; i < summary->metg_count && count < ROWS; i++) {
        const struct metg *metg = &summary->metgs[i];
        if (!cells_same(metg->cell, first->cell, CELLS_KERNEL | CELLS_STUDY)) continue;
        all[count] = metg->cell;
        rows[count++] = metg;
    }
    for (size_t i = 0; i < count; i++) {
        name_among(all[i], all, count, name, sizeof name);
        unsigned hue = lines_hue(summary->run, all[i]->runner);
        if (chart_block(chart, chart_series(chart, all[i]->runner, hue)))
            metg_row(chart, (unsigned)i + 1, rows[i], name);
    }
    if (chart->panel_height < 130 + 22 * count) chart->panel_height = 130 + 22 * (unsigned)count;
}

int chart_metg(struct chart *chart)
{
    const struct summary *summary = chart->summary;
    snprintf(chart->missing, sizeof chart->missing, "no cells differ in the size of their tasks alone");
    chart->legend = "none";
    chart->layers = 1;
    chart->columns = 2;
    chart->left = 150;
    for (size_t i = 0; i < summary->metg_count; i++) {
        const struct metg *metg = &summary->metgs[i];
        bool seen = false;
        for (size_t k = 0; k < i && !seen; k++)
            seen = cells_same(summary->metgs[k].cell, metg->cell, CELLS_KERNEL | CELLS_STUDY);
        if (!seen) metg_panel(chart, metg);
    }
    return 0;
}
