/* SPDX-License-Identifier: GPL-3.0-or-later */
/* V2: intervals of medians, ratios and what is made of them hold what they promise, on samples whose truth is known. */
#include "bench/selftest/selftest.h"

#include "results/statistics/models.h"
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
    char what[80];
    snprintf(what, sizeof what, "METG of medians over %u blocks, bootstrap", n);
    selftest_cover(test, &(struct selftest_cover){"V2", what, hits, trials, 0});
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
    looking_row(test, random, trials / 10);
    for (double precision = 0.02; precision < 0.06; precision += 0.02)
        precision_row(test, random, precision,
                      test->quick ? 200 : trials); /* about 93.7 %: close to what is asked for */
    for (unsigned n = STATS_INTERVAL_MIN; n <= 24; n *= 2)
        bootstrap_row(test, random, n, trials / (test->quick ? 5 : 10));
    gsl_rng_free(random);
}
