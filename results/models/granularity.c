/* SPDX-License-Identifier: GPL-3.0-or-later */
/* granularity.c: how small tasks may be: METG of each runner. Where a runner begins to beat serial: crossover.c. */
#include "results/models/summary_parts.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double METG_EFFICIENCY = 0.5; /* where the run asked for none */

/* What METG is asked of: a curve and its points, work per task and efficiency of the cells that were drawn. */
struct reaching {
    struct curve curve;
    double *work, *efficiency;
    double target;
};

enum { FIGURE_GRANULARITY, FIGURE_WORK, FIGURES };

/* Where what was drawn last reaches the target. */
static enum metg_outcome reach_drawn(struct reaching *reaching, struct metg_point *found)
{
    const struct curve *curve = &reaching->curve;
    size_t points = 0;
    for (size_t c = 0; c < curve->count; c++) {
        double tasks = (double)curve->cells[c]->tasks;
        if (isnan(curve->wall_ns[c]) || isnan(curve->serial_ns[c]) || !(tasks > 0)) continue;
        reaching->work[points] = curve->serial_ns[c] / tasks;
        reaching->efficiency[points++] = curve->serial_ns[c] / curve->wall_ns[c] / parts_worth(curve->cells[c]);
    }
    return models_metg(reaching->work, reaching->efficiency, points, reaching->target, found);
}

static void figures_of_draws(const size_t *draws, size_t n, void *context, double *values)
{
    struct reaching *reaching = context;
    struct metg_point found;
    curve_draw(&reaching->curve, draws, n);
    reach_drawn(reaching, &found);
    values[FIGURE_GRANULARITY] = found.granularity;
    values[FIGURE_WORK] = found.work;
}

static int reaching_make(struct reaching *reaching, const struct summary *summary, const struct cell **group,
                         size_t count)
{
    *reaching = (struct reaching){.work = calloc(2 * count + 1, sizeof *reaching->work)};
    if (!reaching->work) return -ENOMEM;
    reaching->efficiency = reaching->work + count;
    return curve_make(&reaching->curve, summary, group, count);
}

static void reaching_free(struct reaching *reaching)
{
    curve_free(&reaching->curve);
    free(reaching->work);
}

/* Where the curve reaches `metg->efficiency`. Draws whose smallest size reaches it count with that: the interval of a bound ends
 * beyond where some do not. 0 or -ENOMEM. */
static int reach(struct reaching *reaching, struct metg *metg)
{
    const struct curve *curve = &reaching->curve;
    struct quantity figures[FIGURES] = {{.n = curve->blocks}, {.n = curve->blocks}};
    struct stats_bootstrap from = {figures_of_draws, reaching, curve->blocks, FIGURES, CURVE_ROUNDS, 1};
    struct metg_point found;
    reaching->target = metg->efficiency;
    int status = stats_bootstrap_many(&from, figures);
    if (!status) status = curve_draw_all(&reaching->curve);
    if (status) return status;
    enum metg_outcome outcome = reach_drawn(reaching, &found);
    metg->reached = outcome != METG_NOT_REACHED;
    metg->bound = outcome == METG_BOUND;
    for (size_t i = 0; !metg->reached && i < FIGURES; i++) figures[i] = (struct quantity){NAN, NAN, NAN, figures[i].n};
    metg->granularity_ns = figures[FIGURE_GRANULARITY];
    metg->work_ns = figures[FIGURE_WORK];
    return 0;
}

static int metg_add(struct summary *summary, const struct cell **group, size_t count)
{
    struct metg made = {.cell = group[0], .smallest_ns = INFINITY, .largest_ns = NAN, .best_efficiency = NAN};
    struct reaching reaching;
    for (size_t i = 0; i < count; i++) {
        const struct quantity *quantity = parts_row(summary, group[i])->quantity;
        made.smallest_ns = fmin(made.smallest_ns, quantity[QUANTITY_task_ns].median);
        made.largest_ns = fmax(made.largest_ns, quantity[QUANTITY_task_ns].median);
        made.best_efficiency = fmax(made.best_efficiency, quantity[QUANTITY_efficiency].median);
    }
    if (!isfinite(made.smallest_ns)) return 0; /* failed or left out: nothing to say, nothing to draw */
    double asked = json_number_value(json_object_get(summary->run->manifest, "efficiency"));
    made.efficiency = asked > 0 && asked <= 1 ? asked : METG_EFFICIENCY;
    int status = reaching_make(&reaching, summary, group, count);
    if (!status) status = reach(&reaching, &made);
    reaching_free(&reaching);
    if (status) return status;
    struct metg *metg = parts_append(&summary->metgs, &summary->metg_count, sizeof *metg);
    if (metg) *metg = made;
    return metg ? 0 : -ENOMEM;
}

static bool sizes_differ(const struct cell **group, size_t count)
{
    size_t i = 1;
    while (i < count && group[i]->size == group[0]->size) i++;
    return i < count;
}

/* Of one runner and team, whose cells differ in the size and number of their tasks. */
static int sizes_add(struct summary *summary, const struct cell **group, size_t count)
{
    const struct cell *cell = group[0];
    bool custom = !strcmp(cell->study, "run"), pays = !strcmp(cell->study, "breakeven");
    int status = 0;
    if (parts_workers(cell) && !pays && sizes_differ(group, count)) status = metg_add(summary, group, count);
    return status || parts_workers(cell) < 2 || !(pays || custom) ? status : crossovers_add(summary, group, count);
}

int granularity_make(struct summary *summary)
{
    int status = parts_each_group(summary, CELLS_ANY_SIZE | CELLS_TASKS, sizes_add);
    if (!status) crossovers_mark_earliest(summary);
    return status;
}
