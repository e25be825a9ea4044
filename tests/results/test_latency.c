/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Latencies: every duration lands in the bin that holds it; quantiles of known distributions come back. */
#include "results/record/latency.h"
#include "tests/suite.h"

#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdlib.h>

START_TEST(each_duration_is_in_its_bin)
{
    unsigned before = 0;
    for (double at = 2; at < 1e13; at *= 1.0037) {
        int64_t ns = (int64_t)at;
        unsigned bin = latency_bin(ns, 1);
        ck_assert_double_le(latency_low_ns(bin), (double)ns);
        ck_assert_double_gt(latency_low_ns(bin + 1), (double)ns);
        ck_assert_double_le(latency_low_ns(bin + 1) / latency_low_ns(bin), 1.125);
        ck_assert_uint_ge(bin, before);
        ck_assert_uint_eq(latency_bin(ns * 7, 7), bin); /* seven such tasks in a chunk */
        before = bin;
    }
    ck_assert_uint_eq(latency_bin(0, 1), 0);
    ck_assert_uint_eq(latency_bin(1, 1), 0);
    ck_assert_uint_eq(latency_bin(-5, 1), 0); /* a clock that went back */
    ck_assert_uint_eq(latency_bin(100, 1000), 0);
    ck_assert_uint_eq(latency_bin(INT64_MAX, 1), LATENCY_BINS - 1);
    ck_assert_double_eq(latency_low_ns(latency_bin(25, 10)), 2.5);
    ck_assert_double_eq(latency_low_ns(0), 0);
}
END_TEST

/* Lognormal durations, counted by bins, against the distribution's own quantiles. */
START_TEST(quantiles_come_back)
{
    struct sample_bin bins[LATENCY_BINS];
    unsigned count = 0;
    double mu = log(20000), sigma = 0.8;
    for (unsigned bin = 1; bin < LATENCY_BINS; bin++) {
        double share = gsl_cdf_lognormal_P(latency_low_ns(bin + 1), mu, sigma) -
                       gsl_cdf_lognormal_P(latency_low_ns(bin), mu, sigma);
        uint64_t tasks = (uint64_t)llround(1e6 * share);
        if (tasks) bins[count++] = (struct sample_bin){bin, tasks};
    }
    static const double quantiles[] = {0.05, 0.5, 0.95, 0.99};
    for (size_t i = 0; i < sizeof quantiles / sizeof *quantiles; i++) {
        double truth = gsl_cdf_lognormal_Pinv(quantiles[i], mu, sigma);
        ck_assert_double_eq_tol(latency_quantile_ns(bins, count, quantiles[i]) / truth, 1, 0.02);
    }
}
END_TEST

START_TEST(too_few_tasks_have_no_tail)
{
    struct sample_bin bins[] = {{80, 98}, {160, 1}};
    ck_assert_double_nan(latency_quantile_ns(bins, 2, 0.99)); /* 99 tasks */
    bins[1].tasks = 2;
    ck_assert_double_eq_tol(latency_quantile_ns(bins, 2, 0.99), latency_low_ns(160) * sqrt(1.125), 1e-9 * 1e6);
    ck_assert_double_eq_tol(latency_quantile_ns(bins, 2, 0.5), 1024 * pow(1.125, 50 / 98.0), 1e-9);
    ck_assert_double_nan(latency_quantile_ns(NULL, 0, 0.5));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("latency");
    TCase *all = tcase_create("all");
    tcase_add_test(all, each_duration_is_in_its_bin);
    tcase_add_test(all, quantiles_come_back);
    tcase_add_test(all, too_few_tasks_have_no_tail);
    suite_add_tcase(suite, all);
    return suite_run(suite);
}
