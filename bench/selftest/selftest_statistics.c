/* SPDX-License-Identifier: GPL-3.0-or-later */
/* V1, V2 and the simulated half of V3: fits and intervals hold what they promise, on samples whose truth is known. */
#include "bench/selftest/selftest.h"

#include "results/summary/compare.h"
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

static gsl_rng *random_open(const struct selftest *test)
{
    gsl_rng *random = gsl_rng_alloc(gsl_rng_mt19937);
    if (random) gsl_rng_set(random, (unsigned long)test->seed);
    return random;
}

struct selftest_band selftest_band(double rate, unsigned trials)
{
    double half = 2.576 * sqrt(rate * (1 - rate) / (trials < 1000 ? trials : 1000));
    return (struct selftest_band){rate - half, fmin(1, rate + half)};
}

/* A run phase around `wall`: lognormal noise, and now and then an interruption that can only lengthen it. */
static double disturbed(gsl_rng *random, double wall, double noise, double spikes)
{
    double value = wall * gsl_ran_lognormal(random, 0, noise);
    if (gsl_rng_uniform(random) < spikes) value *= 1 + gsl_ran_exponential(random, 0.5);
    return value;
}

/* ---- V1: times from a known USL curve ---- */

struct usl_case {
    double sigma, kappa, noise;
};

/* One curve, measured at nine levels with fifteen repetitions each, fitted. */
static int usl_trial(gsl_rng *random, const struct usl_case *truth, struct usl_fit *fit)
{
    static const double levels[] = {1, 2, 4, 6, 8, 12, 16, 24, 32};
    enum { LEVELS = sizeof levels / sizeof *levels, REPS = 15 };
    double medians[LEVELS], reps[REPS];
    for (int i = 0; i < LEVELS; i++) {
        double p = levels[i], wall = (1 + truth->sigma * (p - 1) + truth->kappa * p * (p - 1)) / p;
        for (int rep = 0; rep < REPS; rep++) reps[rep] = disturbed(random, 1e9 * wall, truth->noise, 0.03);
        medians[i] = stats_median(reps, REPS).median;
    }
    return models_usl_fit(levels, medians, LEVELS, fit);
}

static void usl_row(struct selftest *test, gsl_rng *random, const struct usl_case *truth, unsigned trials)
{
    unsigned sigma = 0, kappa = 0, peaks = 0, fitted = 0;
    for (unsigned trial = 0; trial < trials; trial++) {
        struct usl_fit fit;
        if (usl_trial(random, truth, &fit)) continue;
        fitted++;
        sigma += fit.sigma_low <= truth->sigma && truth->sigma <= fit.sigma_high;
        kappa += fit.kappa_low <= truth->kappa && truth->kappa <= fit.kappa_high;
        peaks += fit.peak_seen;
    }
    struct selftest_row row = {.id = "V1"};
    double n = trials, slack = trials < 1000 ? 2.576 * sqrt(0.05 * 0.95 / n) : 0.02;
    snprintf(row.injected, sizeof row.injected, "USL s = %g, k = %g, noise %g %% and spikes, %u curves", truth->sigma,
             truth->kappa, 100 * truth->noise, trials);
    snprintf(row.came_back, sizeof row.came_back, "intervals cover s %.1f %%, k %.1f %%; a peak is claimed in %.1f %%",
             100 * sigma / n, 100 * kappa / n, 100 * peaks / n);
    snprintf(row.wanted, sizeof row.wanted, "%.0f-%.0f %%%s", 100 * (0.95 - slack),
             fmin(100, 100 * (0.95 + slack + 0.01)), truth->kappa > 0 ? "" : "; peak <= 5 %");
    double low = 0.95 - slack, high = 0.95 + slack + 0.01, limit = 0.05 + (trials < 1000 ? slack : 0);
    bool holds = fitted == trials && sigma / n >= low && sigma / n <= high && kappa / n >= low && kappa / n <= high;
    if (truth->kappa <= 0 && peaks / n > limit) holds = false;
    selftest_add(test, &row, holds);
}

void selftest_usl(struct selftest *test)
{
    static const struct usl_case cases[] = {
        {0.05, 0.001, 0.01}, {0.05, 0.001, 0.05}, {0.02, 0.0005, 0.02},
        {0.2, 0.005, 0.05},  {0.05, 0, 0.01},     {0.05, 0, 0.05},
    };
    gsl_rng *random = random_open(test);
    if (!random) return;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        usl_row(test, random, &cases[i], test->quick ? 300 : 2000);
    gsl_rng_free(random);
}

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

static void coverage_row(struct selftest *test, const char *what, const char *from, unsigned hits, unsigned trials,
                         double rate)
{
    struct selftest_band band = selftest_band(rate, trials);
    struct selftest_row row = {.id = "V2"};
    double share = (double)hits / trials;
    snprintf(row.injected, sizeof row.injected, "%s of %s, %u sets", what, from, trials);
    snprintf(row.came_back, sizeof row.came_back, "the interval covers the truth in %.2f %%", 100 * share);
    snprintf(row.wanted, sizeof row.wanted, "%.1f-%.1f %% (nominal %.2f %%)", 100 * band.low, 100 * band.high,
             100 * rate);
    selftest_add(test, &row, share >= band.low && share <= band.high);
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
    char from[80];
    snprintf(from, sizeof from, "%u %s values", n, shape == BIMODAL ? "bimodal" : "lognormal");
    coverage_row(test, "median", from, medians, trials, nominal_rate(n));
    snprintf(from, sizeof from, "%u drifting %s pairs", n, shape == BIMODAL ? "bimodal" : "lognormal");
    coverage_row(test, "ratio 1.25", from, ratios, trials, nominal_rate(n));
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
    /* Exact rates, from the distribution of U: 95.67 % at 10, 95.47 % at 15. */
    char from[80];
    snprintf(from, sizeof from, "%u and %u unpaired values", n, n);
    coverage_row(test, "ratio 1.25", from, hits, trials, n == 10 ? 0.9567 : 0.9547);
}

/* A fixed cost over what each task saves, as crossovers and METG are made: of medians over blocks. */
struct costs {
    double fixed[REPS_MAX], slow[REPS_MAX], fast[REPS_MAX];
};

static double median_of_draws(const double *values, const size_t *draws, size_t n)
{
    double drawn[REPS_MAX];
    for (size_t i = 0; i < n; i++) drawn[i] = values[draws[i]];
    return stats_median(drawn, n).median;
}

static double crossover_of_draws(const size_t *draws, size_t n, void *context)
{
    const struct costs *costs = context;
    return median_of_draws(costs->fixed, draws, n) /
           (median_of_draws(costs->slow, draws, n) - median_of_draws(costs->fast, draws, n));
}

static void bootstrap_row(struct selftest *test, gsl_rng *random, unsigned n, unsigned trials)
{
    unsigned hits = 0;
    struct costs costs;
    for (unsigned trial = 0; trial < trials; trial++) {
        for (unsigned i = 0; i < n; i++) {
            costs.fixed[i] = 10 * gsl_ran_lognormal(random, 0, 0.1);
            costs.slow[i] = 2 * gsl_ran_lognormal(random, 0, 0.05);
            costs.fast[i] = gsl_ran_lognormal(random, 0, 0.05);
        }
        struct quantity crossover = stats_bootstrap(crossover_of_draws, &costs, n, 1000, trial + 1);
        hits += crossover.low <= 10 && 10 <= crossover.high;
    }
    struct selftest_row row = {.id = "V2"};
    double share = (double)hits / trials;
    snprintf(row.injected, sizeof row.injected, "crossover of three costs in %u blocks, %u sets", n, trials);
    snprintf(row.came_back, sizeof row.came_back, "the bootstrap interval covers the truth in %.1f %%", 100 * share);
    snprintf(row.wanted, sizeof row.wanted, "93-99.5 %%");
    selftest_add(test, &row, share >= 0.93 && share <= 0.995);
}

void selftest_statistics(struct selftest *test)
{
    gsl_rng *random = random_open(test);
    unsigned trials = test->quick ? 1000 : 10000;
    if (!random) return;
    const unsigned counts[] = {10, 15, 30};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        coverage_rows(test, random, LOGNORMAL, counts[i], trials);
        coverage_rows(test, random, BIMODAL, counts[i], trials);
    }
    shift_row(test, random, 10, trials);
    for (unsigned n = STATS_INTERVAL_MIN; n <= 20; n *= 2) bootstrap_row(test, random, n, test->quick ? 200 : 1000);
    correlation_row(test, random, 0.8, trials);
    correlation_row(test, random, 0, trials);
    gsl_rng_free(random);
}
