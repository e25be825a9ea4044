/* SPDX-License-Identifier: GPL-3.0-or-later */
/* V14, power: is a kernel that is 2 % slower found, soon, and one that is not slower left alone? In real processes; looked
 * at after each pair, by intervals for looking again. */
#include "bench/selftest/selftest.h"

#include "bench/base/clock.h"
#include "bench/plan/inject.h"

#include "results/statistics/stats.h"

#include <stdio.h>
#include <stdlib.h>

static const double SLOWER = 0.02;
static const int64_t TRIAL_NS = INT64_C(10000000000), QUICK_TRIAL_NS = INT64_C(3000000000);
enum { PAIRS_MIN = 10, PAIRS_MAX = 2000, SAME_PAIRS = 40 };

struct trial {
    unsigned base, new;
    int64_t limit_ns;
    bool slower, faster; /* what the interval says at last */
    double took_s;
};

/* One comparison from its first pair on: until it is decided, `most` pairs were taken or the time is out. */
static void trial_run(struct live *live, struct trial *trial, double *base, double *new, unsigned most)
{
    unsigned first = live->blocks;
    int64_t began_ns = clock_now_ns(&clock_real);
    while (!live->error && !trial->slower && !trial->faster && live->blocks - first < most &&
           clock_now_ns(&clock_real) - began_ns < trial->limit_ns) {
        live_blocks(live, 2, false, false);
        unsigned pairs = live->blocks - first;
        if (live->error || pairs < PAIRS_MIN) continue;
        live_values(live, trial->base, LIVE_WALL, false, base);
        live_values(live, trial->new, LIVE_WALL, false, new);
        enum verdict verdict = stats_verdict(stats_ratio_anytime(new + first, base + first, pairs));
        trial->slower = verdict == VERDICT_MORE, trial->faster = verdict == VERDICT_LESS;
    }
    trial->took_s = (double)(clock_now_ns(&clock_real) - began_ns) / 1e9;
}

/* The serial cell of its own, and twice the same or once slower. */
static void cells_make(struct live *live, const struct inject *slower, struct trial *trial)
{
    struct live_cell cell = {.kernel = "spin", .task_ns = 1000, .tasks = 3000};
    cell.baseline = trial->base = live_cell(live, &cell);
    cell.runner = "serial", cell.inject = slower;
    trial->new = live_cell(live, &cell);
}

static void power_row(struct selftest *test, unsigned trials, bool slower)
{
    const struct inject inject = {.work_share = SLOWER};
    unsigned found = 0, wrong = 0, room = slower ? PAIRS_MAX : SAME_PAIRS;
    double longest_s = 0, *base = malloc(2 * (size_t)trials * room * sizeof *base), *new;
    struct selftest_row row = {.id = "V14"};
    struct live live;
    if (!base) return;
    new = base + (size_t)trials * room;
    live_open(&live, test);
    live.undisturbed = true;
    struct trial cells = {.limit_ns = test->quick ? QUICK_TRIAL_NS : TRIAL_NS};
    cells_make(&live, slower ? &inject : NULL, &cells);
    for (unsigned i = 0; i < trials && !live.error; i++) {
        struct trial trial = cells;
        trial_run(&live, &trial, base, new, room);
        found += trial.slower, wrong += trial.faster;
        longest_s = trial.took_s > longest_s ? trial.took_s : longest_s;
    }
    struct selftest_band band = selftest_band(0.0215, trials);
    double share = (double)(found + wrong) / trials;
    if (slower) {
        snprintf(row.injected, sizeof row.injected, "a kernel %g %% slower, %u times", 100 * SLOWER, trials);
        struct quantity ratio = stats_ratio(new, base, live.blocks);
        snprintf(row.came_back, sizeof row.came_back,
                 "found in %u, called faster in %u; the longest took %.1f s; ratio of all %zu pairs %.4f [%.4f, %.4f]", found,
                 wrong, longest_s, ratio.n, ratio.median, ratio.low, ratio.high);
        snprintf(row.wanted, sizeof row.wanted, "found in at most 10 s in 9 of 10");
    } else {
        snprintf(row.injected, sizeof row.injected, "nothing: up to %d pairs, looked at again and again, %u times",
                 SAME_PAIRS, trials);
        snprintf(row.came_back, sizeof row.came_back, "told apart in %u (%.1f %%)", found + wrong, 100 * share);
        snprintf(row.wanted, sizeof row.wanted, "at most %.1f %% (nominal: at most 2.15 %%)", 100 * band.high);
    }
    live.needs_quiet = !wrong && slower; /* how soon it is found depends on the noise; what is told wrongly does not */
    live_judge(test, &live, &row, slower ? 10 * found >= 9 * trials && !wrong : share <= band.high);
    live_close(&live);
    free(base);
}

void selftest_power(struct selftest *test)
{
    power_row(test, test->quick ? 2 : 10, true);
    power_row(test, test->quick ? 3 : 60, false);
}
