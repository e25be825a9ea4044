/* V11 and V12 in real processes: METG against the overhead that it stands for, and the task size from which a pool pays,
 * predicted from its costs and measured. */
#include "selftest.h"
#include "selftest_live.h"

#include "../results/stats.h"
#include "../runners/runner.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Size of a task of `kernel` that lasts task_ns, in proportion to one that was calibrated at 2 us. */
static double size_per_ns(struct live *live, const char *kernel, uint64_t tasks)
{
    const struct kernel_info_limits none = {0};
    struct kernel_info info;
    uint64_t size = 0;
    double task_ns = 1;
    if (!live->error) live->error = kernel_info_get(kernel, none, &info, live->why, sizeof live->why);
    if (!live->error)
        live->error = kernel_info_calibrate(&info, none, tasks, 1, 2000, &size, &task_ns, live->why, sizeof live->why);
    return (double)size / task_ns;
}

static uint64_t size_for(double per_ns, double task_ns)
{
    double size = round(per_ns * task_ns);
    return size < 1 ? 1 : (uint64_t)size;
}

/* ---- V11 ---- */

struct pool {
    const char *runner, *schedule, *name;
};
static const struct pool grain_pools[] = {
    {"forkpool", NULL, "forkpool map"}, {"openmp", "dynamic", "openmp dynamic"}, {"openmp", "tasks", "openmp tasks"}};
enum { GRAIN_POOLS = sizeof grain_pools / sizeof *grain_pools };

static uint64_t grain_tasks(double task_ns)
{
    double tasks = 4e6 / (task_ns + 40);
    return tasks < 1000 ? 1000 : (uint64_t)tasks;
}

static unsigned grain_cell(struct live *live, const struct pool *pool, unsigned baseline)
{
    const struct cell *serial = &live->cells[baseline];
    struct live_cell cell = {.kernel = "spin", .size = serial->size, .tasks = serial->tasks, .runner = pool->runner,
                             .workers = 2, .chunk = 1, .schedule = pool->schedule, .placement = "close",
                             .baseline = baseline};
    return live_cell(live, &cell);
}

/* METG by a ladder of task sizes: what `breakeven metg` does. work_ns: useful work there. NAN: not reached. */
static void ladder(struct selftest *test, double metg_ns[GRAIN_POOLS], double work_ns[GRAIN_POOLS], struct live *live)
{
    static const double rungs_ns[] = {4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048};
    struct summary summary;
    char why[256];
    live_open(live, test->seed);
    double per_ns = size_per_ns(live, "spin", 2000);
    for (size_t i = 0; i < sizeof rungs_ns / sizeof *rungs_ns; i++) {
        struct live_cell cell = {.kernel = "spin", .size = size_for(per_ns, rungs_ns[i]), .tasks = grain_tasks(rungs_ns[i])};
        unsigned serial = live_cell(live, &cell);
        for (size_t p = 0; p < GRAIN_POOLS; p++)
            if (runner_find(grain_pools[p].runner)) grain_cell(live, &grain_pools[p], serial);
    }
    live_blocks(live, test->quick ? 8 : 20, false, false);
    for (size_t p = 0; p < GRAIN_POOLS; p++) metg_ns[p] = work_ns[p] = NAN;
    if (live->error || (live->error = summary_make(&live->run, &summary, why, sizeof why))) return;
    for (size_t i = 0; i < summary.metg_count; i++)
        for (size_t p = 0; p < GRAIN_POOLS; p++) {
            const struct metg *metg = &summary.metgs[i];
            const char *schedule = grain_pools[p].schedule ? grain_pools[p].schedule : "default";
            if (!metg->reached || strcmp(metg->runner, grain_pools[p].runner) || strcmp(metg->schedule, schedule)) continue;
            metg_ns[p] = metg->granularity_ns.median;
            work_ns[p] = metg->work_ns.median;
        }
    summary_free(&summary);
}

/* Overhead per task in fresh repetitions of tasks of about that size. */
static void overheads(struct selftest *test, const double work_ns[GRAIN_POOLS], struct quantity overhead[GRAIN_POOLS],
                      struct live *live)
{
    unsigned cells[GRAIN_POOLS];
    struct summary summary;
    char why[256];
    live_open(live, test->seed + 1);
    double per_ns = size_per_ns(live, "spin", 2000);
    for (size_t p = 0; p < GRAIN_POOLS; p++) {
        if (isnan(work_ns[p])) continue;
        struct live_cell cell = {.kernel = "spin", .size = size_for(per_ns, work_ns[p]), .tasks = grain_tasks(work_ns[p])};
        cells[p] = grain_cell(live, &grain_pools[p], live_cell(live, &cell));
    }
    live_blocks(live, test->quick ? 8 : 20, false, false);
    if (live->error || (live->error = summary_make(&live->run, &summary, why, sizeof why))) return;
    for (size_t p = 0; p < GRAIN_POOLS; p++)
        if (!isnan(work_ns[p])) overhead[p] = summary.cells[cells[p]].quantity[QUANTITY_overhead_per_task_ns];
    summary_free(&summary);
}

void selftest_grain(struct selftest *test)
{
    double metg_ns[GRAIN_POOLS], work_ns[GRAIN_POOLS];
    struct quantity overhead[GRAIN_POOLS] = {{0}};
    struct live first, second;
    ladder(test, metg_ns, work_ns, &first);
    overheads(test, work_ns, overhead, &second);
    if (first.error) second.error = first.error, memcpy(second.why, first.why, sizeof second.why);
    for (size_t p = 0; p < GRAIN_POOLS; p++) {
        if (!runner_find(grain_pools[p].runner)) continue;
        struct selftest_row row = {.id = "V11", .wanted = "ratio 0.8-1.25"};
        double ratio = metg_ns[p] / (2 * overhead[p].median);
        snprintf(row.injected, sizeof row.injected, "METG(50 %%) of %s, and its overhead there in fresh repetitions",
                 grain_pools[p].name);
        snprintf(row.came_back, sizeof row.came_back, "METG %.1f ns, overhead %.1f ns [%.1f, %.1f]: METG/(2 x overhead) = "
                 "%.3f", metg_ns[p], overhead[p].median, overhead[p].low, overhead[p].high, ratio);
        live_judge(test, &second, &row, ratio >= 0.8 && ratio <= 1.25);
    }
    live_close(&first);
    live_close(&second);
}

/* ---- V12 ---- */

enum { PAY_TASKS = 64, PAY_RUNGS = 6 };
static const char *const pay_kernels[] = {"spin", "primes", "collatz", "mandelbrot", "nqueens", "ep", "matmul"};
static const char *const pay_runners[] = {"openmp", "forkpool"};
enum { PAY_KERNELS = sizeof pay_kernels / sizeof *pay_kernels, PAY_RUNNERS = sizeof pay_runners / sizeof *pay_runners };

/* The cells of one kernel and one runner: a ladder of task sizes, the last one long: it tells what two workers do. */
struct pay {
    unsigned empty, serial[PAY_RUNGS], team[PAY_RUNGS];
};

static double total_of(const struct live *live, unsigned cell, unsigned block)
{
    const struct sample *sample = live_sample(live, cell, block, false);
    return sample && sample->wall_ns > 0 ? (double)(sample->start_ns + sample->wall_ns + sample->stop_ns) : NAN;
}

static double median_of(const struct live *live, unsigned cell, bool total)
{
    double values[LIVE_BLOCKS];
    live_values(live, cell, LIVE_WALL, false, values);
    for (unsigned i = 0; total && i < live->blocks; i++) values[i] = total_of(live, cell, i);
    return stats_median(values, live->blocks).median;
}

/* N t = empty + N t/S: what an empty problem costs in all, and what two workers do with long tasks. */
static double predict(const struct live *live, const struct pay *pay)
{
    double speedup = median_of(live, pay->serial[PAY_RUNGS - 1], false) / median_of(live, pay->team[PAY_RUNGS - 1], false);
    return median_of(live, pay->empty, true) / (PAY_TASKS * (1 - 1 / speedup));
}

/* Where total/serial goes through 1: linear in the logarithms, between the rungs around it. */
static double crossing(const struct live *live, const struct pay *pay)
{
    double before_t = NAN, before_r = NAN;
    for (int i = 0; i < PAY_RUNGS; i++) {
        double ratios[LIVE_BLOCKS], serials[LIVE_BLOCKS];
        live_values(live, pay->serial[i], LIVE_WALL, false, serials);
        for (unsigned b = 0; b < live->blocks; b++) ratios[b] = log(total_of(live, pay->team[i], b) / serials[b]);
        double t = log(stats_median(serials, live->blocks).median / PAY_TASKS);
        double r = stats_median(ratios, live->blocks).median;
        if (before_r > 0 && r <= 0) return exp(before_t + (t - before_t) * before_r / (before_r - r));
        before_t = t, before_r = r;
    }
    return NAN;
}

/* Rungs around where the crossing is to be expected: half and twice it, and 12 times. */
static void pay_cells(struct live *live, const char *kernel, double around_ns, struct pay pays[PAY_RUNNERS])
{
    static const double rungs[PAY_RUNGS] = {0.35, 0.6, 1, 1.7, 2.9, 12};
    double per_ns = size_per_ns(live, kernel, PAY_TASKS);
    unsigned serial[PAY_RUNGS];
    struct live_cell empty = {.kernel = "empty", .size = 1, .tasks = PAY_TASKS};
    empty.baseline = live_cell(live, &empty);
    for (int i = 0; i < PAY_RUNGS; i++)
        serial[i] = live_cell(live, &(struct live_cell){.kernel = kernel, .tasks = PAY_TASKS,
                                                        .size = size_for(per_ns, rungs[i] * around_ns)});
    for (size_t p = 0; p < PAY_RUNNERS; p++) {
        struct live_cell cell = {.tasks = PAY_TASKS, .runner = pay_runners[p], .workers = 2, .chunk = 1,
                                 .schedule = p ? NULL : "dynamic", .placement = "close"};
        if (!runner_find(cell.runner)) continue;
        cell.kernel = "empty", cell.size = 1, cell.baseline = empty.baseline;
        pays[p].empty = live_cell(live, &cell);
        for (int i = 0; i < PAY_RUNGS; i++) {
            cell.kernel = kernel, cell.size = live->cells[serial[i]].size, cell.baseline = serial[i];
            pays[p].team[i] = live_cell(live, &cell);
            pays[p].serial[i] = serial[i];
        }
    }
}

/* What an empty problem costs here, roughly, to know where to look. */
static double look_around(struct selftest *test)
{
    struct live live;
    live_open(&live, test->seed);
    struct live_cell cell = {.kernel = "empty", .size = 1, .tasks = PAY_TASKS};
    cell.baseline = live_cell(&live, &cell);
    cell.runner = "openmp", cell.workers = 2, cell.placement = "close";
    unsigned team = live_cell(&live, &cell);
    live_blocks(&live, 6, false, false);
    double total_ns = live.error ? 5e5 : median_of(&live, team, true);
    live_close(&live);
    return 2 * total_ns / PAY_TASKS;
}

struct paid_off {
    unsigned kernels, within;
    double worst;
    char which[24];
};

static void note(struct paid_off *found, const char *kernel, double predicted, double measured)
{
    double off = fabs(predicted / measured - 1);
    found->kernels++;
    found->within += off <= 0.15;
    if (off <= found->worst) return;
    found->worst = off;
    snprintf(found->which, sizeof found->which, "%s", kernel);
}

void selftest_crossover(struct selftest *test)
{
    struct paid_off found[PAY_RUNNERS] = {{0}};
    struct live live;
    unsigned count = test->quick ? 1 : PAY_KERNELS;
    double around_ns = look_around(test);
    for (unsigned k = 0; k < count; k++) {
        struct pay pays[PAY_RUNNERS] = {{0}};
        live_open(&live, test->seed);
        pay_cells(&live, pay_kernels[k], around_ns, pays);
        live_blocks(&live, test->quick ? 10 : 30, false, false);
        for (size_t p = 0; p < PAY_RUNNERS && !live.error; p++)
            if (runner_find(pay_runners[p])) note(&found[p], pay_kernels[k], predict(&live, &pays[p]), crossing(&live, &pays[p]));
        if (k + 1 < count) live_close(&live);
    }
    for (size_t p = 0; p < PAY_RUNNERS; p++) {
        if (!runner_find(pay_runners[p])) continue;
        struct selftest_row row = {.id = "V12", .wanted = "within 15 % for at least 80 % of them"};
        snprintf(row.injected, sizeof row.injected, "the task size from which %s pays, %d tasks, 2 workers", pay_runners[p],
                 PAY_TASKS);
        snprintf(row.came_back, sizeof row.came_back, "predicted within 15 %% for %u of %u kernels; farthest off: %s, %.0f %%",
                 found[p].within, found[p].kernels, found[p].which, 100 * found[p].worst);
        live_judge(test, &live, &row, found[p].kernels == count && found[p].within >= 0.8 * count);
    }
    live_close(&live);
}
