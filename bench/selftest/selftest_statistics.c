/* SPDX-License-Identifier: GPL-3.0-or-later */
/* V1, V2: what is fitted comes back inside its intervals, and those of medians, ratios and what is made of them hold
 * what they promise, on samples whose truth is known. */
#include "bench/selftest/selftest.h"

#include "results/statistics/models.h"
#include "results/statistics/pool_fit.h"
#include "results/statistics/stats.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* ---- what both share ---- */

/* Freed with gsl_rng_free; NULL: no memory. */
static gsl_rng *seeded(const struct selftest *test)
{
    gsl_rng *random = gsl_rng_alloc(gsl_rng_mt19937);
    if (random) gsl_rng_set(random, (unsigned long)test->seed);
    return random;
}

/* Adds a row of how often an interval held the truth; the format says what it is of. rate: exact, which is then held
 * against its selftest_band; 0: 95 % nominally, 93 to 98 % are asked for. */
__attribute__((format(printf, 6, 7))) static void cover(struct selftest *test, const char *id, unsigned hits,
                                                        unsigned trials, double rate, const char *format, ...)
{
    struct selftest_band band = selftest_band(rate, trials);
    if (rate <= 0) { /* 93 to 98 %, and what so few trials may miss it by */
        double slack = trials < 1000 ? 2.576 * sqrt(0.05 * 0.95 / trials) - 0.02 : 0;
        band = (struct selftest_band){0.93 - fmax(slack, 0), fmin(1, 0.98 + fmax(slack, 0))};
    }
    struct selftest_row row = {.outcome = SELFTEST_HOLDS};
    double share = (double)hits / trials;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(row.injected, sizeof row.injected, format, arguments);
    va_end(arguments);
    snprintf(row.id, sizeof row.id, "%s", id);
    text_add(row.injected, sizeof row.injected, ", %u sets", trials);
    snprintf(row.came_back, sizeof row.came_back, "the interval covers the truth in %.2f %%", 100 * share);
    snprintf(row.wanted, sizeof row.wanted, "%.1f-%.1f %%", 100 * band.low, 100 * band.high);
    if (rate > 0) text_add(row.wanted, sizeof row.wanted, " (nominal %.2f %%)", 100 * rate);
    selftest_add(test, &row, share >= band.low && share <= band.high);
}

/* A run phase around `wall`: lognormal noise, and now and then an interruption that can only lengthen it. */
static double disturbed(gsl_rng *random, double wall)
{
    double value = wall * gsl_ran_lognormal(random, 0, 0.02);
    if (gsl_rng_uniform(random) < 0.03) value *= 1 + gsl_ran_exponential(random, 0.5);
    return value;
}

/* ---- V1: a serial fraction ---- */

static void amdahl_row(struct selftest *test, gsl_rng *random, unsigned trials)
{
    static const double levels[] = {1, 2, 4, 8, 16, 32};
    enum { LEVELS = sizeof levels / sizeof *levels, REPS = 15 };
    const double fraction = 0.08;
    unsigned hits = 0;
    for (unsigned trial = 0; trial < trials; trial++) {
        double speedup[LEVELS], serial[REPS], team[REPS];
        struct amdahl_fit fit;
        for (int i = 0; i < LEVELS; i++) {
            for (int rep = 0; rep < REPS; rep++) {
                serial[rep] = disturbed(random, 1e9);
                team[rep] = disturbed(random, 1e9 / models_amdahl(fraction, levels[i]));
            }
            speedup[i] = stats_ratio(serial, team, REPS).median;
        }
        hits += !models_amdahl_fit(levels, speedup, LEVELS, &fit) && fit.low <= fraction && fraction <= fit.high;
    }
    cover(test, "V1", hits, trials, 0, "Amdahl's f = 0.08 of 6 levels x 15");
}

/* ---- V1: what a pool's costs say of a setting that was not measured ---- */

enum { POINTS = 40 };

/* As pool_fit.h states it; no chunk here is cut short. */
static double pool_time(const struct pool_point *point)
{
    double chunks = point->tasks / point->chunk, busiest = ceil(chunks / point->workers);
    return 30000 + busiest * (point->chunk * 1.08 * point->task_ns + 700) +
           5000 * sqrt(2 * point->chunk * log(point->workers));
}

static void pool_row(struct selftest *test, gsl_rng *random, unsigned trials)
{
    static const double workers[] = {1, 2, 4, 8}, chunks[] = {1, 4, 20, 50, 250}, tasks[] = {1000, 8000};
    const struct pool_point elsewhere = {6, 10, 4200, 3000, 0, 0};
    const double noise = 0.02;
    unsigned hits = 0;
    for (unsigned trial = 0; trial < trials; trial++) {
        struct pool_point points[POINTS];
        struct pool_fit fit;
        for (int i = 0; i < POINTS; i++) {
            points[i] = (struct pool_point){workers[i / 10], chunks[i / 2 % 5], tasks[i % 2], 2000, 0, 0};
            points[i].time_ns = pool_time(&points[i]) * gsl_ran_lognormal(random, 0, noise);
        }
        if (pool_fit_make(points, POINTS, &fit)) continue;
        double said = pool_fit_time(&fit, &elsewhere);
        double there = pool_time(&elsewhere) * gsl_ran_lognormal(random, 0, noise);
        hits += fabs(log(there / said)) <= fit.t * pool_fit_deviation(&fit, &elsewhere) / said;
    }
    cover(test, "V1", hits, trials, 0, "What if? of 6 workers, chunk 10 (not measured)");
}

void selftest_fits(struct selftest *test)
{
    gsl_rng *random = seeded(test);
    if (!random) return;
    amdahl_row(test, random, test->quick ? 300 : 2000);
    pool_row(test, random, test->quick ? 100 : 1000);
    gsl_rng_free(random);
}

enum { REPS_MAX = 100 };

/* ---- V2: medians and ratios ---- */

enum shape { LOGNORMAL, BIMODAL };

/* Two modes, the slow one a third of the time: their distance is many times their width. */
static double draw(gsl_rng *random, enum shape shape)
{
    double value = gsl_ran_lognormal(random, 0, 0.05);
    return shape == BIMODAL && gsl_rng_uniform(random) < 0.35 ? 1.5 * value : value;
}

/* The median of what draw gives: where the mixture's distribution function is one half, by bisection. */
static double true_median(enum shape shape)
{
    double low = 0.5, high = 2;
    for (int i = 0; i < 80; i++) {
        double x = (low + high) / 2, below = gsl_cdf_lognormal_P(x, 0, 0.05);
        if (shape == BIMODAL) below = 0.65 * below + 0.35 * gsl_cdf_lognormal_P(x / 1.5, 0, 0.05);
        if (below < 0.5) low = x;
        else high = x;
    }
    return low;
}

/* What an interval between ranks k and n+1-k holds exactly. */
static double nominal_rate(unsigned n)
{
    size_t k = stats_rank(n);
    return k ? 1 - 2 * gsl_cdf_binomial_P((unsigned)k - 1, 0.5, n) : NAN;
}

static void coverage_rows(struct selftest *test, gsl_rng *random, enum shape shape, unsigned n, unsigned trials)
{
    unsigned medians = 0, ratios = 0;
    double truth = true_median(shape), a[REPS_MAX], b[REPS_MAX];
    for (unsigned trial = 0; trial < trials; trial++) {
        for (unsigned i = 0; i < n; i++) {
            double drift = 1 + 0.2 * i / n; /* of the machine, in both of a pair */
            a[i] = draw(random, shape);
            b[i] = 0.8 * draw(random, shape) * drift;
        }
        struct quantity median = stats_median(a, n);
        medians += median.low <= truth && truth <= median.high;
        for (unsigned i = 0; i < n; i++) a[i] *= 1 + 0.2 * i / n;
        struct quantity ratio = stats_ratio(a, b, n);
        ratios += ratio.low <= 1.25 && 1.25 <= ratio.high;
    }
    const char *shaped = shape == BIMODAL ? "bimodal" : "lognormal";
    cover(test, "V2", medians, trials, nominal_rate(n), "median of %u %s values", n, shaped);
    cover(test, "V2", ratios, trials, nominal_rate(n), "ratio 1.25 of %u drifting %s pairs", n, shaped);
}

/* The times of which METG is made, each drawn by blocks: T_s and T_p of two task sizes. */
enum { TIMES = 4 };
static const double mean_ns[TIMES] = {10, 14, 20, 18}, NOISE = 0.05;

/* The granularity at which two workers are half as fast as they could be, between the two sizes. */
static double metg_of(const double *time_ns)
{
    double efficiency[2], work[2];
    struct metg_point found;
    for (int i = 0; i < 2; i++) {
        efficiency[i] = models_efficiency(models_speedup(time_ns[2 * i], time_ns[2 * i + 1]), 2);
        work[i] = time_ns[2 * i];
    }
    models_metg(work, efficiency, 2, 0.5, &found);
    return found.granularity;
}

static double metg_of_draws(const size_t *draws, size_t n, void *context)
{
    const struct draws_column *columns = context;
    unsigned times[REPS_MAX];
    double median[TIMES];
    draws_count(draws, n, times);
    for (int i = 0; i < TIMES; i++) median[i] = draws_median(&columns[i], times);
    return metg_of(median);
}

static void bootstrap_row(struct selftest *test, gsl_rng *random, unsigned n, unsigned trials)
{
    unsigned hits = 0;
    double truth = metg_of(mean_ns), values[REPS_MAX];
    for (unsigned trial = 0; trial < trials; trial++) {
        struct draws_column columns[TIMES];
        for (int i = 0; i < TIMES; i++) {
            for (unsigned k = 0; k < n; k++) values[k] = mean_ns[i] * gsl_ran_lognormal(random, 0, NOISE);
            draws_column_make(&columns[i], values, 1, n);
        }
        struct quantity found = stats_bootstrap(metg_of_draws, columns, n, 1000, trial + 1);
        for (int i = 0; i < TIMES; i++) draws_column_free(&columns[i]);
        hits += found.low <= truth && truth <= found.high;
    }
    cover(test, "V2", hits, trials, 0, "METG of medians over %u blocks, bootstrap", n);
}

/* ---- V2: looking again ---- */

/* Two settings that are equal, looked at after each block: how often is one called slower before the end? */
static void looking_row(struct selftest *test, gsl_rng *random, unsigned trials)
{
    unsigned anytime = 0, fixed = 0;
    double a[REPS_MAX], b[REPS_MAX];
    for (unsigned trial = 0; trial < trials; trial++) {
        bool called = false, called_fixed = false;
        for (unsigned i = 0; i < REPS_MAX; i++) {
            a[i] = draw(random, BIMODAL), b[i] = draw(random, BIMODAL);
            called = called || stats_verdict(stats_ratio_anytime(a, b, i + 1)) != VERDICT_UNRESOLVED;
            called_fixed = called_fixed || stats_verdict(stats_ratio(a, b, i + 1)) != VERDICT_UNRESOLVED;
        }
        anytime += called, fixed += called_fixed;
    }
    struct selftest_row row = {.id = "V2", .wanted = "<= 5 %"};
    double share = (double)anytime / trials;
    snprintf(row.injected, sizeof row.injected, "equals, looked at after each of %d blocks, %u sets", REPS_MAX, trials);
    snprintf(row.came_back, sizeof row.came_back,
             "told apart in %.1f %% by intervals for looking again (by those for one look: %.1f %%)", 100 * share,
             100.0 * fixed / trials);
    selftest_add(test, &row, share <= selftest_band(0.05, trials).high);
}

/* --precision: looks every two blocks, from ten on, and ends where the interval is narrow enough. */
static void precision_row(struct selftest *test, gsl_rng *random, double precision, unsigned trials)
{
    unsigned hits = 0, ended = 0;
    double values[REPS_MAX], truth = true_median(LOGNORMAL);
    for (unsigned trial = 0; trial < trials; trial++) {
        struct quantity found = {NAN, NAN, NAN, 0};
        unsigned n = 0;
        bool precise = false;
        while (!precise && n < REPS_MAX) {
            values[n++] = draw(random, LOGNORMAL);
            if (n < 10 || n % 2) continue;
            found = stats_median(values, n);
            precise = stats_precise(found, precision);
        }
        ended += precise;
        hits += found.low <= truth && truth <= found.high;
    }
    cover(test, "V2", hits, trials, 0, "median at --precision %g %% (%.0f %% ended early)", 100 * precision,
                   100.0 * ended / trials);
}

void selftest_statistics(struct selftest *test)
{
    gsl_rng *random = seeded(test);
    unsigned trials = test->quick ? 1000 : 10000;
    if (!random) return;
    const unsigned counts[] = {STATS_INTERVAL_MIN, 10, 15, 30};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        coverage_rows(test, random, LOGNORMAL, counts[i], trials);
        coverage_rows(test, random, BIMODAL, counts[i], trials);
    }
    looking_row(test, random, trials / 10);
    for (double precision = 0.02; precision < 0.06; precision += 0.02)
        precision_row(test, random, precision,
                      test->quick ? 200 : trials); /* about 93.7 %: close to what is asked for */
    for (unsigned n = STATS_INTERVAL_MIN; n <= 24; n *= 2)
        bootstrap_row(test, random, n, trials / (test->quick ? 5 : 10));
    gsl_rng_free(random);
}
