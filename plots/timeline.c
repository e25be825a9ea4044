/* SPDX-License-Identifier: GPL-3.0-or-later */
/* timeline.c: who of the workers was at work when, in the median repetition with spans. */
#include "plots/chart.h"
#include "plots/format.h"
#include "results/models/summary_parts.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The median repetition of a cell with spans (the lower of two), NULL where there is none; of how many. */
struct timed {
    const struct observation *median;
    size_t count;
};

static int by_time(const void *left, const void *right)
{
    const struct observation *a = *(const struct observation *const *)left, *b = *(const struct observation *const *)right;
    if (a->wall_ns != b->wall_ns) return a->wall_ns < b->wall_ns ? -1 : 1;
    return (a > b) - (a < b); /* as they were taken */
}

/* One for each cell of the run, in memory of the caller's; NULL where memory is short. */
static struct timed *find_timed(const struct summary *summary)
{
    const struct observation **found = calloc(summary->run->sample_count + 1, sizeof *found);
    struct timed *timed = found ? calloc(summary->cell_count + 1, sizeof *timed) : NULL;
    for (size_t c = 0; timed && c < summary->cell_count; c++) {
        const struct series *series = &summary->series[c];
        size_t count = 0;
        for (size_t i = 0; i < series->spanned_count; i++)
            if (series->spanned[i]->timed) found[count++] = series->spanned[i];
        qsort(found, count, sizeof *found, by_time);
        if (count) timed[c] = (struct timed){found[(count - 1) / 2], count};
    }
    free(found);
    return timed;
}

/* Layer 2, where the repetition left a timeline: row, begin, end of time in the kernel; gaps that no eye sees are
 * closed. */
static void timeline_spans(struct chart *chart, const struct sample *sample)
{
    struct trace_span *spans;
    size_t count;
    double pixel_ns = (double)sample->wall_ns / (2.0 * CHART_WIDTH);
    if (trace_read(chart->summary->run->dir, sample->cell, sample->block, pixel_ns, &spans, &count)) return;
    for (size_t i = 0; i < count; i++)
        chart_row(chart, "%u %.9g %.9g\n", spans[i].worker, spans[i].begin_ns, spans[i].end_ns);
    chart->marked[chart->blocks - 1] = count > 0;
    free(spans);
}

/* Columns: row, late, end, wall, busy (all ns), hover. */
static void timeline_workers(struct chart *chart, const struct sample *sample)
{
    for (unsigned w = 0; w < sample->worker_count; w++) {
        const struct sample_worker *worker = &sample->workers[w];
        if (worker->end_ns < 0 || worker->late_ns < 0) continue;
        chart_row(chart, "%u %lld %lld %lld %lld", w, (long long)worker->late_ns, (long long)worker->end_ns,
                  (long long)sample->wall_ns, (long long)worker->busy_ns);
        chart_hover(chart, "worker %u on cpus %s: first task after %s, last task's end at %s, %s in the kernel", w,
                    worker->cpus, format_time((double)worker->late_ns).text, format_time((double)worker->end_ns).text,
                    format_time(worker->busy_ns < 0 ? NAN : (double)worker->busy_ns).text);
        chart_say(chart, " Worker %u from %s to %s.", w, format_time((double)worker->late_ns).text,
                  format_time((double)worker->end_ns).text);
    }
}

static bool open_panel(struct chart *chart, const struct cell *cell, const struct timed *timed)
{
    char title[192], note[160];
    if (cell->processes > 1 && cell->threads > 1)
        snprintf(title, sizeof title, "%s, %s %ux%u", cell->label, cell->runner, cell->processes, cell->threads);
    else snprintf(title, sizeof title, "%s, %s %u", cell->label, cell->runner, cell->processes * cell->threads);
    if (timed->count == 1) snprintf(note, sizeof note, "block %u: the one repetition with spans", timed->median->block);
    else
        snprintf(note, sizeof note, "block %u: the median of %zu repetitions with spans", timed->median->block,
                 timed->count);
    if (!chart_panel(chart, title, note)) return false;
    unsigned hue = lines_hue(chart->summary->run, cell->runner);
    if (!chart_block(chart, chart_series(chart, cell->runner, hue))) return false;
    chart_say(chart, " %s: run phase %s.", title, format_time((double)timed->median->wall_ns).text);
    return true;
}

static void timeline_panel(struct chart *chart, const struct cell *cell, const struct timed *timed)
{
    struct sample sample;
    if (timed->median->wall_ns <= 0 || run_sample(chart->summary->run, timed->median, &sample)) return;
    if (open_panel(chart, cell, timed)) {
        timeline_workers(chart, &sample);
        chart_layer(chart);
        timeline_spans(chart, &sample);
        chart_reach(chart, (double)sample.wall_ns, sample.worker_count);
    }
    sample_free(&sample);
}

static bool more_telling(const struct facts *facts, const struct cell_summary *a, const struct cell_summary *b)
{
    bool fits_a = !facts->cpus || a->workers <= facts->cpus, fits_b = !facts->cpus || b->workers <= facts->cpus;
    if (fits_a != fits_b) return fits_a;
    return fits_a ? a->workers > b->workers : a->workers < b->workers;
}

/* One panel a runner: its cell with the most workers that fit the machine, of the first problem that has spans. */
static void timeline_panels(struct chart *chart, const struct timed *timed)
{
    const struct summary *summary = chart->summary;
    const struct cell *problem = NULL;
    for (size_t i = 0; i < summary->cell_count; i++) {
        const struct cell_summary *best = NULL;
        bool seen = !timed[i].median || summary->cells[i].workers < 2;
        if (!seen && !problem) problem = summary->cells[i].cell;
        if (seen || !cells_same(problem, summary->cells[i].cell, CHART_PROBLEM)) continue;
        for (size_t k = 0; k < summary->cell_count; k++) {
            const struct cell_summary *cell = &summary->cells[k];
            if (!timed[k].median || strcmp(cell->cell->runner, summary->cells[i].cell->runner) ||
                !cells_same(problem, cell->cell, CHART_PROBLEM))
                continue;
            if (k < i && cell->workers > 1) seen = true;
            if (!best || more_telling(chart->facts, cell, best)) best = cell;
        }
        if (!seen && best) timeline_panel(chart, best->cell, &timed[best->cell->id]);
    }
}

int chart_timeline(struct chart *chart)
{
    struct timed *timed = find_timed(chart->summary);
    snprintf(chart->missing, sizeof chart->missing, "no repetition recorded when its workers began and ended");
    chart->legend = "none";
    chart->layers = 2;
    chart->columns = 2;
    chart->panel_height = 260;
    if (timed) timeline_panels(chart, timed);
    free(timed);
    return timed ? 0 : -ENOMEM;
}
