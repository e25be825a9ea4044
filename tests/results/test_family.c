/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The gate's permutations: known tables of which all arrangements were counted by another program, and the rate of alarms. */
#include "results/statistics/family.h"
#include "tests/suite.h"

#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <math.h>
#include <stdlib.h>

/* Of how many arrangements the largest statistic reaches what was observed; each table's counts differ where one of the
 * constants does: the usual spread's weight, how far out values are drawn in, when a row is no candidate. */
START_TEST(all_arrangements_of_known_tables)
{
    static const double seven[] = {2, 3, -2, 3, -1, 1, 1,   6, -5, 9, 7, -4, 2, -6,
                                   0, -4, -1, -5, -5, 0, -3, 2, 1, 2, 2, 3, 2, -11},
                        six[] = {0, 2, 5, 0, -2, -1, 1, -6, -1, -4, -5, -5}, out[] = {1, 1, 1, 1, 1, -10};
    static const struct {
        struct family family;
        double reached[4], all;
    } known[] = {{{true, 4, 7, 0, seven, 0}, {63, 70, 128, 74}, 128},
                 {{true, 2, 6, 0, six, 0}, {36, 63}, 64},
                 {{true, 1, 6, 0, out, 0}, {32}, 64}}; /* -10 is drawn in to -4 */
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        double p[4];
        ck_assert_int_eq(family_p_above(&known[i].family, 1, 0, p), 0);
        for (size_t row = 0; row < known[i].family.rows; row++)
            ck_assert_msg(fabs(p[row] * known[i].all - known[i].reached[row]) < 1e-9, "table %zu, row %zu: %g of %g", i, row,
                          p[row] * known[i].all, known[i].all);
    }
}
END_TEST

START_TEST(no_p_is_smaller_than_the_floor)
{
    ck_assert_double_eq_tol(family_floor(true, 6, 0), 1.0 / 64, 1e-12);
    ck_assert_double_eq_tol(family_floor(false, 6, 6), 1.0 / 924, 1e-12);
    ck_assert_double_eq(family_floor(false, 6, 0), 1);
}
END_TEST

/* All cells on the margin's edge, blocks that shift all of them: an alarm on either side in at most 5 %, and where the
 * smallest p is 1/64 as often as two of them. */
START_TEST(pairs_on_the_edge_alarm_at_their_rate)
{
    gsl_rng *random = gsl_rng_alloc(gsl_rng_mt19937);
    unsigned alarms = 0, trials = 400;
    for (unsigned trial = 0; trial < trials; trial++) {
        enum { ROWS = 20, BLOCKS = 8 };
        double value[ROWS * BLOCKS], p[ROWS], smallest = 1, shift[BLOCKS];
        for (int i = 0; i < BLOCKS; i++) shift[i] = gsl_ran_gaussian(random, 0.02);
        for (int i = 0; i < ROWS * BLOCKS; i++)
            value[i] = 0.05 + shift[i % BLOCKS] + gsl_ran_gaussian(random, 0.02);
        struct family family = {true, ROWS, BLOCKS, 0, value, 0};
        ck_assert_int_eq(family_p_above(&family, 1, 0.05, p), 0);
        for (int i = 0; i < ROWS; i++) smallest = fmin(smallest, p[i]);
        alarms += smallest <= 0.05;
    }
    gsl_rng_free(random);
    ck_assert_msg(alarms >= 6 && alarms <= 33, "%u of %u", alarms, trials); /* 5 %: 20, three standard deviations up */
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("family");
    TCase *all = tcase_create("all");
    tcase_set_timeout(all, 60);
    tcase_add_test(all, all_arrangements_of_known_tables);
    tcase_add_test(all, no_p_is_smaller_than_the_floor);
    tcase_add_test(all, pairs_on_the_edge_alarm_at_their_rate);
    suite_add_tcase(suite, all);
    return suite_run(suite);
}
