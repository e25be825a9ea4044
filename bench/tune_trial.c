/* tune_trial.c: one kernel: tune against the whole grid, judged in blocks that neither has seen. */
#include "tune_bench.h"

#include "../runners/runner.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { GRID_REPS_MAX = 3, TOP = 12, ROUND = 6, ROUND_MIN = 3, FIELD_MAX = TOP + TUNE_RULES + 4 };
enum { BLOCKS_ALL = 12, BLOCKS_MIN = 40, BLOCKS_MAX = 120 }; /* of all that is compared; of the regret alone */
static const double PRECISION = 0.04; /* of an interval's width: narrower than what is asked of the regrets */
/* Where a repetition takes longer (large inputs and results), there is less work, but no less than this share. */
static const double REPETITION_S = 0.025, LEAST_WORK = 0.2;
static const double GRID_SHARE = 0.4, CONTEST_SHARE = 0.5; /* of the time that is left */

const char *const tune_rule_names[TUNE_RULES] = {"n/4p", "static", "guided"};

/* Cells held against each other in the same blocks. */
struct field {
    unsigned cells[FIELD_MAX], count, blocks;
    double costs[FIELD_MAX][BLOCKS_MAX]; /* 0: not taken in this block */
};

struct judge {
    struct tune_grid grid; /* first: the search's functions of the grid get this address */
    struct tune_record *record;
    unsigned first, block;    /* record's id of the plan's cell 0 */
    double *medians, spent_s; /* of the grid's cells; of all measurements so far */
    double *serial_ns;        /* every run phase of the serial loop, for how steady the machine was */
    size_t serial_count;
    double tuned_ns; /* the recommendation in the search's fresh blocks */
    struct field contest, comparison;
};

/* One repetition, recorded. cost: INFINITY where it failed. */
static int take(struct judge *judge, unsigned cell, unsigned order, double *cost, double *spent_s)
{
    struct sample sample;
    int error = tune_grid_measure(&judge->grid, cell, judge->block, order, &sample, spent_s);
    if (error) return error;
    *cost = strcmp(sample.status, "ok") ? INFINITY : tune_grid_cost(TUNE_TIME, judge->grid.options->warm, &sample);
    judge->spent_s += *spent_s;
    if (!cell && isfinite(*cost)) {
        double *grown = realloc(judge->serial_ns, (judge->serial_count + 1) * sizeof *grown);
        if (grown) judge->serial_ns = grown, grown[judge->serial_count++] = *cost;
    }
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
    trial->swing = result.shift;
    if (!error) judge->tuned_ns = result.entries[result.recommended].cost.median;
    search_free(&result);
    return error;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The whole grid in interleaved blocks, as often as fits `seconds`, at least once. A cell's figure is its lower median:
 * one spike of two or three does not hide it. */
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
    for (unsigned i = 0; !error && i < cells; i++) {
        qsort(&costs[(size_t)i * GRID_REPS_MAX], reps, sizeof *costs, by_value);
        judge->medians[i] = costs[(size_t)i * GRID_REPS_MAX + (reps - 1) / 2];
    }
    free(order);
    free(costs);
    trial->points = cells;
    trial->grid_reps = reps;
    trial->grid_s = reps ? sum_s / reps * TUNE_GRID_REPETITIONS : NAN;
    return error;
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

static unsigned field_find(const struct field *field, unsigned cell)
{
    unsigned at = 0;
    while (at < field->count && field->cells[at] != cell) at++;
    return at;
}

static void field_add(struct field *field, unsigned cell)
{
    if (field_find(field, cell) == field->count) field->cells[field->count++] = cell;
}

/* One block of the first `count` of the field, in an order that rotates. */
static int field_take(struct judge *judge, struct field *field, unsigned count)
{
    int error = 0;
    for (unsigned i = 0; !error && i < count; i++) {
        unsigned at = (i + field->blocks) % count;
        double spent_s;
        error = take(judge, field->cells[at], i, &field->costs[at][field->blocks], &spent_s);
    }
    judge->block++;
    field->blocks++;
    return error;
}

static struct quantity field_ratio(const struct field *field, unsigned a, unsigned b)
{
    double of_a[BLOCKS_MAX], of_b[BLOCKS_MAX];
    size_t n = 0;
    for (unsigned block = 0; block < field->blocks; block++) {
        if (!(field->costs[a][block] > 0) || !(field->costs[b][block] > 0)) continue;
        of_a[n] = field->costs[a][block];
        of_b[n++] = field->costs[b][block];
    }
    return stats_ratio(of_a, of_b, n);
}

/* The contest: who is the best that anybody found? */

/* How a member compares with the others of its blocks: the median over these of its cost over the block's median. */
static double standing(const struct field *field, unsigned member)
{
    double values[BLOCKS_MAX], others[FIELD_MAX];
    for (unsigned block = 0; block < field->blocks; block++) {
        for (unsigned i = 0; i < field->count; i++) others[i] = field->costs[i][block];
        values[block] = field->costs[member][block] / stats_median(others, field->count).median;
    }
    return stats_median(values, field->blocks).median;
}

/* Those who stand best in front; no more than `keep` of them stay in the field. */
static void narrow(struct field *field, unsigned keep)
{
    double standings[FIELD_MAX];
    for (unsigned i = 0; i < field->count; i++) standings[i] = standing(field, i);
    for (unsigned i = 1; i < field->count; i++)
        for (unsigned j = i; j > 0 && standings[j] < standings[j - 1]; j--) {
            double standing = standings[j], costs[BLOCKS_MAX];
            unsigned cell = field->cells[j];
            memcpy(costs, field->costs[j], sizeof costs);
            memcpy(field->costs[j], field->costs[j - 1], sizeof costs);
            memcpy(field->costs[j - 1], costs, sizeof costs);
            standings[j] = standings[j - 1], field->cells[j] = field->cells[j - 1];
            standings[j - 1] = standing, field->cells[j - 1] = cell;
        }
    if (field->count > keep) field->count = keep;
}

/* The grid's best few. */
static void add_top(const struct judge *judge, struct field *field)
{
    for (unsigned n = 0; n < TOP; n++) {
        unsigned best = UINT_MAX;
        for (unsigned i = 0; i < judge->grid.plan.cell_count; i++)
            if (field_find(field, i) == field->count && isfinite(judge->medians[i]) &&
                (best == UINT_MAX || judge->medians[i] < judge->medians[best]))
                best = i;
        if (best != UINT_MAX) field_add(field, best);
    }
}

/* With more than one worker: one that a serial loop is held against. The grid's 0 where there is none. */
static unsigned best_parallel(const struct judge *judge, const unsigned *cells, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        const struct cell *cell = &judge->grid.plan.cells[cells[i]];
        if (cell->processes * cell->threads > 1) return cells[i];
    }
    return 0;
}

/* In fresh blocks, the half that stands worse leaving after each round, until two are left: the best first. *parallel
 * receives the best one of the first round with more than one worker. */
static int hold_contest(struct judge *judge, double seconds, unsigned *parallel)
{
    struct field *field = &judge->contest;
    double until_s = judge->spent_s + seconds;
    unsigned all = field->count;
    int error = 0;
    do {
        for (unsigned n = 0; !error && n < ROUND && (n < ROUND_MIN || judge->spent_s < until_s); n++)
            error = field_take(judge, field, field->count);
        bool first = field->count == all;
        narrow(field, field->count > 4 ? (field->count + 1) / 2 : 2);
        if (first) *parallel = best_parallel(judge, field->cells, all);
    } while (!error && field->count > 2);
    return error;
}

/* The comparison, in blocks that nobody has been chosen by */

struct contestants {
    unsigned tuned, best, parallel, rules[TUNE_RULES]; /* cells; a rule that no runner has: 0 */
};

/* A few blocks of everybody, then blocks of the recommendation and the best until the regret's interval is narrow. */
static int compare(struct judge *judge, const struct contestants *who, double seconds)
{
    struct field *field = &judge->comparison;
    double until_s = judge->spent_s + seconds;
    field_add(field, who->tuned);
    field_add(field, who->best);
    unsigned two = field->count;
    field_add(field, 0);
    field_add(field, who->parallel);
    field->cells[field->count++] = who->tuned; /* the copy: how much of a regret is noise */
    for (unsigned r = 0; r < TUNE_RULES; r++)
        if (who->rules[r]) field_add(field, who->rules[r]);
    int error = 0;
    while (!error && field->blocks < BLOCKS_MAX) {
        struct quantity ratio = field_ratio(field, field_find(field, who->best), 0);
        bool narrow = ratio.high - ratio.low<PRECISION, late = judge->spent_s> until_s;
        if (field->blocks >= BLOCKS_ALL && (narrow || (late && field->blocks >= BLOCKS_MIN))) break;
        error = field_take(judge, field, field->blocks < BLOCKS_ALL ? field->count : two);
    }
    return error;
}

static struct quantity regret_of(const struct field *field, unsigned cell, unsigned best)
{
    struct quantity ratio = field_ratio(field, field_find(field, cell), field_find(field, best));
    return (struct quantity){ratio.median - 1, ratio.low - 1, ratio.high - 1, ratio.n};
}

/* How much the machine changed, whatever that did to the regret: the serial loop's 90th over its 10th percentile in all
 * of the trial, or the recommendation now over what it was in the search; above 1. */
static double swing(const struct judge *judge)
{
    double serial = stats_quantile(judge->serial_ns, judge->serial_count, 0.9) /
                    stats_quantile(judge->serial_ns, judge->serial_count, 0.1);
    double tuned = stats_median(judge->comparison.costs[0], judge->comparison.blocks).median / judge->tuned_ns;
    return fmax(serial, fmax(tuned, 1 / tuned));
}

static void conclude(const struct judge *judge, const struct contestants *who, struct tune_trial *trial)
{
    const struct cell *cells = judge->grid.plan.cells;
    const struct field *field = &judge->comparison;
    unsigned serial = field_find(field, 0), copy = field_find(field, who->tuned) + 1;
    while (field->cells[copy] != who->tuned) copy++;
    trial->regret = regret_of(field, who->tuned, who->best);
    trial->same = fabs(field_ratio(field, copy, 0).median - 1);
    for (unsigned r = 0; r < TUNE_RULES; r++)
        trial->rules[r] = who->rules[r] ? regret_of(field, who->rules[r], who->best).median : NAN;
    trial->serial_ns = stats_median(field->costs[serial], BLOCKS_ALL).median;
    trial->serial_best = stats_verdict(field_ratio(field, field_find(field, who->parallel), serial)) == VERDICT_MORE &&
                         stats_verdict(field_ratio(field, field_find(field, who->best), serial)) != VERDICT_LESS;
    trial->stayed = who->tuned == 0;
    trial->swing = fmax(trial->swing, swing(judge));
    tune_cell_name(&cells[who->best], trial->best, sizeof trial->best);
    tune_cell_name(&cells[who->tuned], trial->tuned, sizeof trial->tuned);
}

static int try_it(struct judge *judge, double seconds, struct tune_trial *trial)
{
    struct contestants who = {0};
    struct field *contest = &judge->contest;
    double cost, spent_s;
    int first = tune_record_cells(judge->record, &judge->grid.plan);
    if (first < 0) return first;
    judge->first = (unsigned)first;
    int error = take(judge, 0, 0, &cost, &spent_s); /* what all results are held against */
    judge->block++;
    if (!error) error = tune_it(judge, trial, &who.tuned);
    if (!error) error = measure_grid(judge, GRID_SHARE * (seconds - judge->spent_s), trial);
    if (error) return error;
    field_add(contest, 0);
    field_add(contest, who.tuned);
    for (unsigned r = 0; r < TUNE_RULES; r++)
        if ((who.rules[r] = rule_cell(&judge->grid, r))) field_add(contest, who.rules[r]);
    add_top(judge, contest);
    error = hold_contest(judge, CONTEST_SHARE * (seconds - judge->spent_s), &who.parallel);
    if (error) return error;
    who.best = contest->cells[0];
    error = compare(judge, &who, seconds - judge->spent_s);
    if (!error) conclude(judge, &who, trial);
    return error;
}

/* The grid, and how long a repetition of its serial loop takes with all that is before and after the run phase: the
 * shorter of two. */
static int open_grid(struct judge *judge, const struct options *options, const struct limits *limits, double *serial_s,
                     char *why, size_t why_size)
{
    int error = tune_grid_open(&judge->grid, options, limits, why, why_size);
    if (!error) error = tune_grid_index(&judge->grid);
    *serial_s = INFINITY;
    for (unsigned i = 0; !error && i < 2; i++) {
        struct sample sample;
        double spent_s;
        error = tune_grid_measure(&judge->grid, 0, 0, 0, &sample, &spent_s);
        if (!error) sample_free(&sample);
        *serial_s = fmin(*serial_s, spent_s);
    }
    return error;
}

int tune_trial_run(const struct options *options, const struct limits *limits, struct tune_record *record,
                   double seconds, struct tune_trial *trial, char *why, size_t why_size)
{
    struct judge *judge = calloc(1, sizeof *judge);
    struct options asked = *options;
    double serial_s;
    *trial = (struct tune_trial){0};
    if (!judge) return -ENOMEM;
    judge->record = record;
    int error = open_grid(judge, &asked, limits, &serial_s, why, why_size);
    if (!error && serial_s > REPETITION_S && !options_given(options, "work") && !options->tasks.count) {
        asked.work_ns = (uint64_t)((double)asked.work_ns * fmax(REPETITION_S / serial_s, LEAST_WORK));
        tune_grid_close(&judge->grid);
        error = open_grid(judge, &asked, limits, &serial_s, why, why_size);
    }
    if (!error) {
        const struct cell *serial = &judge->grid.plan.cells[0];
        snprintf(trial->kernel, sizeof trial->kernel, "%s", serial->label);
        trial->tasks = serial->tasks;
        trial->task_ns = judge->grid.plan.extra[0].task_ns;
        error = try_it(judge, seconds, trial);
    }
    if (error && *judge->grid.why) snprintf(why, why_size, "%s", judge->grid.why);
    free(judge->medians);
    free(judge->serial_ns);
    tune_grid_close(&judge->grid);
    free(judge);
    return error;
}
