/* SPDX-License-Identifier: GPL-3.0-or-later */
/* chart.h: one figure in the making: panels, series, blocks of numbers, and what the caption says.
 *
 * A figure's file NAME.dat holds its blocks one after another; NAME.gp starts with the variables that the template
 * plots/NAME.gp reads (see style.gp and frame.gp), then style.gp, then the template.
 *
 *     if (chart_panel(chart, "spin", "4096 tasks of 10 us")) {
 *         unsigned series = chart_series(chart, "forkpool", hue);
 *         chart_block(chart, series);
 *         chart_row(chart, "%g %g", x, y);  chart_hover(chart, "%s at %u", ...);
 *         chart_layer(chart);  chart_row(chart, "%g %g\n", x, one);
 *     }
 */
#ifndef BREAKEVEN_CHART_H
#define BREAKEVEN_CHART_H

#include "plots/facts.h"
#include "plots/plots.h"

enum { CHART_PANELS = 12, CHART_SERIES = 16, CHART_BLOCKS = 192, CHART_POINTS = 40, CHART_WIDTH = 960 };

struct chart {
    const struct figure *figure;
    const struct summary *summary;
    const struct facts *facts;
    unsigned panels, series, blocks, left_out; /* left_out: panels beyond CHART_PANELS */
    struct chart_panel {
        char title[96], note[192];
        unsigned first, last;                /* its blocks, from 1 as gnuplot counts; last < first: none */
        double x_low, x_high, y_low, y_high; /* of what is drawn; for tics */
    } panel[CHART_PANELS];
    struct chart_series {
        char name[96];
        unsigned hue, variant; /* colour; dash and point shape among series of one colour */
    } one[CHART_SERIES];
    unsigned block[CHART_BLOCKS]; /* the series of each block, from 1 */
    bool marked[CHART_BLOCKS];    /* its third layer has rows (gnuplot 5.4 crashes on a plot of labels without any) */
    unsigned columns, panel_height, left; /* left: a panel's left margin in px; 0: chosen by the number of panels */
    unsigned layers;                      /* of a block; 3 unless set */
    const char *legend;                   /* "lines" or "boxes" */
    const char *bound;                    /* legend of the grey line of what is possible; NULL: none */
    FILE *data, *variables, *alternative; /* blocks; further gnuplot lines; sentences for those who cannot see it */
    char *data_text, *variables_text, *alternative_text;
    size_t data_size, variables_size, alternative_size;
    char missing[480];    /* why there is nothing to draw */
    char placements[128]; /* of the cells drawn, for the caption */
    size_t n_low, n_high; /* repetitions a point */
    bool filled;          /* the newest layer has rows */
    bool ringless;        /* the figure has no rings for suspect points */
    struct chart_single { /* as told to chart_reach_single */
        unsigned panel;
        double x, y;
    } * singles; /* owned */
    size_t single_count, beyond;
    bool suspect, bare;   /* a drawn cell has suspect repetitions; a point has no interval */
};

int chart_open(struct chart *, const struct figure *, const struct summary *, const struct facts *);
int chart_end(struct chart *);    /* after the last row, before anything is read from it; 0 or -ENOMEM */
void chart_close(struct chart *); /* frees; accepts a zeroed chart */

/* Starts the next panel; false where the figure is full (counted in left_out). */
bool chart_panel(struct chart *, const char *title, const char *note);
unsigned chart_series(struct chart *, const char *name, unsigned hue); /* finds or adds; its number from 1 */
/* Starts a block of the newest panel; false where full. A block has as many layers as the figure's template reads
 * (medians, single repetitions, marks: gnuplot's index LAYERS*(b-1)+layer); chart_layer ends one and starts the next.
 */
bool chart_block(struct chart *, unsigned series);
void chart_layer(struct chart *);
void chart_reach(struct chart *, double x, double y); /* widens the panel's range; NAN and values <= 0 do not */
/* Of one repetition on a linear axis: widens it only up to twice what chart_reach was told, since one that was disturbed would
 * press all others flat; the caption counts those that lie beyond. */
void chart_reach_single(struct chart *, double x, double y);
void chart_row(struct chart *, const char *format, ...)
    __attribute__((format(printf, 2, 3))); /* a row or part of one */
void chart_hover(struct chart *, const char *format, ...)
    __attribute__((format(printf, 2, 3))); /* last column, ends it */
void chart_say(struct chart *, const char *format, ...) __attribute__((format(printf, 2, 3)));
void chart_cell(struct chart *, const struct cell_summary *, enum quantity_id); /* notes what the caption must tell */

/* "4096 tasks of 10.0 us, T_s = 41.2 ms": what a panel's cells share. */
void chart_problem(const struct summary *, const struct cell *, char *out, size_t size);
enum { CHART_PROBLEM = CELLS_STUDY | CELLS_KERNEL | CELLS_SIZE | CELLS_TASK_TIME | CELLS_TASKS }; /* they share it */

/* The whole NAME.gp, or with asset_text a script for its curves in characters, printed to standard output. */
void chart_script(const struct chart *, const char *template, FILE *);
/* The caption, its lines of at most `width` columns (0: one line) parted by newlines; malloc'ed. NULL: no memory. */
char *chart_caption(const struct chart *, unsigned width);
unsigned chart_top(const struct chart *), chart_bottom(const struct chart *),
    chart_height(const struct chart *); /* px */

/* Writes dir/plots/NAME.svg as an <svg> element: without gnuplot's scripts, title, legend and caption (the page has its
 * own), identifiers made unique by the figure's name, colours as the page's variables (so that they follow light and
 * dark), data-s on what belongs to a series (its number), data-tip on what has a value to show. role="img", described
 * by the elements fig-NAME-title and fig-NAME-text. 0 or -errno, having written nothing where there is no such file. */
int svg_inline(const struct chart *, const char *dir, FILE *out);

/* The colour of series 1.. as 0xrrggbb: its hue's, told from others of that hue by the last bits alone, so that a
 * colour in an SVG names its series. */
unsigned chart_colour(const struct chart *, unsigned series);
enum { CHART_HUES = 7 };

/* Which cells belong on one curve: those that differ in one thing alone. Grouping only; no numbers are made. */
enum line_axis {
    LINE_WORKERS,     /* processes and threads differ */
    LINE_GRANULARITY, /* size, tasks and task time differ */
    LINE_CHUNK,       /* chunk differs; the runner's default (0) is left out */
    LINE_PLACEMENT,
    LINE_SHAPE, /* processes and threads of a runner that has both */
};

struct line {
    const struct cell *first;          /* stands for what all its cells share */
    const struct cell_summary **cells; /* at least two, ordered along the axis; each measured, with a baseline */
    size_t count;
    unsigned panel;  /* lines of one panel share study, kernel and problem; panels count from 0 */
    char name[96];   /* "forkpool", "openmp guided": what tells it from the panel's other lines */
    bool grid, less; /* one of a grid's; and not the one with the most workers */
    unsigned hue;    /* the runner's index in the run: its colour everywhere */
};

struct lines {
    size_t count;
    struct line *lines; /* ordered by panel */
    unsigned panels;
};

/* Every line of the summary along `axis`; serial cells and A/A duplicates are on none. 0 or -ENOMEM. */
int lines_make(const struct summary *, enum line_axis axis, struct lines *);
void lines_free(struct lines *);

/* Where a cell stands along the axis; 0 for all placements: they stand as planned. */
double lines_place(const struct cell_summary *, enum line_axis axis);

unsigned lines_hue(const struct run *, const char *runner); /* index among the run's runners but serial */

/* Opens the chart and has the figure fill it; `missing` is "" where there is something to draw. 0 or -errno; the caller
 * closes it either way. (plots.c) */
int plots_make(const struct figure *, const struct summary *, const struct facts *, struct chart *);

/* The figures' own parts: each fills the chart and leaves `missing` empty, or says why it cannot. 0 or -errno. */

int chart_workers(struct chart *), chart_time(struct chart *), chart_granularity(struct chart *),
    chart_overhead(struct chart *), chart_chunk(struct chart *), chart_hybrid(struct chart *),
    chart_placement(struct chart *), chart_budget(struct chart *), chart_metg(struct chart *),
    chart_drift(struct chart *), chart_timeline(struct chart *), chart_latency(struct chart *),
    chart_topology(struct chart *);

#endif
