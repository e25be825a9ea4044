/* SPDX-License-Identifier: GPL-3.0-or-later */
/* V1: what is fitted comes back inside its intervals, on times whose truth is known. */
#include "bench/selftest/selftest.h"

#include "results/statistics/models.h"
#include "results/statistics/pool_fit.h"
#include "results/statistics/stats.h"

#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* A run phase around `wall`: lognormal noise, and now and then an interruption that can only lengthen it. */
static double disturbed(gsl_rng *random, double wall, double noise, double spikes)
{
    double value = wall * gsl_ran_lognormal(random, 0, noise);
    if (gsl_rng_uniform(random) < spikes) value *= 1 + gsl_ran_exponential(random, 0.5);
    return value;
}

/* ---- times from a known USL curve ---- */

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

static void usl_rows(struct selftest *test, gsl_rng *random)
{
    static const struct usl_case cases[] = {
        {0.05, 0.001, 0.01}, {0.05, 0.001, 0.05}, {0.02, 0.0005, 0.02},
        {0.2, 0.005, 0.05},  {0.05, 0, 0.01},     {0.05, 0, 0.05},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        usl_row(test, random, &cases[i], test->quick ? 300 : 2000);
}

/* ---- a serial fraction ---- */

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
                serial[rep] = disturbed(random, 1e9, 0.02, 0.03);
                team[rep] = disturbed(random, 1e9 / models_amdahl(fraction, levels[i]), 0.02, 0.03);
            }
            speedup[i] = stats_ratio(serial, team, REPS).median;
        }
        hits += !models_amdahl_fit(levels, speedup, LEVELS, &fit) && fit.low <= fraction && fraction <= fit.high;
    }
    selftest_cover(test, &(struct selftest_cover){"V1", "Amdahl's f = 0.08 of 6 levels x 15", hits, trials, 0});
}

/* ---- the costs of a pool, and what they say of a setting that was not measured ---- */

enum { POINTS = 40 };

/* As pool_fit.h states it; no chunk here is cut short. */
static double pool_time(const struct pool_point *point)
{
    double chunks = point->tasks / point->chunk, busiest = ceil(chunks / point->workers);
    return 30000 + busiest * (point->chunk * 1.08 * point->task_ns + 700) +
           5000 * sqrt(2 * point->chunk * log(point->workers));
}

static void pool_grid(struct pool_point *points)
{
    static const double workers[] = {1, 2, 4, 8}, chunks[] = {1, 4, 20, 50, 250}, tasks[] = {1000, 8000};
    for (int i = 0; i < POINTS; i++)
        points[i] = (struct pool_point){workers[i / 10], chunks[i / 2 % 5], tasks[i % 2], 2000, 0, 0};
}

static void pool_rows(struct selftest *test, gsl_rng *random, unsigned trials)
{
    static const char *const names[] = {"a pool's region of 30 us", "a pool's dilation of 1.08",
                                        "a pool's 700 ns a chunk", "a pool's spread of 5 us"};
    const struct pool_point elsewhere = {6, 10, 4200, 3000, 0, 0};
    const double truth[] = {30000, 1.08, 700, 5000}, noise = 0.02;
    unsigned hits[5] = {0};
    for (unsigned trial = 0; trial < trials; trial++) {
        struct pool_point points[POINTS];
        struct pool_fit fit;
        pool_grid(points);
        for (int i = 0; i < POINTS; i++) points[i].time_ns = pool_time(&points[i]) * gsl_ran_lognormal(random, 0, noise);
        if (pool_fit_make(points, POINTS, &fit)) continue;
        const struct quantity found[] = {fit.region_ns, fit.dilation, fit.chunk_ns, fit.spread_ns};
        for (int i = 0; i < 4; i++) hits[i] += found[i].low <= truth[i] && truth[i] <= found[i].high;
        double said = pool_fit_time(&fit, &elsewhere), there = pool_time(&elsewhere) * gsl_ran_lognormal(random, 0, noise);
        hits[4] += fabs(log(there / said)) <= fit.t * pool_fit_deviation(&fit, &elsewhere) / said;
    }
    for (int i = 0; i < 4; i++) selftest_cover(test, &(struct selftest_cover){"V1", names[i], hits[i], trials, 0});
    selftest_cover(test, &(struct selftest_cover){"V1", "What if? of 6 workers, chunk 10 (not measured)", hits[4], trials, 0});
}

void selftest_fits(struct selftest *test)
{
    gsl_rng *random = selftest_random(test);
    if (!random) return;
    usl_rows(test, random);
    amdahl_row(test, random, test->quick ? 300 : 2000);
    pool_rows(test, random, test->quick ? 100 : 1000);
    gsl_rng_free(random);
}
