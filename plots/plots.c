/* SPDX-License-Identifier: GPL-3.0-or-later */
/* plots.c: the figures of a report, and drawing them. */
#include "plots/plots.h"

#include "forkpool/forkpool.h"
#include "plots/assets.h"
#include "plots/chart.h"
#include "results/models/summary_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FIGURE(stem, heading, asks, reads, ...)                                                                        \
    &(const struct figure){.name = #stem,                                                                              \
                           .title = heading,                                                                           \
                           .question = asks,                                                                           \
                           .reading = reads,                                                                           \
                           .template = asset_##stem,                                                                   \
                           __VA_ARGS__}
#define DOTS "Small dots: single repetitions."

const struct figure *const plots_figures[] = {
    FIGURE(speedup, "Speed-up against workers", "How much faster than the best serial loop does each runner get?",
           DOTS " Both axes are logarithmic: on the dashed line p workers are p times as fast as the serial loop, "
           "whose time is T_s.", .make = chart_workers, .y = QUANTITY_speedup, .bound = "ideal"),
    FIGURE(granularity, "Efficiency against the size of a task",
           "How small may tasks get before a runner wastes half of the machine?",
           DOTS " Diamonds with bars: where a curve reaches 50 %, with the bootstrap interval.",
           .make = chart_granularity, .y = QUANTITY_efficiency, .bound = "ideal, and 50 %"),
    FIGURE(metg, "Smallest task that pays", "What is each runner's minimum effective task granularity (METG)?",
           "The shorter, the better. Bars end at the smallest granularity with the asked efficiency, thin lines are "
           "its bootstrap interval; hatched: no size measured reached it.", .make = chart_metg),
    FIGURE(budget, "Where the time went", "What were the workers' cores doing?",
           "From repetitions that record busy spans. Shares of p R, R being start, run and stop; they add up to 100 % "
           "(a share below zero points left), and what nothing explains is a segment of its own. A star marks a "
           "residual above the limit.", .make = chart_budget),
    FIGURE(overhead, "Overhead per task", "What does handing out one task cost?",
           DOTS " Core time per task beyond the serial loop's; values that are not above zero cannot be drawn here.",
           .make = chart_overhead, .y = QUANTITY_overhead_per_task_ns),
    FIGURE(time, "Time against workers", "How long does the run phase take?",
           DOTS " Dashed: T_s shared out evenly. Starting and stopping the workers is not in T_p.",
           .make = chart_time, .y = QUANTITY_wall_ns, .bound = "T_s, and T_s/p"),
    FIGURE(efficiency, "Efficiency against workers", "How much of each worker's time was worth it?",
           DOTS " 1 means that each worker does as much as the serial loop would in that time.",
           .make = chart_workers, .y = QUANTITY_efficiency, .bound = "ideal"),
    FIGURE(karpflatt, "Serial fraction (Karp-Flatt)", "Why does scaling stop: serial work or overhead?",
           "Level: a serial part; rising: overhead that grows with the workers, and beyond the machine's cpus the "
           "want of cpus. Broad pale lines: Amdahl's fraction as fitted, up to the last point that was used.",
           .make = chart_workers, .y = QUANTITY_karp_flatt),
    FIGURE(chunk, "Time against chunk", "How many tasks should a worker claim at once?",
           DOTS " Broad pale lines: the costs fitted to each runner. Verticals: rules of thumb, one chunk a worker "
           "(N/p) and four (N/4p).", .make = chart_chunk, .y = QUANTITY_wall_ns),
    FIGURE(hybrid, "Processes x threads", "Which split of workers into processes and threads is best?",
           "Speed-up over the serial loop in large figures, its interval below; outlined: cannot be told from the "
           "best.", .make = chart_hybrid),
    FIGURE(placement, "Placement of workers", "Does it matter where the workers run?",
           DOTS, .make = chart_placement),
    FIGURE(latency, "How long single tasks took", "Do some tasks take much longer than others?",
           "Share of the tasks that took at most so long, all repetitions with busy spans together, in bins of an "
           "eighth of an octave. Marks: p50, p95 and p99 with their intervals over repetitions. Runners that claim "
           "many tasks at once do not show single ones and are left out.", .make = chart_latency),
    FIGURE(start, "Starting workers", "What does it cost to start a team?",
           DOTS " Until all workers are started, bound and ready; what runs then does not matter, how much memory its "
           "parent holds does. Only the problems with the largest teams are drawn.",
           .make = chart_workers, .y = QUANTITY_start_ns),
    FIGURE(timeline, "Workers in time", "Who waits for whom?",
           "Coloured: from a worker's first task to the end of its last one, darker inside the kernel where "
           "--timeline kept each call; pale: before and after. One scale for all panels.", .make = chart_timeline),
    FIGURE(drift, "Drift", "Did the machine stay the same during the run?",
           "Every serial repetition and the A/A pairs (one configuration measured as two) in the order in which they "
           "were taken; lines: medians.", .make = chart_drift),
    FIGURE(topology, "The machine and its workers", "Which worker ran where?",
           "Grey: cores with their cpus; blue: cpus on which workers were found when their binding was read back, "
           "with the workers' numbers.", .make = chart_topology),
    NULL,
};
enum { FIGURES = sizeof plots_figures / sizeof *plots_figures - 1 };

int plots_make(const struct figure *figure, const struct summary *summary, const struct facts *facts,
               struct chart *chart)
{
    int status = chart_open(chart, figure, summary, facts);
    if (!status) status = figure->make(chart);
    if (!status) status = chart_end(chart);
    for (unsigned p = 0, drawn = 0; !status && p < chart->panels; p++) {
        drawn += chart->panel[p].y_high > 0;
        if (drawn) chart->missing[0] = 0;
    }
    return status;
}

static const char *const kinds[] = {"dat", "gp", "svg", "png"};

static void remove_files(const char *dir, const struct figure *figure, size_t first)
{
    char path[4200];
    for (size_t i = first; i < sizeof kinds / sizeof *kinds; i++) {
        snprintf(path, sizeof path, "%s/%s.%s", dir, figure->name, kinds[i]);
        unlink(path);
    }
}

/* Its data, and a script of that name. */
static int write_files(const struct chart *chart, const char *dir, const char *name, const char *template)
{
    char data[64], *script = NULL;
    size_t size;
    FILE *out = open_memstream(&script, &size);
    if (!out) return -ENOMEM;
    chart_script(chart, template, out);
    int status = fclose(out) ? -ENOMEM : 0;
    snprintf(data, sizeof data, "%s.dat", chart->figure->name);
    if (!status) status = record_write_file(dir, data, chart->data_text, chart->data_size);
    if (!status) status = record_write_file(dir, name, script, size);
    free(script);
    return status;
}

static bool has_files(const char *dir, const struct figure *figure)
{
    char path[4200];
    struct stat facts;
    for (size_t i = 2; i < sizeof kinds / sizeof *kinds; i++) {
        snprintf(path, sizeof path, "%s/%s.%s", dir, figure->name, kinds[i]);
        if (stat(path, &facts) || !facts.st_size) return false;
    }
    return true;
}

/* What the figures' threads share. */
struct drawing {
    const char *dir;
    bool wanted[FIGURES]; /* its data and script are there */
    int failed[FIGURES];  /* as gnuplot_run */
    struct reason why[FIGURES];
    atomic_uint next;
    atomic_bool hopeless; /* gnuplot is missing or hangs: a lack is said once and a hanging one costs one deadline */
};

/* Draws the next figure until there is none. */
static void *draw_next(void *context)
{
    struct drawing *drawing = context;
    for (unsigned i; (i = atomic_fetch_add(&drawing->next, 1)) < FIGURES;) {
        char file[64];
        if (!drawing->wanted[i] || drawing->hopeless) continue;
        snprintf(file, sizeof file, "%s.gp", plots_figures[i]->name);
        drawing->failed[i] = gnuplot_run(drawing->dir, NULL, file, NULL, PLOTS_DEADLINE_S, &drawing->why[i]);
        if (drawing->failed[i] && drawing->failed[i] != -EIO) drawing->hopeless = true;
    }
    return NULL;
}

/* As many at once as there are cpus: each is one gnuplot, which computes on one. Where no thread can be had, in turn. */
static void draw_all(struct drawing *drawing)
{
    pthread_t threads[FIGURES];
    unsigned started = 0, cpus = forkpool_cpus(NULL);
    while (started + 1 < cpus && started < FIGURES && !pthread_create(&threads[started], NULL, draw_next, drawing)) started++;
    draw_next(drawing);
    while (started) pthread_join(threads[--started], NULL);
}

/* The data and the script of one, without the pictures of before. */
static int prepare(const struct figure *figure, const struct summary *summary, const struct facts *facts, struct drawing *drawing,
                   bool *wanted)
{
    struct chart chart = {0};
    char file[64];
    int status = plots_make(figure, summary, facts, &chart);
    if (!status) {
        bool has_data = !chart.missing[0];
        remove_files(drawing->dir, figure, has_data ? 2 : 0);
        snprintf(file, sizeof file, "%s.gp", figure->name);
        if (has_data) status = write_files(&chart, drawing->dir, file, figure->template);
        *wanted = has_data && !status;
    }
    chart_close(&chart);
    return status;
}

/* How many are there, and the first trouble in `note`. */
static int count_drawn(struct drawing *drawing, struct reason *note)
{
    int drawn = 0;
    for (unsigned i = 0; i < FIGURES; i++) {
        const struct figure *figure = plots_figures[i];
        struct reason *why = &drawing->why[i];
        if (drawing->wanted[i] && !drawing->failed[i] && has_files(drawing->dir, figure)) {
            drawn++;
        } else if (drawing->wanted[i]) {
            if (!drawing->failed[i] && !drawing->hopeless) reason_set(why, "gnuplot drew nothing for %s", figure->name);
            remove_files(drawing->dir, figure, 2);
            if (!*note->text && *why->text)
                reason_set(note, "%s (%s.gp and %s.dat are in plots/)", why->text, figure->name, figure->name);
        }
    }
    return drawn;
}

int plots_draw(const struct summary *summary, const char *dir, struct reason *note)
{
    struct facts facts;
    char into[4160];
    struct drawing drawing = {.dir = into};
    int status = 0;
    facts_read(summary->run, &facts);
    *note->text = 0;
    snprintf(into, sizeof into, "%s/plots", dir);
    if (mkdir(into, 0777) && errno != EEXIST) return -errno;
    locale_t locale = parts_locale_enter();
    for (unsigned i = 0; i < FIGURES && !status; i++)
        status = prepare(plots_figures[i], summary, &facts, &drawing, &drawing.wanted[i]);
    parts_locale_leave(locale);
    draw_all(&drawing); /* where one could not be written, those before it */
    int drawn = count_drawn(&drawing, note);
    return status ? status : drawn;
}

/* The data and the script into the folder, and gnuplot's text out of it. */
static int print_in(const char *dir, const struct chart *chart, FILE *out, unsigned width, enum plots_style style,
                    struct reason *note)
{
    char first[160];
    snprintf(first, sizeof first, "TEXT_WIDTH = %u; TEXT_HEIGHT = %u; TEXT_STYLE = '%s'; TEXT_UNICODE = %d; BY_TASK = %d",
             width, 20u, style == PLOTS_LETTERS ? "mono" : "ansi", style == PLOTS_BRAILLE, !strcmp(chart->figure->name, "granularity"));
    int status = write_files(chart, dir, "text.gp", asset_text);
    return status ? status : gnuplot_run(dir, first, "text.gp", out, PLOTS_DEADLINE_S, note);
}

/* In a folder of its own below TMPDIR, which it empties and removes. */
static int print_figure(const struct chart *chart, FILE *out, unsigned width, enum plots_style style, struct reason *note)
{
    const char *temporary = getenv("TMPDIR");
    char dir[PATH_MAX], data[64];
    int n = snprintf(dir, sizeof dir, "%s/breakeven-plot-XXXXXX", temporary && *temporary ? temporary : P_tmpdir);
    if (n >= (int)sizeof dir) return -ENAMETOOLONG;
    if (!mkdtemp(dir)) return -errno;
    int status = print_in(dir, chart, out, width, style, note);
    snprintf(data, sizeof data, "%s.dat", chart->figure->name);
    int folder = open(dir, O_DIRECTORY | O_CLOEXEC);
    unlinkat(folder, data, 0);
    unlinkat(folder, "text.gp", 0);
    if (folder >= 0) close(folder);
    rmdir(dir);
    return status;
}

enum { TEXT_FIGURES = 2, TEXT_PANELS = 4 }; /* the first of all; as text.gp has it */

int plots_print(const struct summary *summary, FILE *out, unsigned width, enum plots_style style, struct reason *note)
{
    locale_t locale = parts_locale_enter();
    struct facts facts;
    int status = 0;
    facts_read(summary->run, &facts);
    if (note) *note->text = 0;
    for (size_t i = 0; i < TEXT_FIGURES && !status; i++) {
        struct chart chart = {0};
        status = plots_make(plots_figures[i], summary, &facts, &chart);
        if (!status && !chart.missing[0])
            status = print_figure(&chart, out, width < 40 ? 79 : width > 100 ? 100 : width, style, note);
        if (!status && !chart.missing[0] && chart.panels > TEXT_PANELS)
            fprintf(out, "%s: %u more panels are in report.html.\n\n", chart.figure->title, chart.panels - TEXT_PANELS);
        chart_close(&chart);
    }
    parts_locale_leave(locale);
    return status;
}
