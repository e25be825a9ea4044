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
static double disturbed(gsl_rng *random, double wall)
{
    double value = wall * gsl_ran_lognormal(random, 0, 0.02);
    if (gsl_rng_uniform(random) < 0.03) value *= 1 + gsl_ran_exponential(random, 0.5);
    return value;
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
                serial[rep] = disturbed(random, 1e9);
                team[rep] = disturbed(random, 1e9 / models_amdahl(fraction, levels[i]));
            }
            speedup[i] = stats_ratio(serial, team, REPS).median;
        }
        hits += !models_amdahl_fit(levels, speedup, LEVELS, &fit) && fit.low <= fraction && fraction <= fit.high;
    }
    selftest_cover(test, &(struct selftest_cover){"V1", "Amdahl's f = 0.08 of 6 levels x 15", hits, trials, 0});
}

/* ---- what a pool's costs say of a setting that was not measured ---- */

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

static void pool_row(struct selftest *test, gsl_rng *random, unsigned trials)
{
    const struct pool_point elsewhere = {6, 10, 4200, 3000, 0, 0};
    const double noise = 0.02;
    unsigned hits = 0;
    for (unsigned trial = 0; trial < trials; trial++) {
        struct pool_point points[POINTS];
        struct pool_fit fit;
        pool_grid(points);
        for (int i = 0; i < POINTS; i++) points[i].time_ns = pool_time(&points[i]) * gsl_ran_lognormal(random, 0, noise);
        if (pool_fit_make(points, POINTS, &fit)) continue;
        double said = pool_fit_time(&fit, &elsewhere), there = pool_time(&elsewhere) * gsl_ran_lognormal(random, 0, noise);
        hits += fabs(log(there / said)) <= fit.t * pool_fit_deviation(&fit, &elsewhere) / said;
    }
    selftest_cover(test,
                   &(struct selftest_cover){"V1", "What if? of 6 workers, chunk 10 (not measured)", hits, trials, 0});
}

void selftest_fits(struct selftest *test)
{
    gsl_rng *random = selftest_random(test);
    if (!random) return;
    amdahl_row(test, random, test->quick ? 300 : 2000);
    pool_row(test, random, test->quick ? 100 : 1000);
    gsl_rng_free(random);
}
