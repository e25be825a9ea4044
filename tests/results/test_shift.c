/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The rank-sum interval and the sign test against known values and their nominal rate. */
#include "results/statistics/stats.h"
#include "tests/suite.h"

#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <math.h>

/* Hollander & Wolfe's permeability constants (ex. 4.1); the interval by enumeration of all 8008 orders.
 */
START_TEST(shift_agrees_with_enumeration)
{
    const double a[] = {0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46},
                 b[] = {1.15, 0.88, 0.90, 0.74, 1.21, 1.30};
    struct quantity ratio = stats_shift(a, 10, b, 6);
    ck_assert_double_eq_tol(ratio.median, 0.8107392079, 1e-9);
    ck_assert_double_eq_tol(ratio.low, 0.5487804878, 1e-9);
    ck_assert_double_eq_tol(ratio.high, 1.2054794521, 1e-9);
    ck_assert_uint_eq(ratio.n, 6);
}
END_TEST

START_TEST(shift_needs_enough_positive_values)
{
    const double good[] = {1, 2, 3, 4, 5, 6}, bad[] = {1, 2, 0, 4, 5, 6};
    ck_assert_double_nan(stats_shift(good, 6, good, 5).low);
    ck_assert(!isnan(stats_shift(good, 6, good, 5).median));
    ck_assert(!isnan(stats_shift(good, 6, good, 6).low));
    ck_assert_double_nan(stats_shift(good, 6, bad, 6).median);
    ck_assert_double_nan(stats_shift(good, 0, good, 6).median);
}
END_TEST

/* Two sets from one distribution: the interval must hold 1 at its nominal rate, whatever the shape. */
static unsigned covered(unsigned trials, size_t n, double bimodal, unsigned seed)
{
    gsl_rng *random = gsl_rng_alloc(gsl_rng_mt19937);
    gsl_rng_set(random, seed);
    unsigned hits = 0;
    for (unsigned trial = 0; trial < trials; trial++) {
        double set[2][64];
        for (int side = 0; side < 2; side++)
            for (size_t i = 0; i < n; i++) {
                set[side][i] = gsl_ran_lognormal(random, 0, 0.05);
                if (gsl_rng_uniform(random) < bimodal) set[side][i] *= 1.5;
            }
        struct quantity ratio = stats_shift(set[0], n, set[1], n);
        hits += ratio.low <= 1 && ratio.high >= 1;
    }
    gsl_rng_free(random);
    return hits;
}

START_TEST(shift_covers_at_its_rate)
{
    /* Exact rates of the rank-sum interval are 95.7 % at n = 10, 95.3 % at 15, by the normal distribution 95.1 % at 50; the band is four standard
     * deviations of 2000 trials wide on either side of 95-97. */
    const size_t sizes[] = {10, 15, 50};
    for (int i = 0; i < 3; i++) {
        unsigned plain = covered(2000, sizes[i], 0, 7), two = covered(2000, sizes[i], 0.3, 8);
        ck_assert_msg(plain >= 1862 && plain <= 1970, "n %zu: %u of 2000", sizes[i], plain);
        ck_assert_msg(two >= 1862 && two <= 1970, "bimodal, n %zu: %u of 2000", sizes[i], two);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("shift");
    TCase *all = tcase_create("all");
    tcase_add_test(all, shift_agrees_with_enumeration);
    tcase_add_test(all, shift_needs_enough_positive_values);
    tcase_add_test(all, shift_covers_at_its_rate);
    suite_add_tcase(suite, all);
    return suite_run(suite);
}
