/* SPDX-License-Identifier: GPL-3.0-or-later */
/* curves.c: the figures with one curve a runner and one panel a problem: against workers, task size, chunk. */
#include "plots/chart.h"
#include "plots/format.h"
#include "results/models/summary_parts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool is_linear(enum quantity_id y)
{
    return y == QUANTITY_efficiency || y == QUANTITY_karp_flatt;
}

static void hover(struct chart *chart, const struct line *line, const struct cell_summary *cell, enum line_axis axis,
                  enum quantity_id y)
{
    char where[64], shape[32] = "";
    if (cell->cell->processes > 1 && cell->cell->threads > 1)
        snprintf(shape, sizeof shape, " (%u x %u)", cell->cell->processes, cell->cell->threads);
    if (axis == LINE_GRANULARITY)
        snprintf(where, sizeof where, "tasks of %.40s", format_time(lines_place(cell, axis)).text);
    else if (axis == LINE_CHUNK) snprintf(where, sizeof where, "chunk %.40s", format_count(cell->cell->chunk).text);
    else snprintf(where, sizeof where, "%u worker%s%s", cell->workers, cell->workers == 1 ? "" : "s", shape);
    chart_hover(chart, "%s, %s: %s, n = %zu%s%s", line->name, where,
                format_quantity(quantity_kinds[y].unit, cell->quantity[y]).text, cell->quantity[y].n,
                cell->suspects ? ", suspect: " : "", cell->suspects ? cell->suspect : "");
}

static void medians(struct chart *chart, const struct line *line, enum line_axis axis, enum quantity_id y)
{
    for (size_t i = 0; i < line->count; i++) {
        const struct cell_summary *cell = line->cells[i];
        const struct quantity *q = &cell->quantity[y];
        double x = lines_place(cell, axis);
        if (!isfinite(q->median) || !isfinite(x)) continue;
        chart_row(chart, "%.9g %.9g %.9g %.9g %d", x, q->median, q->low, q->high, cell->suspects > 0);
        hover(chart, line, cell, axis, y);
        chart_reach(chart, x, q->median);
        chart_reach(chart, x, q->low);
        chart_reach(chart, x, q->high);
        chart_cell(chart, cell, y);
    }
}

static void repetitions(struct chart *chart, const struct line *line, enum line_axis axis, enum quantity_id y)
{
    double values[CHART_POINTS];
    for (size_t i = 0; i < line->count; i++) {
        size_t n = parts_points(chart->summary, line->cells[i]->cell, y, values, CHART_POINTS);
        for (size_t k = 0; k < n; k++) {
            chart_row(chart, "%.9g %.9g\n", lines_place(line->cells[i], axis), values[k]);
            if (is_linear(y)) chart_reach_single(chart, lines_place(line->cells[i], axis), values[k]);
            else chart_reach(chart, lines_place(line->cells[i], axis), values[k]);
        }
    }
}

/* Where the curve crosses 50 %: x, y, low, high; open ends are drawn to the end of what was measured. */
static void metg_marks(struct chart *chart, const struct line *line)
{
    const struct summary *summary = chart->summary;
    for (size_t i = 0; i < summary->metg_count; i++) {
        const struct metg *metg = &summary->metgs[i];
        const struct quantity *work = &metg->work_ns;
        if (!cells_same(metg->cell, line->first, CELLS_ALL & ~(CELLS_ANY_SIZE | CELLS_TASKS | CELLS_NODES))) continue;
        if (!metg->reached) {
            chart_say(chart, " %s does not reach %s there.", line->name, format_share(metg->efficiency).text);
            continue;
        }
        chart->marked[chart->blocks - 1] = true;
        chart_row(chart, "%.9g %.9g %.9g %.9g", work->median, metg->efficiency,
                  isnan(work->low) ? work->median : work->low,
                  isnan(work->low)    ? work->median
                  : isinf(work->high) ? metg->largest_ns
                                      : work->high);
        chart_hover(chart, "%s: %s at %s of work per task", line->name, format_share(metg->efficiency).text,
                    format_bound("ns", *work, metg->bound).text);
        chart_say(chart, " %s reaches %s at %s.", line->name, format_share(metg->efficiency).text,
                  format_bound("ns", *work, metg->bound).text);
    }
}

/* The fitted serial fraction, as far as the fit's points go. */
static void amdahl_marks(struct chart *chart, const struct line *line)
{
    const struct summary *summary = chart->summary;
    for (size_t i = 0; i < summary->scaling_count; i++) {
        const struct scaling *scaling = &summary->scalings[i];
        if (!cells_same(scaling->cell, line->first, CELLS_ALL & ~(CELLS_WORKERS | CELLS_NODES)) || !scaling->amdahl.n)
            continue;
        chart_row(chart, "2 %.9g\n%u %.9g\n", scaling->amdahl.fraction, scaling->fit_max_workers,
                  scaling->amdahl.fraction);
        chart_say(chart, " The fraction fitted to %s is %s.", line->name, format_number(scaling->amdahl.fraction).text);
    }
}

/* The fitted model of the runner along this line, as far as its cells go. */
static void model_marks(struct chart *chart, const struct line *line)
{
    const struct summary *summary = chart->summary;
    struct pool_cell found[CHART_POINTS];
    size_t count = 0;
    double error = NAN;
    for (size_t m = 0; m < line->count; m++)
        for (size_t i = 0; i < summary->pool_count; i++)
            for (size_t k = 0; k < summary->pools[i].count && count < CHART_POINTS; k++)
                if (line->cells[m] == summary->pools[i].cells[k].cell &&
                    isfinite(summary->pools[i].cells[k].predicted_ns)) {
                    found[count++] = summary->pools[i].cells[k];
                    error = summary->pools[i].fit.error;
                }
    if (count < 2) return;
    for (size_t i = 0; i < count; i++)
        chart_row(chart, "%.9g %.9g\n", (double)found[i].cell->cell->chunk, found[i].predicted_ns);
    chart_say(chart, " The model fitted to %s (pale line) is off by %s in the root mean square.", line->name,
              format_share(error).text);
}

static void describe(struct chart *chart, const struct line *line, enum line_axis axis, enum quantity_id y)
{
    const struct cell_summary *from = line->cells[0], *to = line->cells[line->count - 1];
    const char *unit = quantity_kinds[y].unit;
    if (axis == LINE_GRANULARITY)
        chart_say(chart, " %s: %s with tasks of %s, %s with tasks of %s.", line->name,
                  format_value(unit, from->quantity[y].median).text, format_time(lines_place(from, axis)).text,
                  format_value(unit, to->quantity[y].median).text, format_time(lines_place(to, axis)).text);
    else
        chart_say(chart, " %s: %s at %.0f, %s at %.0f %s.", line->name,
                  format_value(unit, from->quantity[y].median).text, lines_place(from, axis),
                  format_value(unit, to->quantity[y].median).text, lines_place(to, axis),
                  axis == LINE_CHUNK ? "tasks a chunk" : "workers");
}

/* What tells a panel from others of the same kernel: its study, or the size in one study; "" where there are none. */
static void tell_apart(const struct lines *lines, const struct line *line, char *out, size_t size)
{
    bool study = false, sizes = false;
    for (size_t i = 0; i < lines->count; i++) {
        const struct cell *other = lines->lines[i].first;
        if (lines->lines[i].panel == line->panel || strcmp(other->label, line->first->label)) continue;
        study |= strcmp(other->study, line->first->study) != 0;
        sizes |= !strcmp(other->study, line->first->study) && other->size != line->first->size;
    }
    *out = '\0';
    if (study) snprintf(out, size, ", %s", line->first->study);
    else if (sizes && line->first->task_time_ns)
        snprintf(out, size, ", %s", format_asked(line->first->task_time_ns).text);
    else if (sizes) snprintf(out, size, ", size %s", format_count(line->first->size).text);
}

static bool open_panel(struct chart *chart, const struct lines *lines, const struct line *line, enum line_axis axis)
{
    char title[192], note[192], apart[128];
    chart_problem(chart->summary, line->first, note, sizeof note);
    tell_apart(lines, line, apart, sizeof apart);
    if (axis == LINE_GRANULARITY) snprintf(note, sizeof note, "%u workers", line->cells[0]->workers);
    if (axis == LINE_CHUNK) text_add(note, sizeof note, ", p = %u", line->cells[0]->workers);
    snprintf(title, sizeof title, "%s%s", line->first->label, apart);
    if (!chart_panel(chart, title, note)) return false;
    chart_say(chart, " %s (%s).", title, note);
    return true;
}

/* Has it a point that can be drawn? On a logarithmic axis that takes a value above zero. */
static bool drawable(const struct line *line, enum line_axis axis, enum quantity_id y)
{
    for (size_t i = 0; i < line->count; i++) {
        double value = line->cells[i]->quantity[y].median;
        if (isfinite(value) && isfinite(lines_place(line->cells[i], axis)) && (is_linear(y) || value > 0)) return true;
    }
    return false;
}

/* The largest team of a panel's lines; of all lines with ~0u. */
static unsigned most_workers(const struct lines *lines, unsigned panel)
{
    unsigned most = 0;
    for (size_t i = 0; i < lines->count; i++)
        for (size_t k = 0; k < lines->lines[i].count; k++)
            if ((panel == ~0u || lines->lines[i].panel == panel) && lines->lines[i].cells[k]->workers > most)
                most = lines->lines[i].cells[k]->workers;
    return most;
}

/* Of what starting workers costs, only the panels with the largest team of all. */
static int draw_lines(struct chart *chart, enum line_axis axis)
{
    enum quantity_id y = chart->figure->y;
    struct lines lines;
    unsigned panel = ~0u;
    bool drawn = false;
    int status = lines_make(chart->summary, axis, &lines);
    if (status) return status;
    for (size_t i = 0; i < lines.count; i++) {
        const struct line *line = &lines.lines[i];
        if (!drawable(line, axis, y)) continue;
        if (y == QUANTITY_start_ns && most_workers(&lines, line->panel) < most_workers(&lines, ~0u)) continue;
        if (line->panel != panel) drawn = open_panel(chart, &lines, line, axis);
        panel = line->panel;
        if (!drawn || !chart_block(chart, chart_series(chart, line->name, line->hue))) continue;
        medians(chart, line, axis, y);
        chart_layer(chart);
        repetitions(chart, line, axis, y);
        chart_layer(chart);
        describe(chart, line, axis, y);
        if (axis == LINE_GRANULARITY && y == QUANTITY_efficiency) metg_marks(chart, line);
        if (y == QUANTITY_karp_flatt) amdahl_marks(chart, line);
        if (axis == LINE_CHUNK) model_marks(chart, line);
    }
    lines_free(&lines);
    return 0;
}

int chart_workers(struct chart *chart)
{
    snprintf(chart->missing, sizeof chart->missing, "no runner was measured with more than one number of workers");
    return draw_lines(chart, LINE_WORKERS);
}

/* One number a panel: of its first line. */
static int panel_array(struct chart *chart, enum line_axis axis, const char *name,
                       double (*value)(const struct line *))
{
    struct lines lines;
    unsigned panel = ~0u, count = 0;
    int status = lines_make(chart->summary, axis, &lines);
    if (status) return status;
    fprintf(chart->variables, "array %s[%u] = [", name, chart->panels ? chart->panels : 1);
    for (size_t i = 0; i < lines.count && count < CHART_PANELS; i++) {
        if (lines.lines[i].panel == panel) continue;
        panel = lines.lines[i].panel;
        fprintf(chart->variables, "%s%.9g", count++ ? ", " : "", value(&lines.lines[i]));
    }
    fputs("]\n", chart->variables);
    lines_free(&lines);
    return 0;
}

static double line_serial_ns(const struct line *line)
{
    return line->cells[0]->quantity[QUANTITY_serial_ns].median;
}

static double line_tasks(const struct line *line)
{
    return (double)line->first->tasks;
}

static double line_workers(const struct line *line)
{
    return line->cells[0]->workers;
}

int chart_time(struct chart *chart)
{
    int status = chart_workers(chart);
    return status ? status : panel_array(chart, LINE_WORKERS, "SERIAL_NS", line_serial_ns);
}

int chart_granularity(struct chart *chart)
{
    snprintf(chart->missing, sizeof chart->missing, "no cells differ in the size of their tasks alone");
    return draw_lines(chart, LINE_GRANULARITY);
}

int chart_overhead(struct chart *chart)
{
    int status = draw_lines(chart, LINE_GRANULARITY);
    fprintf(chart->variables, "BY_TASK = %d\n", chart->panels > 0);
    return status || chart->panels ? status : chart_workers(chart);
}

int chart_chunk(struct chart *chart)
{
    snprintf(chart->missing, sizeof chart->missing, "no cells differ in their chunk alone");
    int status = draw_lines(chart, LINE_CHUNK);
    if (!status) status = panel_array(chart, LINE_CHUNK, "TASKS", line_tasks);
    return status ? status : panel_array(chart, LINE_CHUNK, "WORKERS", line_workers);
}
