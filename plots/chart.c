/* SPDX-License-Identifier: GPL-3.0-or-later */
/* chart.c: a figure in the making: its panels, blocks and rows. How it becomes a script is in chart_script.c. */
#include "plots/chart.h"
#include "plots/format.h"
#include "results/models/summary_parts.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* Okabe and Ito's colours in an order that starts with the strongest; those below 3:1 on white are darkened. */
static const unsigned hues[CHART_HUES] = {0x0072b2, 0xc85200, 0x00805c, 0xb0568a, 0x2f8fc4, 0xa87300, 0x4d4d4d};

unsigned chart_colour(const struct chart *chart, unsigned series)
{
    const struct chart_series *one = &chart->one[series - 1];
    return hues[one->hue % CHART_HUES] ^ ((one->variant + one->hue / CHART_HUES) & 0xf);
}

int chart_open(struct chart *chart, const struct figure *figure, const struct summary *summary,
               const struct facts *facts)
{
    *chart = (struct chart){.figure = figure, .summary = summary, .facts = facts, .layers = 3, .legend = "lines",
                            .bound = figure->bound};
    chart->data = open_memstream(&chart->data_text, &chart->data_size);
    chart->variables = open_memstream(&chart->variables_text, &chart->variables_size);
    chart->alternative = open_memstream(&chart->alternative_text, &chart->alternative_size);
    if (chart->data && chart->variables && chart->alternative) return 0;
    chart_close(chart);
    return -ENOMEM;
}

void chart_close(struct chart *chart)
{
    if (chart->data) fclose(chart->data);
    if (chart->variables) fclose(chart->variables);
    if (chart->alternative) fclose(chart->alternative);
    free(chart->data_text);
    free(chart->variables_text);
    free(chart->alternative_text);
    free(chart->singles);
    *chart = (struct chart){0};
}

/* gnuplot does not count an empty block: an empty layer gets a row that is never drawn */
static void end_layer(struct chart *chart)
{
    if (!chart->filled) fputs("NaN NaN NaN NaN NaN NaN NaN NaN NaN NaN\n", chart->data);
}

static void widen(struct chart_panel *panel, double x, double y)
{
    if (x > 0 && isfinite(x)) panel->x_low = fmin(panel->x_low, x), panel->x_high = fmax(panel->x_high, x);
    if (y > 0 && isfinite(y)) panel->y_low = fmin(panel->y_low, y), panel->y_high = fmax(panel->y_high, y);
}

static void reach_singles(struct chart *chart)
{
    double limit[CHART_PANELS] = {0};
    for (unsigned p = 0; p < chart->panels; p++) limit[p] = 2 * chart->panel[p].y_high;
    for (size_t i = 0; i < chart->single_count; i++) {
        const struct chart_single *single = &chart->singles[i];
        if (single->y > limit[single->panel]) chart->beyond++;
        else widen(&chart->panel[single->panel], single->x, single->y);
    }
}

int chart_end(struct chart *chart)
{
    reach_singles(chart);
    if (chart->blocks) end_layer(chart);
    return fflush(chart->data) || fflush(chart->variables) || fflush(chart->alternative) ? -ENOMEM : 0;
}

bool chart_panel(struct chart *chart, const char *title, const char *note)
{
    if (chart->panels == CHART_PANELS) {
        chart->left_out++;
        return false;
    }
    struct chart_panel *panel = &chart->panel[chart->panels++];
    *panel = (struct chart_panel){.first = chart->blocks + 1, .last = chart->blocks};
    panel->x_low = panel->y_low = INFINITY;
    format_clean(panel->title, sizeof panel->title, title);
    format_clean(panel->note, sizeof panel->note, note);
    return true;
}

unsigned chart_series(struct chart *chart, const char *name, unsigned hue)
{
    unsigned variant = 0, s;
    char clean[sizeof chart->one->name];
    format_clean(clean, sizeof clean, name);
    for (s = 0; s < chart->series; s++) {
        if (!strcmp(chart->one[s].name, clean)) return s + 1;
        variant += chart->one[s].hue == hue;
    }
    if (s == CHART_SERIES) return CHART_SERIES;
    memcpy(chart->one[s].name, clean, sizeof clean);
    chart->one[s].hue = hue;
    chart->one[s].variant = variant;
    return ++chart->series;
}

static void start_layer(struct chart *chart, const char *what)
{
    struct chart_series *series = &chart->one[chart->block[chart->blocks - 1] - 1];
    fprintf(chart->data, "%s# %s | %s%s\n", chart->blocks > 1 || what[0] ? "\n\n" : "",
            chart->panel[chart->panels - 1].title, series->name, what);
    chart->filled = false;
}

bool chart_block(struct chart *chart, unsigned series)
{
    if (chart->blocks == CHART_BLOCKS) return false;
    if (chart->blocks) end_layer(chart);
    chart->block[chart->blocks++] = series;
    chart->panel[chart->panels - 1].last = chart->blocks;
    start_layer(chart, "");
    return true;
}

void chart_layer(struct chart *chart)
{
    end_layer(chart);
    start_layer(chart, ", next layer");
}

void chart_reach(struct chart *chart, double x, double y)
{
    widen(&chart->panel[chart->panels - 1], x, y);
}

void chart_reach_single(struct chart *chart, double x, double y)
{
    struct chart_single *single = parts_append(&chart->singles, &chart->single_count, sizeof *single);
    if (single) *single = (struct chart_single){chart->panels - 1, x, y}; /* else its dot may lie outside */
}

void chart_row(struct chart *chart, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    chart->filled = true;
    vfprintf(chart->data, format, list);
    va_end(list);
}

void chart_hover(struct chart *chart, const char *format, ...)
{
    char text[512];
    va_list list;
    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    putc(' ', chart->data);
    format_datum(chart->data, text);
    putc('\n', chart->data);
}

void chart_say(struct chart *chart, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    vfprintf(chart->alternative, format, list);
    va_end(list);
}

void chart_cell(struct chart *chart, const struct cell_summary *cell, enum quantity_id id)
{
    const char *placement = cell->cell->placement[0] ? cell->cell->placement : "none";
    size_t n = cell->quantity[id].n;
    if (n && (!chart->n_low || n < chart->n_low)) chart->n_low = n;
    if (n > chart->n_high) chart->n_high = n;
    chart->suspect |= cell->suspects > 0;
    chart->bare |= n > 0 && isnan(cell->quantity[id].low);
    if (!strstr(chart->placements, placement))
        text_add(chart->placements, sizeof chart->placements, "%s%s", *chart->placements ? ", " : "", placement);
}

void chart_problem(const struct summary *summary, const struct cell *cell, char *out, size_t size)
{
    const struct cell_summary *serial = &summary->cells[cell->baseline];
    double task_ns = serial->quantity[QUANTITY_task_ns].median, serial_ns = serial->quantity[QUANTITY_wall_ns].median;
    snprintf(out, size, "%s task%s", format_count(cell->tasks).text, cell->tasks == 1 ? "" : "s");
    if (isfinite(task_ns)) text_add(out, size, " of %s", format_time(task_ns).text);
    if (isfinite(serial_ns)) text_add(out, size, ", T_s = %s", format_time(serial_ns).text);
}
