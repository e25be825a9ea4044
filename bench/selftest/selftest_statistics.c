/* SPDX-License-Identifier: GPL-3.0-or-later */
/* V2: intervals of medians, ratios and what is made of them hold what they promise, on samples whose truth is known. */
#include "bench/selftest/selftest.h"

#include "results/statistics/draws.h"
#include "results/statistics/models.h"
#include "results/statistics/shift.h"
#include "results/statistics/stats.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

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
    char what[80];
    snprintf(what, sizeof what, "median of %u %s values", n, shape == BIMODAL ? "bimodal" : "lognormal");
    selftest_cover(test, &(struct selftest_cover){"V2", what, medians, trials, nominal_rate(n)});
    snprintf(what, sizeof what, "ratio 1.25 of %u drifting %s pairs", n, shape == BIMODAL ? "bimodal" : "lognormal");
    selftest_cover(test, &(struct selftest_cover){"V2", what, ratios, trials, nominal_rate(n)});
}

/* A series in which each value remembers 0.8 of the one before. */
static void correlation_row(struct selftest *test, gsl_rng *random, double memory, unsigned trials)
{
    enum { N = 40 };
    unsigned warned = 0;
    double values[N];
    for (unsigned trial = 0; trial < trials; trial++) {
        double state = gsl_ran_gaussian(random, 1);
        for (int i = 0; i < N; i++) {
            state = memory * state + sqrt(1 - memory * memory) * gsl_ran_gaussian(random, 1);
            values[i] = exp(0.05 * state);
        }
        warned += stats_autocorrelated(values, N);
    }
    struct selftest_row row = {.id = "V2"};
    double share = (double)warned / trials;
    snprintf(row.injected, sizeof row.injected, "series of %d with lag-1 correlation %g, %u of them", N, memory,
             trials);
    snprintf(row.came_back, sizeof row.came_back, "a warning in %.1f %%", 100 * share);
    snprintf(row.wanted, sizeof row.wanted, memory > 0 ? ">= 95 %%" : "<= 5 %%");
    selftest_add(test, &row, memory > 0 ? share >= 0.95 : share <= 0.05);
}

/* Unpaired sets, as compare takes them: the rank-sum interval. */
static void shift_row(struct selftest *test, gsl_rng *random, unsigned n, unsigned trials)
{
    unsigned hits = 0;
    double a[REPS_MAX], b[REPS_MAX];
    for (unsigned trial = 0; trial < trials; trial++) {
        for (unsigned i = 0; i < n; i++) {
            a[i] = draw(random, LOGNORMAL);
            b[i] = 1.25 * draw(random, LOGNORMAL);
        }
        struct quantity ratio = shift_ratio(a, n, b, n);
        hits += ratio.low <= 1.25 && 1.25 <= ratio.high;
    }
    char what[80];
    snprintf(what, sizeof what, "ratio 1.25 of %u and %u unpaired values", n, n);
    selftest_cover(test, &(struct selftest_cover){"V2", what, hits, trials, shift_rate(n, n)});
}

/* What is made of medians over blocks, with an interval by drawing blocks. */
enum { SIZES = 5, COSTS_MAX = 1 + 2 * SIZES };
struct drawn {
    const char *what;
    double truth;
    stats_statistics *statistic;
    unsigned costs, first_rows; /* first_rows: values of the first cost in each block */
    double mean[COSTS_MAX], noise;
    struct draws_column cost[COSTS_MAX];
};

/* The medians of the costs in these draws. */
static void medians_of_draws(const struct drawn *drawn, const size_t *draws, size_t n, double *median)
{
    unsigned times[REPS_MAX];
    draws_count(draws, n, times);
    for (unsigned i = 0; i < drawn->costs; i++) median[i] = draws_median(&drawn->cost[i], times);
}

/* A fixed cost over what each task saves. */
static void crossover_of_draws(const size_t *draws, size_t n, void *context, double *value)
{
    double median[COSTS_MAX];
    medians_of_draws(context, draws, n, median);
    *value = median[0] / (median[1] - median[2]);
}

/* Of the middle one of several task sizes, with one line through all: start, serial times, times of the run phase. */
static void joint_crossover_of_draws(const size_t *draws, size_t n, void *context, double *value)
{
    double median[COSTS_MAX], *serial = median + 1, *wall = serial + SIZES;
    struct models_line line;
    medians_of_draws(context, draws, n, median);
    *value = models_line_fit(serial, wall, SIZES, &line) ? (median[0] + line.region_ns) / (serial[SIZES / 2] * (1 - line.share)) : NAN;
}

/* The granularity at which two workers are half as fast as they could be, between two task sizes: T_s, T_p, T_s, T_p. */
static void metg_of_draws(const size_t *draws, size_t n, void *context, double *value)
{
    double median[COSTS_MAX], efficiency[2], granularity[2];
    medians_of_draws(context, draws, n, median);
    for (int i = 0; i < 2; i++) {
        efficiency[i] = models_efficiency(models_speedup(median[2 * i], median[2 * i + 1]), 2);
        granularity[i] = 2 * median[2 * i + 1];
    }
    models_metg(granularity, efficiency, 2, 0.5, value);
}

static void bootstrap_row(struct selftest *test, gsl_rng *random, struct drawn *drawn, unsigned n, unsigned trials)
{
    unsigned hits = 0;
    for (unsigned trial = 0; trial < trials; trial++) {
        for (unsigned i = 0; i < drawn->costs; i++) {
            double values[SIZES * REPS_MAX];
            unsigned rows = i ? 1 : drawn->first_rows;
            for (unsigned k = 0; k < rows * n; k++) values[k] = drawn->mean[i] * gsl_ran_lognormal(random, 0, drawn->noise);
            draws_column_make(&drawn->cost[i], values, rows, n);
        }
        struct quantity found = {.n = drawn->first_rows * n};
        stats_bootstrap_many(&(struct stats_bootstrap){drawn->statistic, drawn, n, 1, 1000, trial + 1}, &found);
        for (unsigned i = 0; i < drawn->costs; i++) draws_column_free(&drawn->cost[i]);
        hits += found.low <= drawn->truth && drawn->truth <= found.high;
    }
    char what[80];
    snprintf(what, sizeof what, "%s of medians over %u blocks, bootstrap", drawn->what, n);
    selftest_cover(test, &(struct selftest_cover){"V2", what, hits, trials, 0});
}

static void bootstrap_rows(struct selftest *test, gsl_rng *random)
{
    struct drawn crossover = {"a crossover", 10, crossover_of_draws, 4, 1, {10, 2, 1, 1}, 0.05, {{0}}};
    struct drawn metg = {"METG", 0, metg_of_draws, 4, 1, {10, 14, 20, 18}, 0.05, {{0}}};
    struct drawn joint = {"a crossover from five sizes", 38 / (12 * 0.475), joint_crossover_of_draws, COSTS_MAX, SIZES,
                          {36, 0.12, 1.2, 12, 120, 1200}, 0.05, {{0}}};
    for (int i = 1; i <= SIZES; i++) joint.mean[SIZES + i] = 2 + 0.525 * joint.mean[i];
    double granularity[] = {28, 36}, efficiency[] = {5.0 / 14, 10.0 / 18};
    models_metg(granularity, efficiency, 2, 0.5, &metg.truth);
    for (unsigned n = STATS_INTERVAL_MIN; n <= 24; n *= 2) {
        bootstrap_row(test, random, &crossover, n, test->quick ? 200 : 1000);
        bootstrap_row(test, random, &metg, n, test->quick ? 200 : 1000);
        bootstrap_row(test, random, &joint, n, test->quick ? 200 : 1000);
    }
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
    char what[80];
    snprintf(what, sizeof what, "median at --precision %g %% (%.0f %% ended early)", 100 * precision, 100.0 * ended / trials);
    selftest_cover(test, &(struct selftest_cover){"V2", what, hits, trials, 0});
}

void selftest_statistics(struct selftest *test)
{
    gsl_rng *random = selftest_random(test);
    unsigned trials = test->quick ? 1000 : 10000;
    if (!random) return;
    const unsigned counts[] = {STATS_INTERVAL_MIN, 10, 15, 30};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        coverage_rows(test, random, LOGNORMAL, counts[i], trials);
        coverage_rows(test, random, BIMODAL, counts[i], trials);
    }
    for (unsigned n = STATS_INTERVAL_MIN; n <= 12; n *= 2) shift_row(test, random, n, trials);
    bootstrap_rows(test, random);
    looking_row(test, random, trials / 10);
    for (double precision = 0.02; precision < 0.06; precision += 0.02) precision_row(test, random, precision, trials / 5);
    correlation_row(test, random, 0.8, trials);
    correlation_row(test, random, 0, trials);
    gsl_rng_free(random);
}
