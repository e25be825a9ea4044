/* tune_trial.c: one kernel: tune against the whole grid, judged in blocks that neither has seen. */
#include "tune_bench.h"

#include "../runners/runner.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { GRID_REPS_MAX = 5, BLOCKS_MAX = 40, BLOCKS_MIN = 12, TOP = 4, SLOTS = TOP + TUNE_RULES + 3 };

const char *const tune_rule_names[TUNE_RULES] = {"n/4p", "static", "guided"};

struct judge {
    struct tune_grid grid; /* first: the search's functions of the grid get this address */
    struct tune_record *record;
    unsigned first, block;                     /* record's id of the plan's cell 0 */
    double *medians, spent_s;                  /* of the grid's cells; of all measurements so far */
    unsigned slots[SLOTS], slot_count, blocks; /* cells held against each other; the last is a copy of the tuned one */
    double costs[SLOTS][BLOCKS_MAX];
};

/* One repetition, recorded. cost: INFINITY where it failed. */
static int take(struct judge *judge, unsigned cell, unsigned order, double *cost, double *spent_s)
{
    struct sample sample;
    int error = tune_grid_measure(&judge->grid, cell, judge->block, order, &sample, spent_s);
    if (error) return error;
    *cost = strcmp(sample.status, "ok") ? INFINITY : tune_grid_cost(TUNE_TIME, judge->grid.options->warm, &sample);
    judge->spent_s += *spent_s;
    sample.cell += judge->first;
    error = tune_record_sample(judge->record, &sample);
    sample_free(&sample);
    return error;
}

static int measure(void *context, const struct search_point *points, size_t count, double limit,
                   struct search_outcome *outcomes)
{
    struct judge *judge = context;
    (void)limit;
    for (size_t i = 0; i < count; i++) {
        int error =
            take(judge, tune_grid_cell(&judge->grid, &points[i]), (unsigned)i, &outcomes[i].cost, &outcomes[i].spent_s);
        if (error) return error;
        outcomes[i].failed = !isfinite(outcomes[i].cost);
    }
    judge->block++;
    return 0;
}

static int tune_it(struct judge *judge, struct tune_trial *trial, unsigned *tuned)
{
    struct search_space space;
    struct search_result result;
    tune_grid_space(&judge->grid, &space);
    space.measure = measure;
    space.context = judge;
    int error = search_run(&space, &search_defaults, &result);
    if (!error && result.recommended >= result.entry_count) error = -EIO;
    if (!error) *tuned = tune_grid_cell(&judge->grid, &result.entries[result.recommended].point);
    trial->search_s = result.spent_s;
    trial->measurements = result.measurements;
    search_free(&result);
    return error;
}

/* The whole grid in interleaved blocks, as often as fits `seconds`, at least once. */
static int measure_grid(struct judge *judge, double seconds, struct tune_trial *trial)
{
    const struct plan *plan = &judge->grid.plan;
    unsigned cells = plan->cell_count, reps = 0;
    unsigned *order = calloc(cells, sizeof *order);
    double *costs = calloc((size_t)cells * GRID_REPS_MAX, sizeof *costs), sum_s = 0;
    judge->medians = calloc(cells, sizeof *judge->medians);
    int error = order && costs && judge->medians ? 0 : -ENOMEM;
    while (!error && reps < GRID_REPS_MAX && (!reps || sum_s * (reps + 1) / reps < seconds)) {
        plan_order(plan->cells, cells, plan->protocol.seed, reps, order);
        for (unsigned i = 0; !error && i < cells; i++) {
            double spent_s = 0;
            error = take(judge, order[i], i, &costs[(size_t)order[i] * GRID_REPS_MAX + reps], &spent_s);
            sum_s += spent_s;
        }
        judge->block++;
        reps++;
    }
    for (unsigned i = 0; !error && i < cells; i++)
        judge->medians[i] = stats_median(&costs[(size_t)i * GRID_REPS_MAX], reps).median;
    free(order);
    free(costs);
    trial->points = cells;
    trial->grid_reps = reps;
    trial->grid_s = reps ? sum_s / reps * TUNE_GRID_REPETITIONS : NAN;
    return error;
}

static unsigned add_slot(struct judge *judge, unsigned cell)
{
    for (unsigned i = 0; i < judge->slot_count; i++)
        if (judge->slots[i] == cell) return i;
    judge->slots[judge->slot_count] = cell;
    return judge->slot_count++;
}

/* The cell of a rule of thumb: all cpus, by the first runner that has it; 0 where none has. */
static unsigned rule_cell(const struct tune_grid *grid, unsigned rule)
{
    static const char *const schedules[TUNE_RULES] = {"dynamic", "static", "guided"};
    const struct cell *cells = grid->plan.cells, *best = NULL;
    double wanted = fmax(1, (double)cells[0].tasks / (4.0 * grid->plan.cpus));
    for (unsigned i = 1; i < grid->plan.cell_count; i++) {
        const struct cell *cell = &cells[i];
        bool chunked = rule == TUNE_RULE_PYTHON;
        if (strcmp(cell->schedule, schedules[rule]) || cell->processes * cell->threads != grid->plan.cpus ||
            strcmp(cell->placement, "none") || (cell->chunk != 0) != chunked)
            continue;
        if (!best || (!strcmp(best->runner, cell->runner) && chunked &&
                      fabs(log((double)cell->chunk / wanted)) < fabs(log((double)best->chunk / wanted))))
            best = cell;
    }
    return best ? best->id : 0;
}

/* The grid's best few. */
static void add_top(struct judge *judge)
{
    for (unsigned n = 0; n < TOP; n++) {
        unsigned best = UINT_MAX;
        for (unsigned i = 0; i < judge->grid.plan.cell_count; i++) {
            bool taken = false;
            for (unsigned s = 0; s < judge->slot_count; s++) taken = taken || judge->slots[s] == i;
            if (!taken && isfinite(judge->medians[i]) && (best == UINT_MAX || judge->medians[i] < judge->medians[best]))
                best = i;
        }
        if (best != UINT_MAX) add_slot(judge, best);
    }
}

/* Fresh blocks of all slots, each in a rotated order. */
static int hold_out(struct judge *judge, double seconds)
{
    double began_s = judge->spent_s;
    int error = 0;
    for (judge->blocks = 0; !error && judge->blocks < BLOCKS_MAX; judge->blocks++) {
        if (judge->blocks >= BLOCKS_MIN && judge->blocks % 2 == 0 && judge->spent_s - began_s > seconds) break;
        for (unsigned i = 0; !error && i < judge->slot_count; i++) {
            unsigned slot = (i + judge->blocks) % judge->slot_count;
            double spent_s;
            error = take(judge, judge->slots[slot], i, &judge->costs[slot][judge->blocks], &spent_s);
        }
        judge->block++;
    }
    return error;
}

/* The even blocks choose whom to compare with, the odd ones compare: whoever is chosen by a measurement looks better in
 * it than he is. */
static double even_median(const struct judge *judge, unsigned slot)
{
    double values[BLOCKS_MAX];
    size_t n = 0;
    for (unsigned b = 0; b < judge->blocks; b += 2) values[n++] = judge->costs[slot][b];
    return stats_median(values, n).median;
}

static struct quantity odd_ratio(const struct judge *judge, unsigned a, unsigned b)
{
    double of_a[BLOCKS_MAX], of_b[BLOCKS_MAX];
    size_t n = 0;
    for (unsigned block = 1; block < judge->blocks; block += 2, n++) {
        of_a[n] = judge->costs[a][block];
        of_b[n] = judge->costs[b][block];
    }
    return stats_ratio(of_a, of_b, n);
}

static double regret(const struct judge *judge, unsigned slot, unsigned best)
{
    return judge->slots[slot] == judge->slots[best] ? 0 : odd_ratio(judge, slot, best).median - 1;
}

static void compare(const struct judge *judge, unsigned tuned, unsigned serial, const unsigned *rules,
                    struct tune_trial *trial)
{
    const struct cell *cells = judge->grid.plan.cells;
    unsigned best = 0, parallel = UINT_MAX, copy = judge->slot_count - 1;
    for (unsigned i = 0; i < copy; i++) {
        if (even_median(judge, i) < even_median(judge, best)) best = i;
        if (i != serial && (parallel == UINT_MAX || even_median(judge, i) < even_median(judge, parallel))) parallel = i;
    }
    trial->regret = regret(judge, tuned, best);
    trial->same = fabs(odd_ratio(judge, copy, tuned).median - 1);
    for (unsigned r = 0; r < TUNE_RULES; r++)
        trial->rules[r] = rules[r] == UINT_MAX ? NAN : regret(judge, rules[r], best);
    trial->serial_ns = stats_median(judge->costs[serial], judge->blocks).median;
    trial->serial_best = parallel != UINT_MAX && stats_verdict(odd_ratio(judge, parallel, serial)) == VERDICT_MORE;
    trial->stayed = judge->slots[tuned] == 0;
    tune_cell_name(&cells[judge->slots[best]], trial->best, sizeof trial->best);
    tune_cell_name(&cells[judge->slots[tuned]], trial->tuned, sizeof trial->tuned);
}

static int try_it(struct judge *judge, double seconds, struct tune_trial *trial)
{
    unsigned tuned_cell = 0, rules[TUNE_RULES];
    double cost, spent_s;
    int first = tune_record_cells(judge->record, &judge->grid.plan);
    if (first < 0) return first;
    judge->first = (unsigned)first;
    int error = take(judge, 0, 0, &cost, &spent_s); /* what all results are held against */
    judge->block++;
    if (!error) error = tune_it(judge, trial, &tuned_cell);
    double left_s = fmax(seconds - judge->spent_s, 1);
    if (!error) error = measure_grid(judge, 0.65 * left_s, trial);
    if (error) return error;
    unsigned serial = add_slot(judge, 0), tuned = add_slot(judge, tuned_cell);
    for (unsigned r = 0; r < TUNE_RULES; r++) {
        unsigned cell = rule_cell(&judge->grid, r);
        rules[r] = cell ? add_slot(judge, cell) : UINT_MAX;
    }
    add_top(judge);
    judge->slots[judge->slot_count++] = tuned_cell;
    error = hold_out(judge, 0.35 * left_s);
    if (!error) compare(judge, tuned, serial, rules, trial);
    return error;
}

int tune_trial_run(const struct options *options, const struct limits *limits, struct tune_record *record,
                   double seconds, struct tune_trial *trial, char *why, size_t why_size)
{
    struct judge *judge = calloc(1, sizeof *judge);
    *trial = (struct tune_trial){.regret = NAN};
    if (!judge) return -ENOMEM;
    judge->record = record;
    int error = tune_grid_open(&judge->grid, options, limits, why, why_size);
    if (!error) error = tune_grid_index(&judge->grid);
    if (!error) {
        const struct cell *serial = &judge->grid.plan.cells[0];
        snprintf(trial->kernel, sizeof trial->kernel, "%s", serial->label);
        trial->tasks = serial->tasks;
        trial->task_ns = judge->grid.plan.extra[0].task_ns;
        error = try_it(judge, seconds, trial);
        if (error && *judge->grid.why) snprintf(why, why_size, "%s", judge->grid.why);
    }
    free(judge->medians);
    tune_grid_close(&judge->grid);
    free(judge);
    return error;
}
