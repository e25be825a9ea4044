/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/measure/show.h"

#include "bench/measure/progress.h"
#include "kernels/reason.h"
#include "plots/plots.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { FAILURES_SHOWN = 10 };

int show_open(const struct options *options, const char *dir, struct shown *shown)
{
    struct reason note = {""};
    struct reason why = {""};
    *shown = (struct shown){0};
    if (run_read(dir, &shown->run, &note, &why)) return options_complain(options, "%s", why.text);
    if (*note.text) options_complain(options, "%s", note.text);
    if (!summary_make(&shown->run, &shown->summary, &why)) return STATUS_GOOD;
    run_free(&shown->run);
    return options_complain(options, "%s: %s", dir, why.text);
}

void show_close(struct shown *shown)
{
    summary_free(&shown->summary);
    run_free(&shown->run);
}

int show_write(const struct options *options, const struct shown *shown, bool draw)
{
    const char *dir = shown->run.dir;
    struct reason note = {""};
    int error = summary_write(&shown->summary, dir);
    if (error) options_complain(options, "cannot write the summary into %s: %s", dir, strerror(-error));
    if (error) return STATUS_FAILED;
    if (!draw) return STATUS_GOOD;
    int drawn = plots_draw(&shown->summary, dir, &note);
    if (drawn < 0) options_complain(options, "cannot write figures into %s/plots: %s", dir, strerror(-drawn));
    if (*note.text) options_complain(options, "%s", note.text);
    *note.text = '\0';
    error = report_html_write(&shown->summary, dir, &note);
    if (error) options_complain(options, "%s", note.text);
    return error || drawn < 0 ? STATUS_FAILED : STATUS_GOOD;
}

int show_strict(const struct options *options, const struct shown *shown)
{
    const struct trust *trust = &shown->summary.trust;
    if (!options->strict || trust->verdict != TRUST_NONE) return STATUS_GOOD;
    options_complain(options, "--strict: the run is not to be trusted: %s", trust->reasons);
    return STATUS_FINDING;
}

unsigned show_width(void)
{
    const char *columns = getenv("COLUMNS");
    struct winsize size;
    if (!isatty(STDOUT_FILENO)) return 0;
    if (columns && atoi(columns) > 0) return (unsigned)atoi(columns);
    return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) ? 80 : size.ws_col;
}

static int print_json(const struct options *options, const struct summary *summary)
{
    if (summary_json_print(summary, stdout) == -ENOMEM) return options_complain(options, "no memory");
    putchar('\n');
    return options_flush(options);
}

static bool show_colour(void)
{
    const char *refused = getenv("NO_COLOR"), *terminal = getenv("TERM");
    return isatty(STDOUT_FILENO) && !(refused && *refused) && !(terminal && !strcmp(terminal, "dumb"));
}

/* Does the locale's character set have more than ASCII? By the variables, in their order (locale(7)). */
static bool show_unicode(void)
{
    static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};
    const char *locale = NULL;
    for (size_t i = 0; i < sizeof names / sizeof *names && !(locale && *locale); i++) locale = getenv(names[i]);
    return locale && (strcasestr(locale, "UTF-8") || strcasestr(locale, "utf8"));
}

/* What gnuplot cannot draw is said, and costs nothing else. */
static int print_plots(const struct options *options, const struct summary *summary)
{
    struct reason note = {""};
    unsigned width = show_width();
    enum plots_style style = !show_colour() ? PLOTS_LETTERS : show_unicode() ? PLOTS_BRAILLE : PLOTS_COLOUR;
    plots_print(summary, stdout, width ? width : 80, style, &note);
    if (*note.text) options_complain(options, "%s", note.text);
    return STATUS_GOOD;
}

int show_print(const struct options *options, const struct shown *shown)
{
    if (options->json) return print_json(options, &shown->summary);
    bool tables = options->format && !strcmp(options->format, "text");
    report_text_print(&shown->summary, stdout, show_width(), show_colour(), tables);
    int status = options_flush(options);
    return !status && options->plot ? print_plots(options, &shown->summary) : status;
}

size_t show_failures(const struct options *options, const struct shown *shown)
{
    size_t failed = 0, cells = 0;
    for (size_t i = 0; i < shown->summary.cell_count; i++) {
        const struct cell_summary *cell = &shown->summary.cells[i];
        char text[256];
        failed += cell->errors;
        if (!cell->errors || ++cells > FAILURES_SHOWN) continue;
        progress_cell(cell->cell, text, sizeof text);
        options_complain(options, "%s: %zu of its repetitions failed: %s", text, cell->errors, cell->error);
    }
    if (cells > FAILURES_SHOWN)
        options_complain(options, "... and %zu more cells with failures: samples.jsonl has them all",
                         cells - FAILURES_SHOWN);
    return failed;
}
