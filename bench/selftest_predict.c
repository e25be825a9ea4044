/* V11 and V12 in real processes: METG against the overhead that it stands for, and the task size from which a pool
 * pays, predicted from its costs and measured. */
#include "selftest.h"
#include "selftest_live.h"

#include "../results/stats.h"
#include "../runners/runner.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
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

enum { RUNGS = 11 };
static const double rungs_ns[RUNGS] = {4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096};

/* The ladder of task sizes of `breakeven metg`: for each rung the serial cell and one of each pool. */
struct ladder {
    unsigned serial[RUNGS], cells[RUNGS][GRAIN_POOLS];
};

static void ladder_cells(struct live *live, struct ladder *ladder)
{
    double per_ns = size_per_ns(live, "spin", 2000);
    for (size_t i = 0; i < RUNGS; i++) {
        struct live_cell cell = {
            .kernel = "spin", .size = size_for(per_ns, rungs_ns[i]), .tasks = grain_tasks(rungs_ns[i])};
        cell.baseline = ladder->serial[i] = live_cell(live, &cell);
        cell.workers = 2, cell.chunk = 1, cell.placement = "close";
        for (size_t p = 0; p < GRAIN_POOLS; p++) {
            cell.runner = grain_pools[p].runner, cell.schedule = grain_pools[p].schedule;
            if (runner_find(cell.runner)) ladder->cells[i][p] = live_cell(live, &cell);
        }
    }
}

/* The summary of every second block's undisturbed samples, from `parity` on: two halves of one run know nothing of each other's samples. */
static bool half_summary(const struct live *live, unsigned parity, struct run *half, struct summary *summary)
{
    char why[256];
    *half = live->run;
    half->sample_count = 0;
    half->samples = calloc(live->run.sample_count + 1, sizeof *half->samples);
    for (size_t i = 0; half->samples && i < live->run.sample_count; i++)
        if (live->run.samples[i].block % 2 == parity && !live->run.samples[i].suspect[0])
            half->samples[half->sample_count++] = live->run.samples[i];
    if (half->samples && !summary_make(half, summary, why, sizeof why)) return true;
    free(half->samples);
    return false;
}

/* Overhead per task of pool p where a task's work is work_ns: linear in the logarithm between the rungs around it. */
static double overhead_at(const struct summary *summary, const struct ladder *ladder, size_t p, double work_ns)
{
    double before_w = NAN, before_o = NAN;
    for (size_t i = 0; i < RUNGS; i++) {
        double w = summary->cells[ladder->serial[i]].quantity[QUANTITY_task_ns].median;
        double o = summary->cells[ladder->cells[i][p]].quantity[QUANTITY_overhead_per_task_ns].median;
        if (isnan(o)) continue; /* no undisturbed sample */
        if (before_w <= work_ns && work_ns <= w)
            return before_o + (o - before_o) * log(work_ns / before_w) / log(w / before_w);
        before_w = w, before_o = o;
    }
    return NAN;
}

static const struct metg *metg_of(const struct summary *summary, size_t p)
{
    const char *schedule = grain_pools[p].schedule ? grain_pools[p].schedule : "default";
    for (size_t i = 0; i < summary->metg_count; i++) {
        const struct metg *metg = &summary->metgs[i];
        if (!strcmp(metg->runner, grain_pools[p].runner) && !strcmp(metg->schedule, schedule)) return metg;
    }
    return NULL;
}

/* Enough undisturbed samples of each cell for both halves. */
static bool ladder_enough(const struct live *live, void *context)
{
    (void)context;
    for (unsigned cell = 0; cell < live->run.cell_count; cell++) {
        unsigned good = 0;
        for (size_t i = 0; i < live->run.sample_count; i++)
            good += live->run.samples[i].cell == cell && !live->run.samples[i].suspect[0];
        if (good < 20) return false;
    }
    return true;
}

static void grain_row(struct selftest *test, const struct live *live, const struct ladder *ladder, size_t p,
                      const struct summary halves[2])
{
    struct selftest_row row = {.id = "V11", .wanted = "ratio 0.8-1.25"};
    const struct metg *metg = halves ? metg_of(&halves[0], p) : NULL;
    double overhead = metg && metg->reached ? overhead_at(&halves[1], ladder, p, metg->work_ns.median) : NAN,
           ratio = NAN;
    if (metg) ratio = metg->granularity_ns.median / (2 * overhead);
    snprintf(row.injected, sizeof row.injected, "METG(50 %%) of %s; its overhead there, from other blocks",
             grain_pools[p].name);
    snprintf(row.came_back, sizeof row.came_back, "METG %.1f ns, overhead %.1f ns: METG/(2 x overhead) = %.3f",
             metg ? metg->granularity_ns.median : NAN, overhead, ratio);
    live_judge(test, live, &row, ratio >= 0.8 && ratio <= 1.25);
}

void selftest_grain(struct selftest *test)
{
    struct live live;
    struct ladder ladder = {.serial = {0}};
    struct run run[2];
    struct summary halves[2];
    live_open(&live, test);
    ladder_cells(&live, &ladder);
    live_until(&live, test->quick ? 12 : 24, test->quick ? 12 : LIVE_BLOCKS, false, ladder_enough, NULL);
    bool first = !live.error && half_summary(&live, 0, &run[0], &halves[0]);
    bool both = first && half_summary(&live, 1, &run[1], &halves[1]);
    for (size_t p = 0; p < GRAIN_POOLS; p++)
        if (runner_find(grain_pools[p].runner)) grain_row(test, &live, &ladder, p, both ? halves : NULL);
    for (int i = 0; i < 2; i++)
        if (i ? both : first) {
            summary_free(&halves[i]);
            free(run[i].samples);
        }
    live_close(&live);
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

/* N t = empty + N t/S: what an empty problem costs in all, and what two workers do with long tasks. An empty run phase is
 * too short for marks of disturbance to mean much: all of its samples count. */
static double predict(const struct live *live, const struct pay *pay)
{
    struct live all = *live;
    all.undisturbed = false;
    double speedup =
        median_of(live, pay->serial[PAY_RUNGS - 1], false) / median_of(live, pay->team[PAY_RUNGS - 1], false);
    return median_of(&all, pay->empty, true) / (PAY_TASKS * (1 - 1 / speedup));
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

/* Rungs around where the crossing is to be expected, and a long one. */
static void pay_cells(struct live *live, const char *kernel, const double around_ns[PAY_RUNNERS],
                      struct pay pays[PAY_RUNNERS])
{
    static const double rungs[PAY_RUNGS] = {0.25, 0.5, 1, 2, 4, 16};
    double per_ns = size_per_ns(live, kernel, PAY_TASKS);
    struct live_cell empty = {.kernel = "empty", .size = 1, .tasks = PAY_TASKS};
    empty.baseline = live_cell(live, &empty);
    for (size_t p = 0; p < PAY_RUNNERS; p++) {
        struct live_cell team = {.tasks = PAY_TASKS,
                                 .runner = pay_runners[p],
                                 .workers = 2,
                                 .chunk = 1,
                                 .schedule = p ? NULL : "dynamic",
                                 .placement = "close"};
        if (!runner_find(team.runner)) continue;
        team.kernel = "empty", team.size = 1, team.baseline = empty.baseline;
        pays[p].empty = live_cell(live, &team);
        team.kernel = kernel;
        for (int i = 0; i < PAY_RUNGS; i++) {
            team.size = size_for(per_ns, rungs[i] * around_ns[p]);
            struct live_cell serial = {.kernel = kernel, .tasks = PAY_TASKS, .size = team.size};
            team.baseline = pays[p].serial[i] = live_cell(live, &serial);
            pays[p].team[i] = live_cell(live, &team);
        }
    }
}

/* Where to look: a pool with two workers should pay where N t is twice what an empty problem costs in all. */
static void look_around(struct selftest *test, double around_ns[PAY_RUNNERS])
{
    struct live live;
    unsigned teams[PAY_RUNNERS] = {0};
    double totals[LIVE_BLOCKS];
    live_open(&live, test);
    struct live_cell cell = {.kernel = "empty", .size = 1, .tasks = PAY_TASKS};
    cell.baseline = live_cell(&live, &cell);
    cell.workers = 2, cell.placement = "close";
    for (size_t p = 0; p < PAY_RUNNERS; p++)
        if (runner_find(cell.runner = pay_runners[p])) teams[p] = live_cell(&live, &cell);
    live_blocks(&live, 10, false, false);
    for (size_t p = 0; p < PAY_RUNNERS; p++) {
        around_ns[p] = 1e4;
        if (live.error || !runner_find(pay_runners[p])) continue;
        for (unsigned b = 0; b < live.blocks; b++) totals[b] = total_of(&live, teams[p], b);
        around_ns[p] = 2 * stats_quantile(totals, live.blocks, 0.25) / PAY_TASKS;
    }
    live_close(&live);
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
    double around_ns[PAY_RUNNERS];
    look_around(test, around_ns);
    for (unsigned k = 0; k < count; k++) {
        struct pay pays[PAY_RUNNERS] = {{0}};
        live_open(&live, test);
        live.undisturbed = true;
        pay_cells(&live, pay_kernels[k], around_ns, pays);
        live_blocks(&live, test->quick ? 10 : 40, false, false);
        for (size_t p = 0; p < PAY_RUNNERS && !live.error; p++)
            if (runner_find(pay_runners[p]))
                note(&found[p], pay_kernels[k], predict(&live, &pays[p]), crossing(&live, &pays[p]));
        if (k + 1 < count) live_close(&live);
    }
    for (size_t p = 0; p < PAY_RUNNERS; p++) {
        if (!runner_find(pay_runners[p])) continue;
        struct selftest_row row = {.id = "V12", .wanted = "within 15 % for at least 80 % of them"};
        snprintf(row.injected, sizeof row.injected, "the task size from which %s pays, %d tasks, 2 workers",
                 pay_runners[p], PAY_TASKS);
        snprintf(row.came_back, sizeof row.came_back,
                 "predicted within 15 %% for %u of %u kernels; farthest off: %s, %.0f %%", found[p].within,
                 found[p].kernels, found[p].which, 100 * found[p].worst);
        live_judge(test, &live, &row, found[p].kernels == count && found[p].within >= 0.8 * count);
    }
    live_close(&live);
}
