/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From how many tasks a runner pays, of runs in memory whose truth is known. */
#include "results/models/summary.h"
#include "tests/fixtures/runs.h"
#include "tests/suite.h"

#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SIZES = 5, TASKS = 32 };
static const double size_ns[SIZES] = {1e3, 1e4, 1e5, 1e6, 1e7}, REGION_NS = 1e5, START_NS = 9e6;

/* Two workers beside serial at five task sizes. share[i]: of the serial time that the run phase takes beside its region. */
static struct run sizes_run(unsigned blocks, const double *share, double noise, gsl_rng *random)
{
    struct run run = runs_new();
    for (int i = 0; i < SIZES; i++)
        for (unsigned p = 0; p <= 2; p += 2) {
            struct cell *cell = runs_cell(&run, p ? "forkpool" : "serial", p ? p : 1, 1);
            strcpy(cell->study, "breakeven");
            cell->size = cell->task_time_ns = (uint64_t)size_ns[i];
            cell->tasks = TASKS;
            unsigned id = cell->id;
            for (unsigned block = 0; block < blocks; block++) {
                double serial = TASKS * size_ns[i], wall = p ? REGION_NS + share[i] * serial : serial;
                struct observation *sample = runs_sample(&run, id, block, (int64_t)(wall * gsl_ran_lognormal(random, 0, noise)));
                sample->start_ns = p ? (int64_t)(START_NS * gsl_ran_lognormal(random, 0, noise)) : 0;
            }
        }
    return run;
}

/* Without whole rounds: what the interval's two ends enclose to within a round. */
static double truth_of(int size, double share)
{
    return (START_NS + REGION_NS) / (size_ns[size] * (1 - share));
}

static const double same_share[SIZES] = {0.525, 0.525, 0.525, 0.525, 0.525};

/* 150 runs of six blocks with 10 % of noise: as often as they promise, and far narrower than one size's six repetitions tell. */
START_TEST(few_blocks_of_five_sizes_cover)
{
    enum { RUNS = 150 };
    gsl_rng *random = gsl_rng_alloc(gsl_rng_mt19937);
    unsigned hits = 0, narrow = 0;
    for (unsigned i = 0; i < RUNS; i++) {
        struct run run = sizes_run(6, same_share, 0.1, random);
        struct summary summary = runs_summary(&run);
        ck_assert_uint_eq(summary.crossover_count, SIZES);
        for (int s = 0; s < SIZES; s++) {
            struct quantity tasks = summary.crossovers[s].tasks;
            double truth = truth_of(s, 0.525);
            ck_assert_uint_eq(tasks.n, 6);
            hits += tasks.low - 2 <= truth && truth <= tasks.high;
            narrow += s < 3 && tasks.high - tasks.low < 0.6 * truth;
        }
        summary_free(&summary);
        run_free(&run);
    }
    gsl_rng_free(random);
    ck_assert_msg(hits >= 0.93 * RUNS * SIZES, "%u of %u", hits, RUNS * SIZES);
    ck_assert_msg(narrow >= 0.9 * RUNS * 3, "%u of %u", narrow, RUNS * 3);
}
END_TEST

/* The largest tasks slow each other down to serial speed: no line goes through all, and each size keeps its own answer. */
START_TEST(sizes_that_are_no_line_keep_their_own_answer)
{
    static const double share[SIZES] = {0.525, 0.525, 0.525, 0.525, 0.95};
    gsl_rng *random = gsl_rng_alloc(gsl_rng_mt19937);
    struct run run = sizes_run(12, share, 0.005, random);
    struct summary summary = runs_summary(&run);
    for (int s = 2; s < SIZES; s++) ck_assert_double_eq_tol(summary.crossovers[s].tasks.median / truth_of(s, share[s]), 1, s < 4 ? 0.15 : 0.5);
    summary_free(&summary);
    run_free(&run);
    gsl_rng_free(random);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("crossover");
    TCase *all = tcase_create("all");
    tcase_add_test(all, few_blocks_of_five_sizes_cover);
    tcase_add_test(all, sizes_that_are_no_line_keep_their_own_answer);
    suite_add_tcase(suite, all);
    return suite_run(suite);
}
