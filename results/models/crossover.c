/* SPDX-License-Identifier: GPL-3.0-or-later */
/* crossover.c: where a runner begins to beat serial: in the number of tasks, and in the size of one. */
#include "results/models/summary_parts.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* How far a size's time may lie from the line through all: so many of its interval's arms (several sizes are looked at), or this
 * share of it. */
static const double JOINT_INTERVALS = 1.5, JOINT_WITHIN = 0.05;

/* One runner and team: its cells by size. */
struct crossings {
    const struct summary *summary;
    struct curve curve;
    size_t sizes;
    size_t *few, *many;     /* of each size, the cells with the fewest and with the most tasks: indices into the curve */
    const struct cell **first, **most; /* of each size, the first cell in the run; the one with the most tasks */
    double *task, *ratio;   /* room for a point of each size */
    /* As fitted to the runner's cells, 0 where that is not known: what a run phase costs whatever it computes, and what the
     * chunks of its busiest worker do, for as many tasks as were measured. */
    double region_ns, chunks_ns;
    bool joint; /* one line through all sizes describes the cells */
};

/* The figures of one draw: two of the whole curve, then each size's number of tasks. */
enum { FIGURE_WARM, FIGURE_COLD, FIGURE_TASKS };

/* Points (T_s, T_p) of the sizes that were drawn. */
static bool line_of(const struct crossings *crossings, struct models_line *line)
{
    const struct curve *curve = &crossings->curve;
    size_t points = 0;
    for (size_t s = 0; s < crossings->sizes; s++) {
        size_t c = crossings->many[s];
        if (isnan(curve->wall_ns[c]) || isnan(curve->serial_ns[c])) continue;
        crossings->task[points] = curve->serial_ns[c];
        crossings->ratio[points++] = curve->wall_ns[c];
    }
    return models_line_fit(crossings->task, crossings->ratio, points, line);
}

/* Where the times go below those of serial, as work per task; `around_ns` is added to each. */
static enum metg_outcome crossing_of(const struct crossings *crossings, double around_ns, double *result)
{
    const struct curve *curve = &crossings->curve;
    size_t points = 0;
    for (size_t s = 0; s < crossings->sizes; s++) {
        size_t c = crossings->many[s];
        double ratio = (curve->wall_ns[c] + around_ns) / curve->serial_ns[c];
        if (isnan(ratio)) continue;
        crossings->task[points] = curve->serial_ns[c] / (double)curve->cells[c]->tasks;
        crossings->ratio[points++] = ratio;
    }
    return models_crossing(crossings->task, crossings->ratio, points, result);
}

/* The number of tasks of one size. The run phase is a straight line in N where two or more N were measured at this size
 * (between the smallest and the largest); else it is what a run phase costs anyway, and the rest in proportion to N: both from
 * the line through all sizes, whose beginning holds the cost of the chunks, or where that does not describe them, the first as
 * fitted to the runner's cells. */
static double tasks_of(const struct crossings *crossings, const struct models_line *line, double around_ns, size_t size)
{
    const struct curve *curve = &crossings->curve;
    size_t few = crossings->few[size], many = crossings->many[size];
    double less = (double)curve->cells[few]->tasks, tasks = (double)curve->cells[many]->tasks;
    double wall = curve->wall_ns[many], base = curve->wall_ns[few], fixed = around_ns, slope;
    if (less < tasks) {
        slope = fmax(0, (wall - base) / (tasks - less));
        fixed += fmax(0, base - slope * less);
    } else if (line) {
        double chunks = fmin(crossings->chunks_ns, line->region_ns);
        slope = (line->share * curve->serial_ns[many] + chunks) / tasks;
        fixed += line->region_ns - chunks;
    } else {
        double region = fmin(crossings->region_ns, wall);
        slope = (wall - region) / tasks;
        fixed += region;
    }
    double serial_task = curve->serial_ns[many] / tasks;
    if (isnan(slope) || isnan(fixed) || isnan(serial_task)) return NAN;
    return models_crossover_tasks(fixed, slope, serial_task, parts_workers(curve->cells[many]));
}

static void figures_of_draws(const size_t *draws, size_t n, void *context, double *values)
{
    struct crossings *crossings = context;
    struct models_line line;
    curve_draw(&crossings->curve, draws, n);
    double around_ns = curve_around_ns(&crossings->curve);
    bool drawn = crossings->joint && line_of(crossings, &line);
    for (size_t s = 0; s < crossings->sizes; s++)
        values[FIGURE_TASKS + s] = crossings->joint && !drawn ? NAN : tasks_of(crossings, drawn ? &line : NULL, around_ns, s);
    crossing_of(crossings, 0, &values[FIGURE_WARM]);
    crossing_of(crossings, around_ns, &values[FIGURE_COLD]);
}

/* The costs fitted to cells like this one; NULL: none. */
static const struct pool_fit *fit_of(const struct summary *summary, const struct cell *cell)
{
    for (size_t i = 0; i < summary->pool_count; i++) {
        const struct pool_costs *pool = &summary->pools[i];
        if (cells_same(pool->cell, cell, CELLS_POOL | CELLS_KERNEL) && pool->fit.n) return &pool->fit;
    }
    return NULL;
}

/* Does one line through all sizes, as many tasks at each, pass through what was measured of every one? */
static bool is_joint(const struct crossings *crossings)
{
    const struct curve *curve = &crossings->curve;
    struct models_line line;
    for (size_t s = 1; s < crossings->sizes; s++)
        if (curve->cells[crossings->many[s]]->tasks != curve->cells[crossings->many[0]]->tasks) return false;
    if (!line_of(crossings, &line)) return false;
    for (size_t s = 0; s < crossings->sizes; s++) {
        size_t c = crossings->many[s];
        struct quantity wall = parts_row(crossings->summary, curve->cells[c])->quantity[QUANTITY_wall_ns];
        double fitted = line.region_ns + line.share * curve->serial_ns[c];
        double above = fitted - wall.median, room = above > 0 ? wall.high - wall.median : wall.median - wall.low;
        if (fabs(above) > fmax(JOINT_WITHIN * wall.median, JOINT_INTERVALS * room)) return false;
    }
    return true;
}

static int crossings_alloc(struct crossings *crossings, size_t count)
{
    crossings->few = calloc(2 * count + 1, sizeof *crossings->few);
    crossings->task = calloc(2 * count + 1, sizeof *crossings->task);
    crossings->first = calloc(2 * count + 1, sizeof *crossings->first);
    if (!crossings->few || !crossings->task || !crossings->first) return -ENOMEM;
    crossings->many = crossings->few + count;
    crossings->ratio = crossings->task + count;
    crossings->most = crossings->first + count;
    return 0;
}

/* Of cells that differ in size and N, the one with the most tasks at each size, where the run phase's fixed part weighs least,
 * and the one with the fewest. */
static void sizes_find(struct crossings *crossings)
{
    const struct cell **cells = crossings->curve.cells;
    for (size_t c = 0; c < crossings->curve.count; c++) {
        size_t s = 0;
        while (s < crossings->sizes && !cells_same(cells[crossings->many[s]], cells[c], CELLS_ALL & ~CELLS_TASKS)) s++;
        if (s == crossings->sizes) {
            crossings->first[s] = cells[c];
            crossings->few[s] = crossings->many[crossings->sizes++] = c;
        }
        if (cells[c]->tasks < cells[crossings->few[s]]->tasks) crossings->few[s] = c;
        if (cells[c]->tasks > cells[crossings->many[s]]->tasks) crossings->many[s] = c;
        crossings->most[s] = cells[crossings->many[s]];
    }
}

/* How many chunks the busiest worker runs; 0 where that is not known. */
static double chunks_of(const struct cell *cell)
{
    double chunk = parts_chunk(cell);
    return chunk >= 1 ? ceil(ceil((double)cell->tasks / chunk) / parts_workers(cell)) : 0;
}

static int crossings_make(struct crossings *crossings, const struct summary *summary, const struct cell **cells,
                          size_t count)
{
    const struct pool_fit *fit = fit_of(summary, cells[0]);
    *crossings = (struct crossings){.summary = summary};
    if (fit && fit->region_ns.low > 0) crossings->region_ns = fit->region_ns.median;
    if (fit && fit->chunk_ns.low > 0) crossings->chunks_ns = chunks_of(cells[0]) * fit->chunk_ns.median;
    int status = curve_make(&crossings->curve, summary, cells, count);
    if (!status) status = crossings_alloc(crossings, count);
    if (status) return status;
    sizes_find(crossings);
    status = curve_draw_all(&crossings->curve);
    if (!status) crossings->joint = is_joint(crossings);
    return status;
}

static void crossings_free(struct crossings *crossings)
{
    curve_free(&crossings->curve);
    free(crossings->few);
    free(crossings->task);
    free(crossings->first);
}

/* Whether the smallest size pays already; no figure where none does. All blocks are drawn once. */
static void bound_find(const struct crossings *crossings, double around_ns, struct quantity *figure, bool *bound)
{
    double at;
    enum metg_outcome outcome = crossings->sizes < 2 ? METG_NOT_REACHED : crossing_of(crossings, around_ns, &at);
    *bound = outcome == METG_BOUND;
    if (outcome == METG_NOT_REACHED) *figure = (struct quantity){NAN, NAN, NAN, crossings->sizes < 2 ? 0 : figure->n};
}

/* What a size's number of tasks rests on: the blocks in which it was measured; all sizes' together where one line goes through
 * them. */
static size_t rests_on(const struct crossings *crossings, size_t size)
{
    const struct draws_column *wall = crossings->curve.wall;
    size_t own = wall[crossings->many[size]].count, all = 0;
    for (size_t s = 0; s < crossings->sizes; s++) all += wall[crossings->many[s]].count;
    return crossings->joint && own >= STATS_INTERVAL_MIN ? all : own;
}

/* figures[FIGURE_TASKS + sizes] with their intervals. */
static int figures_make(struct crossings *crossings, struct quantity *figures, struct crossover *common)
{
    const struct curve *curve = &crossings->curve;
    struct stats_bootstrap from = {figures_of_draws, crossings, curve->blocks, FIGURE_TASKS + crossings->sizes, CURVE_ROUNDS, 1};
    figures[FIGURE_WARM].n = figures[FIGURE_COLD].n = curve->blocks;
    for (size_t s = 0; s < crossings->sizes; s++) figures[FIGURE_TASKS + s].n = rests_on(crossings, s);
    int status = stats_bootstrap_many(&from, figures);
    for (size_t s = 0; s < crossings->sizes; s++) figures[FIGURE_TASKS + s].n = curve->wall[crossings->many[s]].count;
    if (!status) status = curve_draw_all(&crossings->curve);
    if (status) return status;
    bound_find(crossings, 0, &figures[FIGURE_WARM], &common->warm_bound);
    bound_find(crossings, curve_around_ns(curve), &figures[FIGURE_COLD], &common->cold_bound);
    common->warm_task_ns = figures[FIGURE_WARM];
    common->cold_task_ns = figures[FIGURE_COLD];
    return 0;
}

static int crossover_add(struct summary *summary, const struct cell *cell, const struct crossover *common)
{
    struct crossover *made = parts_append(&summary->crossovers, &summary->crossover_count, sizeof *made);
    if (!made) return -ENOMEM;
    *made = *common;
    made->cell = cell;
    made->task_ns = parts_row(summary, cell)->quantity[QUANTITY_task_ns].median;
    return 0;
}

int crossovers_add(struct summary *summary, const struct cell **group, size_t count)
{
    struct crossings crossings;
    struct crossover common = {0};
    struct quantity *figures = calloc(FIGURE_TASKS + count, sizeof *figures);
    int status = crossings_make(&crossings, summary, group, count);
    if (!status && !figures) status = -ENOMEM;
    if (!status) status = figures_make(&crossings, figures, &common);
    if (!status) predict_crossing(summary, crossings.most, crossings.sizes, &common);
    for (size_t s = 0; !status && s < crossings.sizes; s++) {
        predict_tasks(summary, crossings.first[s], &common);
        common.tasks = figures[FIGURE_TASKS + s];
        status = crossover_add(summary, crossings.first[s], &common);
    }
    crossings_free(&crossings);
    free(figures);
    return status;
}

/* Of one runner, schedule and task size. */
static bool same_question(const struct crossover *a, const struct crossover *b)
{
    if (strcmp(a->cell->label, b->cell->label)) return false;
    if (!cells_same(a->cell, b->cell, CELLS_STUDY | CELLS_RUNNER | CELLS_SCHEDULE | CELLS_TASK_TIME)) return false;
    return a->cell->task_time_ns || !(a->task_ns < b->task_ns || a->task_ns > b->task_ns);
}

static double tasks_or_never(const struct crossover *crossover)
{
    return isnan(crossover->tasks.median) ? INFINITY : crossover->tasks.median;
}

void crossovers_mark_earliest(struct summary *summary)
{
    struct crossover *all = summary->crossovers;
    for (size_t i = 0; i < summary->crossover_count; i++) {
        bool later = false;
        for (size_t j = 0; j < summary->crossover_count && !later; j++) {
            double mine = tasks_or_never(&all[i]), other = tasks_or_never(&all[j]);
            later = (other < mine || (other == mine && j < i)) && same_question(&all[i], &all[j]);
        }
        all[i].earliest = !later;
    }
}
