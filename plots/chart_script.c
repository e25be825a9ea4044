/* SPDX-License-Identifier: GPL-3.0-or-later */
/* chart_script.c: a finished chart as a gnuplot script: its caption, its measures, its variables, the template. */
#include "plots/assets.h"
#include "plots/chart.h"
#include "plots/format.h"
#include "plots/table.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const int shapes[] = {7, 5, 9, 13, 11, 15, 8};
enum { LEGEND_LINE = 18, CAPTION_LINE = 15, CAPTION_COLUMNS = 176 };

/* How to read it, where it was measured, what to doubt. */
static void write_caption(const struct chart *chart, FILE *out)
{
    const struct facts *facts = chart->facts;
    char machine[600];
    facts_machine(facts, machine, sizeof machine);
    if (facts->simulated) fputs("SIMULATED, not measured. ", out);
    fputs(chart->figure->reading, out);
    if (chart->n_high) {
        if (chart->n_low == chart->n_high) fprintf(out, " Medians of n = %zu repetitions", chart->n_low);
        else fprintf(out, " Medians of n = %zu to %zu repetitions", chart->n_low, chart->n_high);
        fprintf(out, " with the 95 %% interval from ranks%s.", chart->bare ? ", none below n = 6" : "");
    }
    const char *lie = chart->beyond == 1 ? " lies" : "s lie";
    if (chart->beyond) fprintf(out, " %zu single repetition%s above the figure.", chart->beyond, lie);
    fprintf(out, " %s %s.", facts->simulated ? "Machine:" : "Measured on", machine);
    if (chart->placements[0]) fprintf(out, " Placement: %s.", chart->placements);
    if (chart->suspect)
        fprintf(out, " %s repetitions are suspect (%s).", chart->ringless ? "Some" : "Red rings: some",
                facts->suspicion);
    if (!facts->complete) fputs(" The run is incomplete.", out);
    if (chart->left_out) fprintf(out, " %u more panels are in the tables only.", chart->left_out);
}

char *chart_caption(const struct chart *chart, unsigned width)
{
    char *whole = NULL, *broken = NULL;
    size_t size;
    FILE *out = open_memstream(&whole, &size);
    if (out) write_caption(chart, out);
    bool good = out && !fclose(out) && (out = open_memstream(&broken, &size));
    if (good) table_wrap(out, whole, width, 0);
    if (good && !fclose(out)) broken[size - 1] = '\0'; /* the last newline */
    free(whole);
    return broken;
}

static unsigned columns_of(const struct chart *chart)
{
    if (chart->columns) return chart->columns < chart->panels ? chart->columns : chart->panels;
    return chart->panels < 2 ? 1 : chart->panels == 2 || chart->panels == 4 ? 2 : 3;
}

static unsigned panel_height(const struct chart *chart)
{
    if (chart->panel_height) return chart->panel_height;
    return columns_of(chart) == 1 ? 440 : columns_of(chart) == 2 ? 340 : 280;
}

static unsigned legend_columns(const struct chart *chart)
{
    size_t longest = 1;
    for (unsigned s = 0; s < chart->series; s++)
        if (format_columns(chart->one[s].name) > longest) longest = format_columns(chart->one[s].name);
    if (chart->bound && format_columns(chart->bound) > longest) longest = format_columns(chart->bound);
    size_t columns = (CHART_WIDTH - 40) / (longest * 7 + 60);
    return columns < 1 ? 1 : (unsigned)columns;
}

unsigned chart_top(const struct chart *chart)
{
    unsigned entries = chart->series + (chart->bound != NULL), columns = legend_columns(chart);
    if (!entries || !strcmp(chart->legend, "none")) return 36;
    return 44 + LEGEND_LINE * ((entries + columns - 1) / columns);
}

static unsigned caption_lines(const struct chart *chart)
{
    char *text = chart_caption(chart, CAPTION_COLUMNS);
    unsigned lines = 0;
    for (const char *at = text; at; at = strchr(at + 1, '\n')) lines++;
    free(text);
    return lines;
}

unsigned chart_bottom(const struct chart *chart)
{
    return caption_lines(chart) * CAPTION_LINE + 34; /* below it: gnuplot's button in an SVG with a mouse */
}

unsigned chart_height(const struct chart *chart)
{
    unsigned columns = columns_of(chart);
    return chart_top(chart) + (chart->panels + columns - 1) / columns * panel_height(chart) + chart_bottom(chart);
}

static void text_variable(FILE *out, const char *name, const char *text)
{
    fprintf(out, "%s = ", name);
    format_gnuplot(out, text);
    putc('\n', out);
}

#define ARRAY(out, count, name, format, value)                                                                         \
    do {                                                                                                               \
        fprintf(out, "array %s[%u] = [", name, (count) ? (count) : 1);                                                 \
        for (unsigned at = 0; at < (count); at++) fprintf(out, "%s" format, at ? ", " : "", value);                    \
        fputs((count) ? "]\n" : "1]\n", out);                                                                          \
    } while (0)

/* Titles are set in bold, which gnuplot's SVG knows in enhanced text alone: what is special there is escaped. */
static void enhanced_text(FILE *out, const char *text)
{
    char escaped[256];
    size_t used = 0;
    for (; *text && used < sizeof escaped - 2; text++) {
        if (strchr("_^{}@&~\\", *text)) escaped[used++] = '\\';
        escaped[used++] = *text;
    }
    escaped[used] = 0;
    format_gnuplot(out, escaped);
}

static void text_array(FILE *out, const char *name, unsigned count, const char *first, size_t stride,
                       void (*write)(FILE *, const char *))
{
    fprintf(out, "array %s[%u] = [", name, count ? count : 1);
    for (unsigned i = 0; i < count; i++) {
        fputs(i ? ", " : "", out);
        write(out, first + i * stride);
    }
    fputs(count ? "]\n" : "'']\n", out);
}

static void caption_array(const struct chart *chart, FILE *out)
{
    unsigned lines = caption_lines(chart);
    char *text = chart_caption(chart, CAPTION_COLUMNS), *rest = text;
    fprintf(out, "CAPTIONS = %u\narray CAPTION[%u] = [", lines, lines);
    for (char *line; (line = strsep(&rest, "\n"));) {
        format_gnuplot(out, line);
        if (rest) fputs(", ", out);
    }
    fputs("]\n", out);
    free(text);
}

static void write_steps(const struct chart *chart, FILE *out)
{
    const struct facts *facts = chart->facts;
    struct {
        double at;
        char name[32];
    } steps[4];
    unsigned count = 0;
    unsigned node =
        facts->numa_nodes > 1 && facts->cores % facts->numa_nodes == 0 ? facts->cores / facts->numa_nodes : 0;
    if (node > 1) steps[count].at = node, snprintf(steps[count++].name, 32, "node");
    if (facts->cores > 0 && facts->cores < facts->cpus)
        steps[count].at = facts->cores, snprintf(steps[count++].name, 32, "cores");
    if (facts->cpus > 0) steps[count].at = facts->cpus, snprintf(steps[count++].name, 32, "cpus");
    if (facts->quota_cpus > 0) steps[count].at = facts->quota_cpus, snprintf(steps[count++].name, 32, "quota");
    fprintf(out, "STEPS = %u\n", count);
    ARRAY(out, count, "STEP_AT", "%g", steps[at].at);
    text_array(out, "STEP_NAME", count, steps[0].name, sizeof steps[0], format_gnuplot);
}

/* The blocks with marks, panel by panel: MARK[MARK_FIRST[k]..MARK_LAST[k]]. */
static void write_marks(const struct chart *chart, FILE *out)
{
    unsigned marks[CHART_BLOCKS + 1], count = 0, last[CHART_PANELS];
    for (unsigned p = 0; p < chart->panels; p++) {
        for (unsigned b = chart->panel[p].first; b <= chart->panel[p].last; b++)
            if (chart->marked[b - 1]) marks[count++] = b;
        last[p] = count;
    }
    marks[count] = 1; /* gnuplot evaluates the body of an empty loop once */
    ARRAY(out, count + 1, "MARK", "%u", marks[at]);
    ARRAY(out, chart->panels, "MARK_FIRST", "%u", at ? last[at - 1] + 1 : 1);
    ARRAY(out, chart->panels, "MARK_LAST", "%u", last[at]);
}

static void write_variables(const struct chart *chart, FILE *out)
{
    unsigned columns = columns_of(chart);
    text_variable(out, "NAME", chart->figure->name);
    text_variable(out, "TITLE", chart->figure->title);
    fprintf(out, "DATA = NAME.'.dat'\nWIDTH = %d; HEIGHT = %u; TOP = %u; BOTTOM = %u\n", CHART_WIDTH,
            chart_height(chart), chart_top(chart), chart_bottom(chart));
    fprintf(out, "COLUMNS = %u; PANEL_WIDTH = %u; PANEL_HEIGHT = %u; LEFT = %u\n", columns, CHART_WIDTH / columns,
            panel_height(chart), chart->left ? chart->left : 76);
    caption_array(chart, out);
    fprintf(out, "PANELS = %u\n", chart->panels);
    text_array(out, "PANEL_TITLE", chart->panels, chart->panel[0].title, sizeof chart->panel[0], enhanced_text);
    text_array(out, "PANEL_NOTE", chart->panels, chart->panel[0].note, sizeof chart->panel[0], format_gnuplot);
    ARRAY(out, chart->panels, "FIRST", "%u", chart->panel[at].first);
    ARRAY(out, chart->panels, "LAST", "%u", chart->panel[at].last);
    ARRAY(out, chart->panels, "X_LOW", "%g", isinf(chart->panel[at].x_low) ? 1 : chart->panel[at].x_low);
    ARRAY(out, chart->panels, "X_HIGH", "%g", chart->panel[at].x_high > 0 ? chart->panel[at].x_high : 1);
    ARRAY(out, chart->panels, "Y_LOW", "%g", isinf(chart->panel[at].y_low) ? 1 : chart->panel[at].y_low);
    ARRAY(out, chart->panels, "Y_HIGH", "%g", chart->panel[at].y_high > 0 ? chart->panel[at].y_high : 1);
    fprintf(out, "LAYERS = %u\n# the series of each block of NAME.dat\n", chart->layers);
    ARRAY(out, chart->blocks, "SERIES_OF", "%u", chart->block[at]);
    write_marks(chart, out);
    fprintf(out, "SERIES = %u; LEGEND = '%s'; LEGEND_COLUMNS = %u\n", chart->series, chart->legend,
            legend_columns(chart));
    text_array(out, "SERIES_NAME", chart->series, chart->one[0].name, sizeof chart->one[0], format_gnuplot);
    text_variable(out, "BOUND_NAME", chart->bound ? chart->bound : "");
}

static void write_series(const struct chart *chart, FILE *out)
{
    fputs("# colour by runner, dash and shape by variant\n", out);
    for (unsigned s = 0; s < chart->series; s++)
        fprintf(out, "set linetype %u lc rgb '#%06x' dt %u pt %d lw 2 ps 0.7\n", s + 1, chart_colour(chart, s + 1),
                1 + (chart->one[s].hue / CHART_HUES + chart->one[s].variant) % 5,
                shapes[(chart->one[s].hue + 2 * chart->one[s].variant) % CHART_HUES]);
    ARRAY(out, chart->series, "TINT", "'#a0%06x'", chart_colour(chart, at + 1));
}

/* The text of an asset; a line `#include "NAME.gp"` becomes that asset. */
static void write_template(const char *text, FILE *out)
{
    static const struct {
        const char *line, *text;
    } parts[] = {{"#include \"frame.gp\"\n", asset_frame},
                 {"#include \"panel.gp\"\n", asset_panel},
                 {"#include \"curves.gp\"\n", asset_curves},
                 {"#include \"workers.gp\"\n", asset_workers},
                 {"#include \"steps.gp\"\n", asset_steps},
                 {"#include \"tics.gp\"\n", asset_tics}};
    while (*text) {
        const char *end = strchrnul(text, '\n');
        size_t length = (size_t)(end - text) + (*end != 0), p;
        for (p = 0; p < sizeof parts / sizeof *parts; p++)
            if (!strncmp(text, parts[p].line, length)) break;
        if (p < sizeof parts / sizeof *parts) write_template(parts[p].text, out);
        else fwrite(text, 1, length, out);
        text += length;
    }
}

void chart_script(const struct chart *chart, const char *template, FILE *out)
{
    const char *name = chart->figure->name;
    fprintf(out, "# %s.gp: draws %s.svg and %s.png from %s.dat: run `gnuplot %s.gp` in this folder.\n", name, name,
            name, name, name);
    write_variables(chart, out);
    write_steps(chart, out);
    fwrite(chart->variables_text, 1, chart->variables_size, out);
    putc('\n', out);
    fputs(asset_style, out);
    write_series(chart, out);
    putc('\n', out);
    write_template(template, out);
}
