/* SPDX-License-Identifier: GPL-3.0-or-later */
/* V3, V4, V5 and V7 in real processes: A/A pairs, delays that must come back, budgets that must close. */
#include "bench/selftest/selftest.h"

#include "bench/machine/probe.h"
#include "bench/plan/inject.h"

#include "results/models/budget.h"
#include "results/summary/compare.h"
#include "results/statistics/stats.h"

#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PAIRS = 10 };

static const char *const pools[] = {"openmp", "forkpool", "mpi"};
enum { POOLS = 2, POOLS_AND_RANKS };
static const char *const steady_names[] = {"openmp (" LIVE_STEADY_POLICY ")", "forkpool"};

/* ---- V3: the same cell twice in each block ---- */

/* The exact chance that the interval of PAIRS log ratios misses 1. */
static double miss_rate(void)
{
    return 2 * gsl_cdf_binomial_P((unsigned)stats_rank(PAIRS) - 1, 0.5, PAIRS);
}

void selftest_same(struct selftest *test)
{
    unsigned comparisons = test->quick ? 20 : 300, blocks = comparisons * PAIRS, misses = 0;
    struct live live;
    live_open(&live, test);
    uint64_t tasks = test->quick ? 500 : 1500;
    unsigned serial = live_cell(&live, &(struct live_cell){.kernel = "spin", .task_ns = 1000, .tasks = tasks});
    struct live_cell same = {.kernel = "spin", .tasks = tasks, .runner = "serial", .baseline = serial};
    unsigned a = live_cell(&live, &same), b = live_cell(&live, &same);
    live_blocks(&live, blocks, false, false);
    double *as = calloc(blocks, sizeof *as), *bs = calloc(blocks, sizeof *bs);
    struct selftest_row row = {.id = "V3"};
    snprintf(row.injected, sizeof row.injected, "nothing: %u live A/A comparisons of %d pairs", comparisons, PAIRS);
    if (live.error || !as || !bs) live_judge(test, &live, &row, false);
    else {
        live_values(&live, a, LIVE_WALL, false, as);
        live_values(&live, b, LIVE_WALL, false, bs);
        for (unsigned i = 0; i < comparisons; i++) {
            struct quantity ratio = stats_ratio(as + i * PAIRS, bs + i * PAIRS, PAIRS);
            misses += ratio.low > 1 || ratio.high < 1;
        }
        struct quantity bias = stats_ratio(as, bs, blocks);
        struct selftest_band band = selftest_band(miss_rate(), comparisons);
        double share = (double)misses / comparisons, tolerance = 0.002 + (test->quick ? bias.high - bias.low : 0);
        snprintf(row.came_back, sizeof row.came_back, "%u differ (%.1f %%); median ratio %.5f [%.5f, %.5f]", misses,
                 100 * share, bias.median, bias.low, bias.high);
        snprintf(row.wanted, sizeof row.wanted, "at most %.1f %% (nominal %.2f %%), bias <= %.2g %%", 100 * band.high,
                 100 * miss_rate(), 100 * tolerance);
        live_judge(test, &live, &row, share <= band.high && fabs(bias.median - 1) <= tolerance);
    }
    free(as);
    free(bs);
    live_close(&live);
}

/* The gate on what is slower on purpose, with the words of compare. */
struct gate {
    unsigned base, new;
    struct quantity ratio;
};

static bool gate_enough(const struct live *live, void *context)
{
    struct gate *gate = context;
    double base[LIVE_BLOCKS], new[LIVE_BLOCKS];
    live_values(live, gate->base, LIVE_WALL, false, base);
    live_values(live, gate->new, LIVE_WALL, false, new);
    gate->ratio = stats_ratio_anytime(new, base, live->blocks); /* asked after each two blocks */
    return compare_verdict(gate->ratio, 0.05) != COMPARE_UNRESOLVED;
}

void selftest_gate(struct selftest *test)
{
    const double shares[] = {0.10, 0.01};
    for (size_t i = 0; i < 2; i++) {
        struct inject slower = {.work_share = shares[i]};
        struct live live;
        struct gate gate = {0};
        live_open(&live, test);
        live.undisturbed = true;
        struct live_cell cell = {.kernel = "spin", .task_ns = 1000, .tasks = 5000};
        cell.baseline = live_cell(&live, &cell);
        cell.runner = "serial";
        gate.base = live_cell(&live, &cell);
        cell.inject = &slower;
        gate.new = live_cell(&live, &cell);
        live_until(&live, 12, test->quick ? 24 : 60, false, gate_enough, &gate);
        struct selftest_row row = {.id = "V3"};
        if (!live.error) gate_enough(&live, &gate);
        enum compare_verdict verdict = compare_verdict(gate.ratio, 0.05);
        snprintf(row.injected, sizeof row.injected, "a kernel %g %% slower, compared at a margin of 5 %%",
                 100 * shares[i]);
        snprintf(row.wanted, sizeof row.wanted, i ? "not called slower" : "slower");
        snprintf(row.came_back, sizeof row.came_back, "ratio %.4f [%.4f, %.4f] of %u pairs: %s", gate.ratio.median,
                 gate.ratio.low, gate.ratio.high, live.blocks, compare_verdict_names[verdict]);
        live_judge(test, &live, &row, (verdict == COMPARE_SLOWER) == !i);
        live_close(&live);
    }
}

/* ---- V4: a delay in each dispatch ---- */

/* Tasks such that a run takes 16 ms: what wakes two workers and tells the end of a run, 0.2 ms where cpus are virtual, is a
 * share of it that more tasks in the plain run pretend to save. Of 270 tasks of 120 us it was 1.5 % of the delay, and their
 * last task as much again: four times as many. */
struct delay_case {
    int64_t delay_ns;
    uint64_t task_ns, tasks;
};

/* The plain run waits, too, a moment: where a dispatch takes no locked instruction, the end of one task and the begin of the
 * next run at once until anything reads the clock between them: 30 ns of 1 us in forkpool. */
enum { DELAY_WORKERS = 2, PLAIN_DELAY_NS = 100 };

/* What a task's dispatch became dearer by: p (T'/N' - T/N) in each block; what it really was made to wait, which an
 * interruption of the machine at the end of a wait makes longer; and by how much the first exceeds the second. */
struct dearer {
    struct quantity grown, injected, excess;
};

/* One delay, and the cells in which a dispatch waits without it and with it. */
struct delay {
    struct delay_case known;
    struct inject inject[2];
    unsigned plain, delayed;
};

static struct dearer dearer(const struct live *live, const struct delay *delay)
{
    double a[LIVE_BLOCKS], b[LIVE_BLOCKS], waited[LIVE_BLOCKS], truth[LIVE_BLOCKS];
    double plain_tasks = (double)live->cells[delay->plain].tasks;
    double delayed_tasks = (double)live->cells[delay->delayed].tasks;
    live_values(live, delay->plain, LIVE_WALL, false, a);
    live_values(live, delay->delayed, LIVE_WALL, false, b);
    live_values(live, delay->plain, LIVE_INJECTED, false, waited);
    live_values(live, delay->delayed, LIVE_INJECTED, false, truth);
    for (unsigned i = 0; i < live->blocks; i++) {
        b[i] = DELAY_WORKERS * (b[i] / delayed_tasks - a[i] / plain_tasks);
        truth[i] = truth[i] / delayed_tasks - waited[i] / plain_tasks;
        a[i] = b[i] - truth[i];
    }
    return (struct dearer){stats_median(b, live->blocks), stats_median(truth, live->blocks),
                           stats_median(a, live->blocks)};
}

enum { DELAYS = 4, DELAYS_QUICK = 2, DELAYS_OF_RANKS = 2 };
static const struct delay_case delays[DELAYS] = {
    {200, 1000, 26000}, {10000, 5000, 2100}, {1000, 1000, 16000}, {100000, 20000, 1080}};
/* Each start of ranks takes a second: fewer delays and blocks, and runs of 65 ms, which cost nothing beside it. */
static const struct delay_case delays_of_ranks[DELAYS_OF_RANKS] = {{200, 1000, 104000}, {10000, 5000, 8400}};

struct delays {
    int count;
    struct delay delay[DELAYS];
};

static double tolerance_of(const struct delay_case *known)
{
    return fmax(0.05 * (double)known->delay_ns, 20);
}

/* Until every interval is as narrow as what is to be told apart. */
static bool delays_enough(const struct live *live, void *context)
{
    const struct delays *all = context;
    for (int i = 0; i < all->count; i++) {
        struct quantity excess = dearer(live, &all->delay[i]).excess;
        if (!(excess.high - excess.low <= 1.5 * tolerance_of(&all->delay[i].known))) return false;
    }
    return true;
}

static void delay_row(struct selftest *test, const struct live *live, const char *runner, const struct delay *delay)
{
    struct selftest_row row = {.id = "V4", .wanted = "within 5 % or 20 ns, and the interval reaches there"};
    double tolerance = tolerance_of(&delay->known);
    struct dearer found = dearer(live, delay);
    snprintf(row.injected, sizeof row.injected, "%lld ns more in each dispatch of %s, 2 workers, chunk 1",
             (long long)delay->known.delay_ns, runner);
    snprintf(
        row.came_back, sizeof row.came_back,
        "overhead per task grew by %.1f ns where %.1f were really injected: off by %+.1f [%+.1f, %+.1f], %u blocks",
        found.grown.median, found.injected.median, found.excess.median, found.excess.low, found.excess.high,
        live->blocks);
    bool holds = fabs(found.excess.median) <= tolerance && found.excess.low <= tolerance / 2 &&
                 found.excess.high >= -tolerance / 2;
    live_judge(test, live, &row, holds);
}

/* A pool's cell beside the serial one of its problem. */
static unsigned dispatch_cell(struct live *live, size_t pool, struct live_cell cell)
{
    const struct inject *inject = cell.inject;
    cell.kernel = "spin", cell.inject = NULL;
    cell.baseline = live_cell(live, &cell);
    cell.inject = inject, cell.runner = pools[pool], cell.workers = DELAY_WORKERS, cell.chunk = 1, cell.placement = "close";
    cell.schedule = pool == 1 ? NULL : "dynamic";
    return live_cell(live, &cell);
}

/* Tasks with the delay and the same tasks without it, so many more of them that both runs take equally long: of a long run
 * and a short one, those that nothing disturbed are not the same choice. */
static void add_delay(struct live *live, size_t pool, struct delay *delay)
{
    const struct delay_case *known = &delay->known;
    uint64_t longer = (uint64_t)known->delay_ns * known->tasks / known->task_ns;
    delay->inject[0].dispatch_ns = PLAIN_DELAY_NS;
    delay->inject[1].dispatch_ns = PLAIN_DELAY_NS + known->delay_ns;
    struct live_cell plain = {
        .task_ns = (double)known->task_ns, .tasks = known->tasks + longer, .inject = &delay->inject[0]};
    delay->plain = dispatch_cell(live, pool, plain);
    struct live_cell delayed = {
        .size = live->cells[delay->plain].size, .tasks = known->tasks, .inject = &delay->inject[1]};
    delay->delayed = dispatch_cell(live, pool, delayed);
}

void selftest_dispatch(struct selftest *test)
{
    for (size_t p = 0; p < POOLS_AND_RANKS; p++) {
        bool ranks = p == POOLS;
        struct delays all = {.count = ranks ? DELAYS_OF_RANKS : test->quick ? DELAYS_QUICK : DELAYS};
        struct live live;
        if (ranks && (test->quick || !live_has(pools[p]))) continue;
        live_open(&live, test);
        live.undisturbed = true;
        for (int i = 0; i < all.count; i++) {
            all.delay[i].known = ranks ? delays_of_ranks[i] : delays[i];
            add_delay(&live, p, &all.delay[i]);
        }
        live_until(&live, 8, test->quick ? 12 : ranks ? LIVE_BLOCKS_OF_RANKS : LIVE_BLOCKS, false, delays_enough, &all);
        for (int i = 0; i < all.count; i++) delay_row(test, &live, pools[p], &all.delay[i]);
        live_close(&live);
    }
}

/* ---- V5: a cost of starting, and one for each byte, each in its own term ---- */

/* Terms of a budget, as they are told apart here. */
enum term { START_STOP, DISPATCH, OTHERS, TERMS };

/* Of the instrumented sample of a cell in one block. */
static bool budget_of(const struct live *live, unsigned cell, unsigned block, double serial_ns, struct budget *b)
{
    const struct observation *sample = live_sample(live, cell, block, true);
    return sample && !budget_make(sample, &live->cells[cell], serial_ns, b);
}

/* Core-ns of a term in one block, all others but work as one. NAN where it was not taken. */
static double term_of(const struct live *live, unsigned cell, unsigned block, double serial_ns, enum term term)
{
    struct budget b;
    if (!budget_of(live, cell, block, serial_ns, &b)) return NAN;
    const double shares[TERMS] = {b.start_stop, b.dispatch, b.dilation + b.tail + b.residual};
    return b.core_ns * shares[term];
}

/* What is injected: two workers wait for a start, each waits in its own dispatches. */
enum { PAID_START_NS = 40000000, PAID_TASKS = 4000, PAID_TASKS_QUICK = 2000, PAID_BYTES = 64, PAID_NS_PER_BYTE = 256 };

struct paid {
    unsigned plain, injected;
    enum term own;
};
enum { PAID_START, PAID_BYTE, PAIDS };

/* Over the blocks: by how much the own term grew beyond what was really injected, and the others in sum,
 * as shares of it. */
struct growth {
    struct quantity own, leak;
};

static struct growth growth(const struct live *live, const struct paid *paid)
{
    double grown[TERMS][LIVE_BLOCKS], leak[LIVE_BLOCKS], truth[LIVE_BLOCKS];
    live_values(live, live->cells[paid->plain].baseline, LIVE_WALL, false, truth);
    double serial_ns = stats_median(truth, live->blocks).median;
    live_values(live, paid->injected, LIVE_INJECTED, true, truth);
    for (unsigned i = 0; i < live->blocks; i++) {
        truth[i] *= paid->own == START_STOP ? 2 : 1;
        leak[i] = 0;
        for (enum term term = 0; term < TERMS; term++) {
            double before = term_of(live, paid->plain, i, serial_ns, term);
            grown[term][i] = (term_of(live, paid->injected, i, serial_ns, term) - before) / truth[i];
            if (term == paid->own) grown[term][i] -= 1;
            else leak[i] += grown[term][i];
        }
    }
    return (struct growth){stats_median(grown[paid->own], live->blocks), stats_median(leak, live->blocks)};
}

static bool terms_enough(const struct live *live, void *context)
{
    const struct paid *paid = context;
    for (int i = 0; i < PAIDS; i++) {
        struct growth found = growth(live, &paid[i]);
        if (!(found.own.high - found.own.low <= 0.05 && found.leak.high - found.leak.low <= 0.02)) return false;
    }
    return true;
}

static void term_row(struct selftest *test, const struct live *live, const char *what, const char *runner,
                     const struct paid *paid)
{
    struct selftest_row row = {.id = "V5", .wanted = "within 5 % in its own term, at most 2 % in others"};
    struct growth found = growth(live, paid);
    snprintf(row.injected, sizeof row.injected, "%s of %s", what, runner);
    snprintf(row.came_back, sizeof row.came_back,
             "its own term off by %+.2f %% [%+.2f, %+.2f] of it, the others by %+.2f %% [%+.2f, %+.2f]; %u blocks",
             100 * found.own.median, 100 * found.own.low, 100 * found.own.high, 100 * found.leak.median,
             100 * found.leak.low, 100 * found.leak.high, live->blocks);
    live_judge(test, live, &row, fabs(found.own.median) <= 0.05 && fabs(found.leak.median) <= 0.02);
}

void selftest_terms(struct selftest *test)
{
    const struct inject inject[PAIDS] = {{.start_ns = PAID_START_NS}, {.byte_ns = PAID_NS_PER_BYTE}};
    for (size_t p = 0; p < 2; p++) {
        struct live live;
        struct paid paid[PAIDS] = {{.own = START_STOP}, {.own = DISPATCH}};
        live_open(&live, test);
        live_wait_policy(&live, LIVE_STEADY_POLICY);
        live.undisturbed = true;
        struct live_cell cell = {
            .kernel = "payload", .size = PAID_BYTES, .tasks = test->quick ? PAID_TASKS_QUICK : PAID_TASKS};
        cell.baseline = live_cell(&live, &cell);
        cell.runner = pools[p], cell.workers = 2, cell.chunk = 1, cell.placement = "close";
        cell.schedule = p ? NULL : "dynamic";
        paid[PAID_START].plain = paid[PAID_BYTE].plain = live_cell(&live, &cell);
        for (int i = 0; i < PAIDS; i++) {
            cell.inject = &inject[i];
            paid[i].injected = live_cell(&live, &cell);
        }
        live_until(&live, 8, test->quick ? 12 : LIVE_BLOCKS, true, terms_enough, paid);
        term_row(test, &live, "40 ms in the start", steady_names[p], &paid[PAID_START]);
        term_row(test, &live, "256 ns for each byte of results", steady_names[p], &paid[PAID_BYTE]);
        live_close(&live);
    }
}

/* ---- V6 and V7 live: an imbalance made by hand, and what nobody accounts for ---- */

/* Budgets of the instrumented samples of all cells but the serial one. */
struct closed {
    bool run_only; /* residuals are shares of what the run takes: beside a start of a second every budget closes */
    double serial_ns, worst;
    unsigned all, closed;
};

static void budgets_take(const struct live *live, unsigned serial, struct closed *closed)
{
    double serials[LIVE_BLOCKS] = {0};
    if (!live->error) live_values(live, serial, LIVE_WALL, false, serials);
    closed->serial_ns = live->error ? NAN : stats_median(serials, live->blocks).median;
    for (unsigned block = 0; block < live->blocks; block++)
        for (unsigned id = serial + 1; id < live->run.cell_count; id++) {
            struct budget b;
            if (!budget_of(live, id, block, closed->serial_ns, &b)) continue;
            double residual = budget_unaccounted(&b, closed->run_only);
            closed->all++, closed->closed += residual <= BUDGET_RESIDUAL_MAX;
            closed->worst = fmax(closed->worst, residual);
        }
}

static void closing_row(struct selftest *test, const struct live *live, const struct closed *closed, const char *what)
{
    struct selftest_row row = {.id = "V7", .wanted = "at least 95 % of them"};
    snprintf(row.injected, sizeof row.injected, "%u live budgets, %s", closed->all, what);
    snprintf(row.came_back, sizeof row.came_back, "%u close within 2 %%; the largest residual is %.2f %%",
             closed->closed, 100 * closed->worst);
    live_judge(test, live, &row, closed->all && closed->closed >= 0.95 * closed->all);
}

void selftest_closing_ranks(struct selftest *test)
{
    static const char *const schedules[] = {"static", "dynamic", "guided"};
    struct live live;
    struct closed closed = {.run_only = true};
    if (test->quick || !live_has("mpi")) return;
    live_open(&live, test);
    live.undisturbed = true;
    struct live_cell cell = {.kernel = "spin", .task_ns = 100000, .tasks = 1000};
    unsigned serial = cell.baseline = live_cell(&live, &cell);
    cell.runner = "mpi", cell.workers = 2, cell.placement = "close";
    for (size_t i = 0; i < sizeof schedules / sizeof *schedules; i++) {
        cell.schedule = schedules[i];
        live_cell(&live, &cell);
    }
    live_blocks(&live, LIVE_BLOCKS_OF_RANKS, true, false);
    budgets_take(&live, serial, &closed);
    closing_row(test, &live, &closed, "ranks, tasks of 100 us, beside the run alone");
    live_close(&live);
}

/* Load balance of an uneven loop in each block: the geometric mean of its two cells, in which worker 0, who has the long
 * tasks, has the one cpu and the other. What one cpu is slower than the other is gone with it, and that is more than 1 %. */
static struct quantity balance_of(const struct live *live, const unsigned cells[2], double serial_ns)
{
    double balance[LIVE_BLOCKS];
    for (unsigned block = 0; block < live->blocks; block++) {
        struct budget one, other;
        bool both = budget_of(live, cells[0], block, serial_ns, &one) && budget_of(live, cells[1], block, serial_ns, &other);
        balance[block] = both ? sqrt(one.load_balance * other.load_balance) : NAN;
    }
    return stats_median(balance, live->blocks);
}

void selftest_closing(struct selftest *test)
{
    /* The first half of the tasks takes twice as long: a static loop of two workers has max/mean 4/3. */
    const uint64_t TASKS = 1000, TASK_NS = 20000;
    struct inject uneven = {.work_share = 1, .work_tasks = TASKS / 2};
    unsigned blocks = test->quick ? 8 : 30, cpus[2] = {0, 0}, tilted[2];
    char lists[2][32];
    struct live live;
    bool two = probe_allowed_cpus(cpus, 2) == 2;
    live_open(&live, test);
    live.undisturbed = true;
    struct live_cell cell = {.kernel = "spin", .task_ns = (double)TASK_NS, .tasks = TASKS};
    unsigned serial = cell.baseline = live_cell(&live, &cell);
    cell.workers = 2, cell.placement = "close";
    for (size_t p = 0; p < POOLS; p++) {
        cell.runner = pools[p];
        live_cell(&live, &cell);
    }
    cell.runner = "openmp", cell.schedule = "static", cell.inject = &uneven;
    for (unsigned i = 0; i < 2; i++) {
        snprintf(lists[i], sizeof lists[i], "%u,%u", cpus[i], cpus[1 - i]);
        if (two) cell.placement = lists[i];
        tilted[i] = live_cell(&live, &cell);
    }
    live_blocks(&live, blocks, true, false);
    struct closed closed = {0};
    budgets_take(&live, serial, &closed);
    struct quantity found = balance_of(&live, tilted, closed.serial_ns);
    struct selftest_row six = {.id = "V6",
                               .injected = "half of the tasks twice as long, static, live: max/mean 4/3",
                               .wanted = "within 1 %"};
    snprintf(six.came_back, sizeof six.came_back, "load balance %.4f, that is max/mean %.4f", found.median,
             1 / found.median);
    live_judge(test, &live, &six, fabs(1 / found.median / (4.0 / 3) - 1) <= 0.01);
    closing_row(test, &live, &closed, "tasks of 20 us");
    live_close(&live);
}
