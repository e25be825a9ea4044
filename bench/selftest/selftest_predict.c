/* SPDX-License-Identifier: GPL-3.0-or-later */
/* V11 and V12 in real processes: METG against the overhead that it stands for, and the task size from which a pool
 * pays, predicted from its costs and measured. */
#include "bench/selftest/selftest.h"

#include "kernels/reason.h"
#include "results/statistics/models.h"
#include "results/statistics/stats.h"
#include "runners/runner.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Size of a task of the cell's kernel for each ns, from one that was calibrated. */
static double size_per_ns(struct live *live, const struct live_cell *near)
{
    struct kernel_task task = live_calibrate(live, near);
    return (double)task.size / task.task_ns;
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
enum { GRAIN_POOLS = 3 };
static const struct pool grain_pools[GRAIN_POOLS] = {
    {"forkpool", NULL, "forkpool map"}, {"openmp", "dynamic", "openmp dynamic"}, {"openmp", "tasks", "openmp tasks"}};
static const struct pool grain_ranks[] = {{"mpi", "dynamic", "mpi dynamic"}};

/* About 4 ms of them, or 1000; with --quick half of that. */
static uint64_t grain_tasks(const struct selftest *test, double task_ns)
{
    double tasks = (test->quick ? 2e6 : 4e6) / (task_ns + 40), least = test->quick ? 500 : 1000;
    return tasks < least ? (uint64_t)least : (uint64_t)tasks;
}

enum { RUNGS = 11, RANKS_RUNG = 2 };
static const double rungs_ns[RUNGS] = {4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096};

/* The ladder of task sizes of `breakeven metg`: for each rung the serial cell and one of each pool. */
struct ladder {
    const struct pool *pools;
    size_t count;   /* of them */
    unsigned first; /* rung: a start of ranks takes a second, so they leave out those well below their METG */
    unsigned serial[RUNGS], cells[RUNGS][GRAIN_POOLS];
};

static void ladder_cells(const struct selftest *test, struct live *live, struct ladder *ladder)
{
    double per_ns = size_per_ns(live, &(struct live_cell){.kernel = "spin", .tasks = 2000, .task_ns = 2000});
    for (size_t i = ladder->first; i < RUNGS; i++) {
        struct live_cell cell = {
            .kernel = "spin", .size = size_for(per_ns, rungs_ns[i]), .tasks = grain_tasks(test, rungs_ns[i])};
        cell.baseline = ladder->serial[i] = live_cell(live, &cell);
        cell.workers = 2, cell.chunk = 1, cell.placement = "close";
        for (size_t p = 0; p < ladder->count; p++) {
            cell.runner = ladder->pools[p].runner, cell.schedule = ladder->pools[p].schedule;
            ladder->cells[i][p] = live_cell(live, &cell);
        }
    }
}

/* The summary of the undisturbed samples of every second pair of blocks, from `parity` on: two halves of one run know
 * nothing of each other's samples, and each has both orders of a pair. */
static bool half_summary(const struct live *live, unsigned parity, struct run *half, struct summary *summary)
{
    struct reason why = {""};
    *half = live->run;
    half->sample_count = 0;
    half->samples = calloc(live->run.sample_count + 1, sizeof *half->samples);
    for (size_t i = 0; half->samples && i < live->run.sample_count; i++)
        if (live->run.samples[i].block / 2 % 2 == parity && !live->run.samples[i].suspect[0])
            half->samples[half->sample_count++] = live->run.samples[i];
    if (half->samples && !summary_make(half, summary, &why)) return true;
    free(half->samples);
    return false;
}

/* Overhead per task of pool p where a task's work is work_ns: linear in the logarithm between the rungs around it. */
static double overhead_at(const struct summary *summary, const struct ladder *ladder, size_t p, double work_ns)
{
    double before_w = NAN, before_o = NAN;
    for (size_t i = ladder->first; i < RUNGS; i++) {
        double w = summary->cells[ladder->serial[i]].quantity[QUANTITY_task_ns].median;
        double o = summary->cells[ladder->cells[i][p]].quantity[QUANTITY_overhead_per_task_ns].median;
        if (isnan(o)) continue; /* no undisturbed sample */
        if (before_w <= work_ns && work_ns <= w)
            return before_o + (o - before_o) * log(work_ns / before_w) / log(w / before_w);
        before_w = w, before_o = o;
    }
    return NAN;
}

static const struct metg *metg_of(const struct summary *summary, const struct pool *pool)
{
    const char *schedule = pool->schedule ? pool->schedule : "default";
    for (size_t i = 0; i < summary->metg_count; i++) {
        const struct metg *metg = &summary->metgs[i];
        if (!strcmp(metg->cell->runner, pool->runner) && !strcmp(metg->cell->schedule, schedule)) return metg;
    }
    return NULL;
}

/* Enough undisturbed samples of each cell for both halves? */
static bool ladder_filled(const struct live *live)
{
    const unsigned FEWEST = 20;
    for (unsigned cell = 0; cell < live->run.cell_count; cell++) {
        unsigned good = 0;
        for (size_t i = 0; i < live->run.sample_count; i++)
            good += live->run.samples[i].cell == cell && !live->run.samples[i].suspect[0];
        if (good < FEWEST) return false;
    }
    return true;
}

/* And is each METG of either half known to about 12 %, half of what is wanted of their ratio? Looked at in every eighth
 * block, since it takes a while. */
static bool ladder_enough(const struct live *live, void *context)
{
    const struct ladder *ladder = context;
    bool narrow = live->blocks % 8 == 0 && ladder_filled(live);
    for (unsigned parity = 0; narrow && parity < 2; parity++) {
        struct run run;
        struct summary summary;
        if (!half_summary(live, parity, &run, &summary)) return false;
        for (size_t p = 0; p < ladder->count; p++) {
            const struct metg *metg = metg_of(&summary, &ladder->pools[p]);
            narrow = narrow && metg && metg->granularity_ns.high <= 1.25 * metg->granularity_ns.low;
        }
        summary_free(&summary);
        free(run.samples);
    }
    return narrow;
}

/* The METG of one half over twice the overhead there in the other; NAN where one is missing. */
static double grain_ratio(const struct summary *mine, const struct summary *other, const struct ladder *ladder,
                          size_t p, double *metg_ns, double *overhead_ns)
{
    const struct metg *metg = metg_of(mine, &ladder->pools[p]);
    if (!metg || !metg->reached) return NAN;
    *metg_ns = metg->granularity_ns.median;
    *overhead_ns = overhead_at(other, ladder, p, metg->work_ns.median);
    return *metg_ns / (2 * *overhead_ns);
}

/* Both ways round, and of the two ratios the geometric mean: a machine that was slower during one half's blocks makes
 * one of them larger and the other smaller, and a mistake in METG or overhead shows in both. */
static void grain_row(struct selftest *test, const struct live *live, const struct ladder *ladder, size_t p,
                      const struct summary halves[2])
{
    struct selftest_row row = {.id = "V11", .wanted = "ratio 0.8-1.25"};
    double metg[2] = {NAN, NAN}, overhead[2] = {NAN, NAN}, ratio = NAN;
    if (halves)
        ratio = sqrt(grain_ratio(&halves[0], &halves[1], ladder, p, &metg[0], &overhead[0]) *
                     grain_ratio(&halves[1], &halves[0], ladder, p, &metg[1], &overhead[1]));
    snprintf(row.injected, sizeof row.injected, "METG(50 %%) of %s; its overhead there, from other blocks",
             ladder->pools[p].name);
    snprintf(row.came_back, sizeof row.came_back,
             "METG %.1f and %.1f ns, overhead %.1f and %.1f ns: METG/(2 x overhead) = %.3f", metg[0], metg[1],
             overhead[0], overhead[1], ratio);
    live_judge(test, live, &row, ratio >= 0.8 && ratio <= 1.25);
}

/* Between `fewest` and `most` blocks. */
static void grain(struct selftest *test, const struct ladder *asked, unsigned fewest, unsigned most)
{
    struct live live;
    struct ladder ladder = *asked;
    struct run run[2];
    struct summary halves[2];
    live_open(&live, test);
    ladder_cells(test, &live, &ladder);
    live_until(&live, fewest, most, false, ladder_enough, &ladder);
    int made = 0; /* of the halves */
    while (!live.error && made < 2 && half_summary(&live, (unsigned)made, &run[made], &halves[made])) made++;
    for (size_t p = 0; p < ladder.count; p++) grain_row(test, &live, &ladder, p, made == 2 ? halves : NULL);
    while (made-- > 0) {
        summary_free(&halves[made]);
        free(run[made].samples);
    }
    live_close(&live);
}

void selftest_grain(struct selftest *test)
{
    const struct ladder pools = {.pools = grain_pools, .count = GRAIN_POOLS},
                        ranks = {.pools = grain_ranks, .count = 1, .first = RANKS_RUNG};
    if (test->quick) grain(test, &pools, 12, 12);
    else grain(test, &pools, 24, LIVE_BLOCKS);
    if (!test->quick && live_has("mpi")) grain(test, &ranks, LIVE_BLOCKS_OF_RANKS, 4 * LIVE_BLOCKS_OF_RANKS);
}

/* ---- V12 ---- */

enum { PAY_TASKS = 64, PAY_RUNGS = 6 };
/* All that compute and whose tasks can be made to last 20 us, or 30: those of uts jump from 1 us to 2 ms. */
static const char *const pay_kernels[] = {"primes", "collatz", "mandelbrot", "nqueens", "ep", "matmul", "lognormal"};
static const struct pool pay_runners[] = {{"openmp", "dynamic", "openmp (OMP_WAIT_POLICY=" LIVE_STEADY_POLICY ")"},
                   {"forkpool", NULL, "forkpool"},
                   {"hybrid", NULL, "hybrid"}};
enum {
    PAY_KERNELS = sizeof pay_kernels / sizeof *pay_kernels,
    PAY_RUNNERS = sizeof pay_runners / sizeof *pay_runners,
    PAY_RUNNERS_QUICK = 2
};

/* The cells of one kernel and one runner: a ladder of task sizes, the last one long: it tells what two workers do. */
struct pay {
    unsigned known_serial, known_team; /* calibration: another kernel, with tasks of about that size */
    unsigned serial[PAY_RUNGS], team[PAY_RUNGS];
};

/* What was measured for it, by block. */
struct paid_off {
    double cost[LIVE_BLOCKS];    /* of calibration: what the runner takes beyond its half of the work */
    double speedup[LIVE_BLOCKS]; /* of the long tasks, logarithms */
    double task[PAY_RUNGS][LIVE_BLOCKS];
    double ratio[PAY_RUNGS][LIVE_BLOCKS]; /* all with start and stop over serial, logarithms */
    size_t blocks;
};

static void paid_off(const struct live *live, const struct pay *pay, struct paid_off *paid)
{
    double team[LIVE_BLOCKS], known[LIVE_BLOCKS];
    paid->blocks = live->blocks;
    for (int i = 0; i < PAY_RUNGS; i++) {
        live_values(live, pay->serial[i], LIVE_WALL, false, paid->task[i]);
        live_values(live, pay->team[i], LIVE_TOTAL, false, team);
        for (unsigned b = 0; b < live->blocks; b++) {
            paid->ratio[i][b] = log(team[b] / paid->task[i][b]);
            paid->task[i][b] /= PAY_TASKS;
        }
    }
    live_values(live, pay->known_serial, LIVE_WALL, false, known);
    live_values(live, pay->known_team, LIVE_TOTAL, false, paid->cost);
    live_values(live, pay->team[PAY_RUNGS - 1], LIVE_WALL, false, team);
    for (unsigned b = 0; b < live->blocks; b++) {
        paid->cost[b] -= known[b] / 2;
        paid->speedup[b] = log(paid->task[PAY_RUNGS - 1][b] * PAY_TASKS / team[b]);
    }
}

static double drawn(const double *values, const size_t *draws, size_t n)
{
    double picked[LIVE_BLOCKS];
    for (size_t i = 0; i < n; i++) picked[i] = values[draws[i]];
    return stats_quantile(picked, n, 0.5);
}

/* Predicted: N t = cost + N t/S. */
static double predicted_of_draws(const size_t *draws, size_t n, void *context)
{
    const struct paid_off *paid = context;
    double slope = 1 - exp(-drawn(paid->speedup, draws, n));
    return drawn(paid->cost, draws, n) / (PAY_TASKS * slope);
}

/* Predicted over measured. Measured: where all that a team takes falls below serial. */
static double ratio_of_draws(const size_t *draws, size_t n, void *context)
{
    const struct paid_off *paid = context;
    double task[PAY_RUNGS], ratio[PAY_RUNGS], measured;
    for (int i = 0; i < PAY_RUNGS; i++) {
        task[i] = drawn(paid->task[i], draws, n);
        ratio[i] = exp(drawn(paid->ratio[i], draws, n));
    }
    if (models_crossing(task, ratio, PAY_RUNGS, &measured) != METG_REACHED) return NAN;
    return predicted_of_draws(draws, n, context) / measured;
}

/* The task size that was predicted, its ratio to the measured one, and how often it was measured. */
struct prediction {
    double task_ns;
    struct quantity ratio;
    unsigned tries;
};

static struct prediction predicted(const struct live *live, const struct pay *pay)
{
    struct paid_off paid;
    paid_off(live, pay, &paid);
    return (struct prediction){stats_bootstrap(predicted_of_draws, &paid, paid.blocks, 1, 1).median,
                               stats_bootstrap(ratio_of_draws, &paid, paid.blocks, 200, 1), 0};
}

static const double PAY_WITHIN = 0.15;

/* Is the ratio known to about 6 %, or to be within what is wanted? Looked at in every tenth block, since it takes a
 * while. */
static bool paid_enough(const struct live *live, void *context)
{
    if (live->blocks % 10) return false;
    struct quantity ratio = predicted(live, context).ratio;
    return ratio.high <= 1.12 * ratio.low || (ratio.low >= 1 - PAY_WITHIN && ratio.high <= 1 + PAY_WITHIN);
}

/* Where the rungs are to be. */
struct aim {
    double around_ns, size_per_ns;
};
enum { PAY_MIDDLE = 2 };

/* Rungs around where the crossing is to be expected, and a long one. */
static void pay_cells(struct live *live, const char *kernel, size_t p, const struct aim *aim, struct pay *pay)
{
    static const double rungs[PAY_RUNGS] = {0.4, 0.7, [PAY_MIDDLE] = 1.1, 1.6, 2.4, 5};
    double around_ns = aim->around_ns;
    struct live_cell team = {.kernel = "spin", .task_ns = around_ns, .tasks = PAY_TASKS};
    team.baseline = pay->known_serial = live_cell(live, &team);
    team.runner = pay_runners[p].runner, team.schedule = pay_runners[p].schedule;
    team.workers = 2, team.chunk = 1, team.placement = "close";
    pay->known_team = live_cell(live, &team);
    team.kernel = kernel;
    for (int i = 0; i < PAY_RUNGS; i++) {
        team.size = size_for(aim->size_per_ns, rungs[i] * around_ns);
        struct live_cell serial = {.kernel = kernel, .tasks = PAY_TASKS, .size = team.size};
        team.baseline = pay->serial[i] = live_cell(live, &serial);
        pay->team[i] = live_cell(live, &team);
    }
}

/* Where to look: a pool with two workers should pay where N t is twice what an empty problem costs in all. */
static double look_around(struct selftest *test, size_t p)
{
    struct live live;
    double totals[LIVE_BLOCKS], around_ns = 1e4;
    live_open(&live, test);
    live_wait_policy(&live, LIVE_STEADY_POLICY);
    struct live_cell cell = {.kernel = "empty", .size = 1, .tasks = PAY_TASKS};
    cell.baseline = live_cell(&live, &cell);
    cell.workers = 2, cell.placement = "close", cell.runner = pay_runners[p].runner;
    unsigned team = live_cell(&live, &cell);
    live_blocks(&live, 20, false, false);
    live_values(&live, team, LIVE_TOTAL, false, totals);
    if (!live.error) around_ns = 2 * stats_quantile(totals, live.blocks, 0.5) / PAY_TASKS;
    live_close(&live);
    return around_ns;
}

struct tally {
    unsigned kernels, within;
    char list[500]; /* "primes 22.1/21.7 = 1.02" */
};

static void note(struct tally *tally, const char *kernel, const struct prediction *found)
{
    size_t used = strlen(tally->list);
    double ratio = found->ratio.median, measured_ns = found->task_ns / ratio;
    bool within = fabs(ratio - 1) <= PAY_WITHIN;
    char tries[24] = "";
    if (found->tries > 1) snprintf(tries, sizeof tries, " (try %u)", found->tries);
    tally->kernels += isnan(ratio) ? 0 : 1;
    tally->within += within ? 1 : 0;
    snprintf(tally->list + used, sizeof tally->list - used, "%s %s %.1f/%.1f = %.2f%s%s", used ? "," : "", kernel,
             found->task_ns / 1e3, measured_ns / 1e3, ratio, within ? "" : " (no)", tries);
}

/* Aims again, from what calibration costs now and from how long the kernel's tasks now are. */
static void aim_again(const struct live *live, const struct pay *pay, struct aim *aim)
{
    struct paid_off paid;
    paid_off(live, pay, &paid);
    double cost_ns = stats_quantile(paid.cost, paid.blocks, 0.5),
           task_ns = stats_quantile(paid.task[PAY_MIDDLE], paid.blocks, 0.5);
    if (cost_ns > 0) aim->around_ns = 2 * cost_ns / PAY_TASKS;
    if (task_ns > 0) aim->size_per_ns = (double)live->cells[pay->serial[PAY_MIDDLE]].size / task_ns;
}

/* Measures one kernel. Again, twice at most and whatever came out, where the ladder does not reach the crossing or
 * where more than a tenth of the samples are suspect: then the machine is not what it was when the ladder was laid out.
 * With
 * --quick once more only for the first reason. `live` is left open. */
static struct prediction pay_measure(struct selftest *test, struct live *live, const char *kernel, size_t p,
                                     struct aim *aim)
{
    const unsigned FIRST = test->quick ? 10 : 20, MOST = test->quick ? 10 : 120, TRIES = 3, CALM_S = 5;
    struct prediction found = {NAN, {NAN, NAN, NAN, 0}, 0};
    bool again = true;
    for (unsigned try = 0; again && try < TRIES; try++) {
        struct pay pay = {0};
        if (try) live_close(live);
        if (try && !test->quick) sleep(CALM_S);
        live_open(live, test);
        live_wait_policy(live, LIVE_STEADY_POLICY);
        struct live_cell near = {.kernel = kernel, .tasks = PAY_TASKS, .task_ns = aim->around_ns};
        if (!try) aim->size_per_ns = size_per_ns(live, &near);
        pay_cells(live, kernel, p, aim, &pay);
        live_blocks(live, FIRST, false, false);
        if (live->error) break;
        found = predicted(live, &pay);
        if (!isnan(found.ratio.median)) {
            live_until(live, 0, MOST, false, paid_enough, &pay);
            found = predicted(live, &pay);
        }
        found.tries = try + 1;
        bool lost = isnan(found.ratio.median);
        again = lost || (!test->quick && live_suspects(live) > LIVE_LOUD);
        if (lost) aim_again(live, &pay, aim);
    }
    return found;
}

static void crossover_row(struct selftest *test, size_t p)
{
    struct tally tally = {0};
    struct live live = {0};
    struct selftest_row row = {.id = "V12", .wanted = "within 15 % for at least 80 % of them"};
    unsigned count = test->quick ? 1 : PAY_KERNELS;
    struct aim aim = {.around_ns = look_around(test, p)};
    for (unsigned k = 0; k < count; k++) {
        struct prediction found = pay_measure(test, &live, pay_kernels[k], p, &aim);
        if (live.error) break; /* its reason is told below */
        note(&tally, pay_kernels[k], &found);
        if (k + 1 < count) live_close(&live);
    }
    snprintf(row.injected, sizeof row.injected, "the task size from which %s pays, 2 workers", pay_runners[p].name);
    snprintf(row.came_back, sizeof row.came_back,
             "within 15 %% for %u of %u kernels; us predicted from spin/measured:%s", tally.within, count, tally.list);
    live_judge(test, &live, &row, tally.kernels == count && tally.within >= 0.8 * count);
    live_close(&live);
}

void selftest_crossover(struct selftest *test)
{
    size_t count = test->quick ? PAY_RUNNERS_QUICK : PAY_RUNNERS;
    for (size_t p = 0; p < count; p++) crossover_row(test, p);
}
