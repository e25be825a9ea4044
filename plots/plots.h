/* SPDX-License-Identifier: GPL-3.0-or-later */
/* plots.h: how a run is shown: figures by gnuplot, one page of HTML, tables for a terminal, Markdown.
 *
 *     struct summary summary;                          // made by summary_make
 *     char note[512];
 *     int status = plots_draw(&summary, dir, &note);        // dir/plots/NAME.{dat,gp,svg,png}
 *     if (note[0]) fprintf(stderr, "%s\n", note);                       // once: what is lacking
 *     report_html_write(&summary, dir, &why);                // dir/report.html
 *     report_text_print(&summary, stdout, terminal_width, on_a_terminal && !getenv("NO_COLOR"), false);
 *
 * Nothing is computed here: every number comes from the summary. Scripts, styles and the page's template are part of
 * the program, so an installed one needs no files beside it. Every number has a '.' as its point, whatever the locale.
 * Not safe across threads; plots_draw and plots_print start gnuplot as a child, plots_draw as many of them at once as there
 * are cpus to use, and wait for each at most PLOTS_DEADLINE_S, then kill it with its group.
 */
#ifndef BREAKEVEN_PLOTS_H
#define BREAKEVEN_PLOTS_H

#include "kernels/reason.h"
#include "results/models/summary.h"

#include <stdbool.h>
#include <stdio.h>

enum { PLOTS_DEADLINE_S = 20 };

struct chart;

/* One kind of figure. Its script is the template plots/NAME.gp; its data are written from the summary. */
struct figure {
    const char *name;            /* "speedup": the stem of all its files */
    const char *title;           /* "Speed-up against workers" */
    const char *question;        /* what it answers, one sentence */
    const char *reading;         /* how to read it, in the caption */
    const char *template;        /* the text of plots/NAME.gp */
    int (*make)(struct chart *); /* fills the panels from the summary (chart.h); 0 or -errno */
    enum quantity_id y;          /* what its curves show, where it has one a runner */
    const char *bound;           /* legend of the grey line of what is possible; NULL: none */
};
extern const struct figure *const plots_figures[]; /* in the order of the report; ends with NULL */

/* Draws every figure for which the summary has data into dir/plots/: NAME.dat and NAME.gp always, NAME.svg and NAME.png
 * where gnuplot works. `gnuplot NAME.gp` in that folder draws them again. Returns the number of figures drawn, or
 * -errno where dir/plots cannot be written. `note` receives "" or one line: gnuplot missing, failed, too slow. Figures
 * without data are left out (and their files of an earlier drawing removed); the page says why. */
int plots_draw(const struct summary *, const char *dir, struct reason *note);

/* What the terminal shows: letters alone; colours; colours and, by gnuplot 6, curves in braille. */
enum plots_style { PLOTS_LETTERS, PLOTS_COLOUR, PLOTS_BRAILLE };
/* The main figures (speedup, granularity) as text by gnuplot, `width` columns wide. 0 or -errno with `note` as above;
 * prints nothing on failure. */
int plots_print(const struct summary *, FILE *, unsigned width, enum plots_style, struct reason *note);

/* Runs `gnuplot FILE` in the folder `dir` with `first` (NULL: nothing) as commands before it, its standard output to
 * `out` (NULL: discarded); at most `deadline_s` seconds, then it is killed with its group. The program is
 * $BREAKEVEN_GNUPLOT, or gnuplot. Blocks. 0, or with one line in `why`: -ENOENT where there is no gnuplot, -ETIME, -EIO
 * where it failed, with the first line that it complained in. */
int gnuplot_run(const char *dir, const char *first, const char *file, FILE *out, unsigned deadline_s,
                struct reason *why);

/* Writes dir/report.html, one self-contained page, from the summary and the figures that stand in dir/plots; without
 * them the page says so and holds the tables and text. 0, or -errno with one line in `why`. */
int report_html_write(const struct summary *, const char *dir, struct reason *why);

/* Prints the run in short, recommendations and findings by topic; with `tables`, or where configurations are few, one
 * table a study too, else where they are. Aligned, no line longer than `width` columns (at least 40; 0 means unlimited)
 * but for a single word. Colour never carries meaning alone. 0 or -EIO. */
int report_text_print(const struct summary *, FILE *, unsigned width, bool colour, bool tables);

/* The same as Markdown, with the figures of dir/plots as pictures by relative path. 0 or -EIO. */
int report_markdown_print(const struct summary *, FILE *);

#endif
