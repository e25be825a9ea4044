/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Statistics against values worked out by hand and coverage against its nominal rate. */
#include "results/statistics/stats.h"
#include "tests/suite.h"

#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <math.h>
#include <stdlib.h>

START_TEST(ranks_are_those_of_the_sign_test)
{
    static const struct {
        size_t n, rank;
    } known[] = {{0, 0},  {1, 0},  {5, 0},   {6, 1},   {7, 1},    {8, 1},      {9, 2},           {10, 2},
                 {15, 4}, {20, 6}, {30, 10}, {50, 18}, {100, 40}, {1000, 469}, {1000000, 499020}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        ck_assert_msg(stats_rank(known[i].n) == known[i].rank, "n %zu: rank %zu", known[i].n, stats_rank(known[i].n));
}
END_TEST

START_TEST(median_takes_its_interval_from_ranks)
{
    double values[10] = {7, 1, 10, 3, 9, 2, 8, 4, 6, 5};
    struct quantity quantity = stats_median(values, 10);
    ck_assert_double_eq(quantity.median, 5.5);
    ck_assert_double_eq(quantity.low, 2);
    ck_assert_double_eq(quantity.high, 9);
    ck_assert_uint_eq(quantity.n, 10);
    ck_assert_double_eq(values[0], 7); /* unchanged */
    quantity = stats_median(values, 6);
    ck_assert_double_eq(quantity.median, 5);
    ck_assert_double_eq(quantity.low, 1);
    ck_assert_double_eq(quantity.high, 10);
}
END_TEST

/* 2^n B(s+1, n-s+1) >= 20: 8 of 8 do (28.4), 7 of 7 do not (16). */
START_TEST(ranks_for_looking_again_are_further_out)
{
    static const size_t known[][2] = {{0, 0}, {7, 0}, {8, 1}, {12, 2}, {16, 3}, {25, 6}, {75, 24}, {100, 35}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        ck_assert_msg(stats_rank_anytime(known[i][0]) == known[i][1], "n %zu: rank %zu", known[i][0],
                      stats_rank_anytime(known[i][0]));
    double a[8] = {2, 4, 8, 16, 32, 64, 128, 256}, b[8] = {1, 1, 1, 1, 1, 1, 1, 1};
    ck_assert_double_eq_tol(stats_ratio_anytime(a, b, 8).low, 2, 1e-12);
    ck_assert_double_eq_tol(stats_ratio_anytime(a, b, 8).high, 256, 1e-9);
    ck_assert_double_nan(stats_ratio_anytime(a, b, 7).low);
}
END_TEST

START_TEST(precise_is_the_farther_end)
{
    ck_assert(stats_precise((struct quantity){100, 96, 105, 10}, 0.05));
    ck_assert(!stats_precise((struct quantity){100, 96, 105.1, 10}, 0.05));
    ck_assert(!stats_precise((struct quantity){100, 94.9, 101, 10}, 0.05));
    ck_assert(!stats_precise((struct quantity){100, NAN, NAN, 5}, 0.05));
}
END_TEST

START_TEST(few_values_have_no_interval)
{
    double values[5] = {3, 1, 2, 5, 4};
    for (size_t n = 1; n <= 5; n++) {
        struct quantity quantity = stats_median(values, n);
        ck_assert_double_nan(quantity.low);
        ck_assert_double_nan(quantity.high);
        ck_assert_uint_eq(quantity.n, n);
    }
    ck_assert_double_eq(stats_median(values, 5).median, 3);
    ck_assert_double_nan(stats_median(values, 0).median);
    ck_assert_uint_eq(stats_median(values, 0).n, 0);
}
END_TEST

START_TEST(what_is_no_number_is_left_out)
{
    double values[8] = {NAN, 1, 2, 3, NAN, 4, 5, 6};
    struct quantity quantity = stats_median(values, 8);
    ck_assert_uint_eq(quantity.n, 6);
    ck_assert_double_eq(quantity.median, 3.5);
}
END_TEST

START_TEST(ratio_is_the_median_of_log_ratios)
{
    double a[6] = {2, 4, 8, 16, 32, 64}, b[6] = {1, 1, 1, 1, 1, 1};
    struct quantity ratio = stats_ratio(a, b, 6);
    ck_assert_double_eq_tol(ratio.median, sqrt(8 * 16), 1e-12); /* geometric mean of the middle two */
    ck_assert_double_eq_tol(ratio.low, 2, 1e-12);
    ck_assert_double_eq_tol(ratio.high, 64, 1e-12);
    struct quantity inverse = stats_ratio(b, a, 6);
    ck_assert_double_eq_tol(inverse.median * ratio.median, 1, 1e-12);
    double zero[6] = {0, -1, NAN, 16, 32, 64};
    ck_assert_uint_eq(stats_ratio(zero, b, 6).n, 3);
}
END_TEST

START_TEST(outliers_are_counted)
{
    double values[12] = {10, 11, 9, 10, 10.5, 9.5, 10.2, 9.8, 10.1, 9.9, 10, 1000};
    ck_assert_uint_eq(stats_outliers(values, 12), 1);
    ck_assert_uint_eq(stats_outliers(values, 11), 0);
    double same[20] = {0};
    ck_assert_uint_eq(stats_outliers(same, 20), 0);
    same[19] = 1e9; /* MAD is 0: the mean deviation stands in, 1e9/(1.2533 x 1e9/20) = 15.96 */
    ck_assert_uint_eq(stats_outliers(same, 20), 1);
    ck_assert_uint_eq(stats_outliers(same, 0), 0);
    for (size_t i = 16; i < 20; i++) same[i] = 1; /* 20/(1.2533 x 4) = 3.99 */
    ck_assert_uint_eq(stats_outliers(same, 20), 4);
    same[15] = 1; /* 20/(1.2533 x 5) = 3.19 */
    ck_assert_uint_eq(stats_outliers(same, 20), 0);
}
END_TEST

/* Ties, infinities, values that are missing; blocks that are drawn often and never. */
START_TEST(a_median_of_draws_is_that_of_the_sorted_draws)
{
    enum { N = 23 };
    double values[N], drawn[N];
    size_t draws[N];
    unsigned times[N];
    srand((unsigned)_i + 1);
    for (size_t i = 0; i < N; i++) {
        values[i] = rand() % 9;
        if (_i % 3 && rand() % 4 == 0) values[i] = NAN;
        if (_i % 5 == 0 && rand() % 6 == 0) values[i] = INFINITY;
    }
    struct draws_column column;
    ck_assert_int_eq(draws_column_make(&column, values, 1, N), 0);
    for (int round = 0; round < 200; round++) {
        size_t few = 1 + (size_t)rand() % N; /* of a few only: other medians, and often none at all */
        for (size_t i = 0; i < N; i++) drawn[i] = values[draws[i] = (size_t)rand() % few];
        draws_count(draws, N, times);
        double want = stats_quantile(drawn, N, 0.5), got = draws_median(&column, times);
        ck_assert_msg(isnan(want) ? isnan(got) : got == want, "%g instead of %g", got, want);
    }
    draws_column_free(&column);
}
END_TEST

/* Two values of each index are drawn together; one is missing. */
START_TEST(several_values_of_an_index_are_drawn_together)
{
    double values[] = {1, 2, 3, 10, NAN, 30};
    size_t draws[] = {1, 1, 2};
    unsigned times[3];
    struct draws_column column;
    ck_assert_int_eq(draws_column_make(&column, values, 2, 3), 0);
    draws_count(draws, 3, times); /* 2, 2, 3, 30 */
    ck_assert_double_eq(draws_median(&column, times), 2.5);
    draws_column_free(&column);
}
END_TEST

/* -2 -1 0 1 2 and one more: median 0.5, MAD 1.5. z = 0.6745 abs(x - 0.5)/1.5 is 3.5 at x = 8.2835. */
START_TEST(an_outlier_begins_at_a_modified_z_of_3_5)
{
    double values[6] = {-2, -1, 0, 1, 2, 8.25};
    ck_assert_uint_eq(stats_outliers(values, 6), 0);
    values[5] = 8.32;
    ck_assert_uint_eq(stats_outliers(values, 6), 1);
}
END_TEST

START_TEST(quantiles_interpolate)
{
    double values[5] = {50, 10, 40, 20, 30};
    ck_assert_double_eq(stats_quantile(values, 5, 0), 10);
    ck_assert_double_eq(stats_quantile(values, 5, 0.5), 30);
    ck_assert_double_eq(stats_quantile(values, 5, 0.9), 46);
    ck_assert_double_eq(stats_quantile(values, 5, 1), 50);
    ck_assert_double_nan(stats_quantile(values, 0, 0.5));
    double endless[3] = {1, INFINITY, INFINITY};
    ck_assert_double_eq(stats_quantile(endless, 3, 0.9), INFINITY);
}
END_TEST

static double mean_of_draws(const size_t *draws, size_t n, void *context)
{
    const double *values = context;
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += values[draws[i]];
    return sum / (double)n;
}

START_TEST(bootstrap_covers_and_repeats)
{
    double values[20];
    for (size_t i = 0; i < 20; i++) values[i] = (double)i;
    struct quantity one = stats_bootstrap(mean_of_draws, values, 20, 2000, 1);
    struct quantity two = stats_bootstrap(mean_of_draws, values, 20, 2000, 1);
    ck_assert_double_eq(one.median, 9.5);
    ck_assert_double_eq(one.low, two.low);
    ck_assert_double_eq(one.high, two.high);
    /* standard error sqrt(33.25/20) = 1.29, t(0.975; 19) = 2.093 */
    ck_assert_double_eq_tol(one.low, 9.5 - 2.093 * 1.29, 0.15);
    ck_assert_double_eq_tol(one.high, 9.5 + 2.093 * 1.29, 0.15);
    /* of six: sqrt(35/12/6) = 0.697, t(0.975; 5) = 2.571, skewed a little by the walls; plain quantiles: 2.5 +- 1.37 */
    struct quantity six = stats_bootstrap(mean_of_draws, values, 6, 20000, 1);
    ck_assert_double_eq_tol(six.low, 2.5 - 2.571 * 0.697, 0.13);
    ck_assert_double_eq_tol(six.high, 2.5 + 2.571 * 0.697, 0.13);
    ck_assert_double_nan(stats_bootstrap(mean_of_draws, values, 5, 2000, 1).low);
    ck_assert_double_nan(stats_bootstrap(mean_of_draws, values, 0, 2000, 1).median);
}
END_TEST

static void mean_three_times(const size_t *draws, size_t n, void *context, double *values)
{
    for (int i = 0; i < 3; i++) values[i] = mean_of_draws(draws, n, context);
}

/* Of the same draws: what rests on more values is narrower, what rests on fewer than six has no interval. */
START_TEST(each_figure_of_a_draw_has_the_tail_of_what_it_rests_on)
{
    double values[12];
    for (size_t i = 0; i < 12; i++) values[i] = (double)i;
    struct quantity made[3] = {{.n = 12}, {.n = 60}, {.n = 5}}, alone = stats_bootstrap(mean_of_draws, values, 12, 2000, 3);
    ck_assert_int_eq(stats_bootstrap_many(&(struct stats_bootstrap){mean_three_times, values, 12, 3, 2000, 3}, made), 0);
    ck_assert_double_eq(made[0].low, alone.low);
    ck_assert_double_eq(made[0].high, alone.high);
    ck_assert_double_gt(made[1].low, made[0].low);
    ck_assert_double_lt(made[1].high, made[0].high);
    ck_assert_double_eq(made[2].median, alone.median);
    ck_assert_double_nan(made[2].low);
}
END_TEST

static double nan_where_the_first_is_missing(const size_t *draws, size_t n, void *context)
{
    (void)context;
    for (size_t i = 0; i < n; i++)
        if (!draws[i]) return 1;
    return NAN;
}

START_TEST(replicates_that_reach_nothing_open_the_interval)
{
    struct quantity quantity = stats_bootstrap(nan_where_the_first_is_missing, NULL, 10, 1000, 7);
    ck_assert_double_eq(quantity.median, 1);
    ck_assert_double_eq(quantity.low, 1);
    ck_assert_double_eq(quantity.high, INFINITY);
}
END_TEST

/* The exact coverage of ranks 4 and 12 of 15 is 96.48 %; 4000 trials have a standard error of 0.29 %. */
START_TEST(intervals_cover_at_their_exact_rate)
{
    gsl_rng *random = gsl_rng_alloc(gsl_rng_mt19937);
    unsigned covered = 0;
    for (unsigned trial = 0; trial < 4000; trial++) {
        double values[15];
        for (size_t i = 0; i < 15; i++) values[i] = gsl_ran_lognormal(random, 3, 1);
        struct quantity quantity = stats_median(values, 15);
        covered += quantity.low <= exp(3) && exp(3) <= quantity.high;
    }
    gsl_rng_free(random);
    ck_assert_double_eq_tol(covered / 4000.0, 0.9648, 0.01);
}
END_TEST

/* A series without memory warns in about 2.5 %; one with a strong memory nearly always. */
START_TEST(autocorrelation_is_noticed)
{
    gsl_rng *random = gsl_rng_alloc(gsl_rng_mt19937);
    unsigned plain = 0, linked = 0;
    for (unsigned trial = 0; trial < 1000; trial++) {
        double free_values[30], chain[30], last = 0;
        for (size_t i = 0; i < 30; i++) {
            free_values[i] = gsl_ran_gaussian(random, 1);
            chain[i] = last = 0.9 * last + gsl_ran_gaussian(random, 1);
        }
        plain += stats_autocorrelated(free_values, 30);
        linked += stats_autocorrelated(chain, 30);
    }
    gsl_rng_free(random);
    ck_assert_msg(plain <= 45, "%u of 1000 without memory", plain);
    ck_assert_msg(linked >= 950, "%u of 1000 with memory", linked);
    double short_series[9] = {1, 2, 3, 4, 5, 6, 7, 8, 9};
    ck_assert(!stats_autocorrelated(short_series, 9));
}
END_TEST

START_TEST(unresolved_is_a_verdict)
{
    ck_assert_int_eq(stats_verdict((struct quantity){0.8, 0.7, 0.9, 10}), VERDICT_LESS);
    ck_assert_int_eq(stats_verdict((struct quantity){1.2, 1.1, 1.3, 10}), VERDICT_MORE);
    ck_assert_int_eq(stats_verdict((struct quantity){1.2, 0.9, 1.3, 10}), VERDICT_UNRESOLVED);
    ck_assert_int_eq(stats_verdict((struct quantity){9, NAN, NAN, 3}), VERDICT_UNRESOLVED);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("stats");
    TCase *all = tcase_create("all");
    tcase_add_test(all, ranks_are_those_of_the_sign_test);
    tcase_add_test(all, median_takes_its_interval_from_ranks);
    tcase_add_test(all, ranks_for_looking_again_are_further_out);
    tcase_add_test(all, precise_is_the_farther_end);
    tcase_add_test(all, few_values_have_no_interval);
    tcase_add_test(all, what_is_no_number_is_left_out);
    tcase_add_test(all, ratio_is_the_median_of_log_ratios);
    tcase_add_test(all, outliers_are_counted);
    tcase_add_test(all, an_outlier_begins_at_a_modified_z_of_3_5);
    tcase_add_test(all, quantiles_interpolate);
    tcase_add_loop_test(all, a_median_of_draws_is_that_of_the_sorted_draws, 0, 12);
    tcase_add_test(all, bootstrap_covers_and_repeats);
    tcase_add_test(all, each_figure_of_a_draw_has_the_tail_of_what_it_rests_on);
    tcase_add_test(all, several_values_of_an_index_are_drawn_together);
    tcase_add_test(all, replicates_that_reach_nothing_open_the_interval);
    tcase_add_test(all, intervals_cover_at_their_exact_rate);
    tcase_add_test(all, autocorrelation_is_noticed);
    tcase_add_test(all, unresolved_is_a_verdict);
    suite_add_tcase(suite, all);
    return suite_run(suite);
}
