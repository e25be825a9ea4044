/* SPDX-License-Identifier: GPL-3.0-or-later */
/* stats.h: medians with intervals, ratios, outliers. Pure functions over plain arrays, safe from everywhere.
 *
 * Intervals are nonparametric and hold at least 95 %: order statistics of rank k and n+1-k, with the largest k for
 * which 2 P(Bin(n, 1/2) < k) <= 0.05 (Hoefler & Belli, SC'15, rule 5; the interval obtained by
 * inverting the sign test). n = 6: ranks 1,6; 10: 2,9; 15: 4,12; 20: 6,15; 30: 10,21. Below six there is none: two times (1/2)^5 is already above 5 %.
 */
#ifndef BREAKEVEN_STATS_H
#define BREAKEVEN_STATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A median with its 95 % interval. low and high are NAN where n is too small; median is NAN where n = 0. */
struct quantity {
    double median, low, high;
    size_t n;
};

enum { STATS_INTERVAL_MIN = 6 }; /* fewest values that have an interval */

/* Values need not be sorted; the arrays are not changed. NAN among the values is left out and not counted in n. */
struct quantity stats_median(const double *values, size_t n);

/* Median of the ratios a[i]/b[i] by their logarithms, with the exact sign-test interval. Pairs without two positive
 * numbers are left out. */
struct quantity stats_ratio(const double *a, const double *b, size_t n);

/* Rank k (from 1) of the lower end of the interval of n values; the upper end has rank n + 1 - k. 0: none. */
size_t stats_rank(size_t n);

/* The same where one looks again after each value and stops when one likes what one sees: so wide that all intervals, of
 * every n, hold the median together in 95 % of series (a confidence sequence: Robbins, Ann. Math. Statist. 41, 1970, inverting the
 * sign test). n = 8: 1; 16: 3; 25: 6; 100: 35. None below 8. */
size_t stats_rank_anytime(size_t n);
struct quantity stats_ratio_anytime(const double *a, const double *b, size_t n);

/* Is the interval nowhere further than `precision` of the median from it? Not without one. Ending there leaves the interval
 * its coverage (V2 counts it), since its width says little of where it lies. */
bool stats_precise(struct quantity, double precision);

/* The quantile q in [0, 1] by linear interpolation between order statistics (R's type 7); NAN where n = 0. */
double stats_quantile(const double *values, size_t n, double q);

/* How many values have a modified z = 0.6745 |x - median| / MAD above 3.5 (where MAD is 0, the mean absolute deviation
 * times 1.2533 stands in: Iglewicz & Hoaglin 1993). They are counted, never removed. */
size_t stats_outliers(const double *values, size_t n);

/* Do values in time order follow one another? Lag-1 correlation of their ranks above what chance gives in 2.5 % of
 * series without any (normal approximation, mean -1/n, variance 1/n). Never for n < 10. Where true, intervals from
 * ranks are too narrow. */
bool stats_autocorrelated(const double *values, size_t n);

/* Percentile bootstrap: `statistic` is computed over the draws 0..n-1 as they are (median), then over `rounds` draws
 * with replacement; low and high are quantiles of those, so far out that the interval of a
 * function of medians holds 95 % with few values too
 * (expanded percentile interval: 0.5 and 99.5 % for six, 1.8 and 98.2 % for twenty). NAN replicates count as INFINITY ("not reached").
 * The same seed gives the same interval. No interval for n < 6. median NAN where memory is short. */
typedef double stats_statistic(const size_t *draws, size_t n, void *context);
struct quantity stats_bootstrap(stats_statistic *statistic, void *context, size_t n, unsigned rounds, uint64_t seed);

/* The same of several figures of the same draws: the statistic writes `count` values. made[i].n, set by the caller: how many
 * values a figure's spread is estimated from, n or fewer where some are missing, more where each of the n holds several; the
 * tail is that of so many. 0 or -ENOMEM. */
typedef void stats_statistics(const size_t *draws, size_t n, void *context, double *values);
struct stats_bootstrap {
    stats_statistics *statistics;
    void *context;
    size_t n, count;
    unsigned rounds;
    uint64_t seed;
};
int stats_bootstrap_many(const struct stats_bootstrap *, struct quantity *made);

/* Medians of many draws from the same values without sorting each draw: a draw with replacement is a number of times
 * for each value; its median is found by walking the sorted values and adding these up. (draws.c)
 *
 *     struct draws_column column;
 *     draws_column_make(&column, values, 1, n);            // sorts once
 *     draws_count(draws, n, times);                        // times[i]: how often i was drawn, the same for all columns
 *     double median = draws_median(&column, times);        // as stats_quantile(drawn values, n, 0.5)
 */

/* Values that are numbers, sorted, and which of the original ones each is. */
struct draws_column {
    size_t count, of; /* of: as many values as were given, `rows` of them of each index */
    struct draws_value {
        double value;
        size_t index;
    } *sorted;
};

/* values[row * n + i]: those of index i, which are drawn together. Values that are NAN take no part. 0 or -ENOMEM; free
 * with draws_column_free, which accepts a zeroed struct. */
int draws_column_make(struct draws_column *, const double *values, size_t rows, size_t n);
void draws_column_free(struct draws_column *);

/* times[0..n-1]: how often each index below n stands in draws[0..n-1]. */
void draws_count(const size_t *draws, size_t n, unsigned *times);

/* The median of the values that were drawn, as many draws as there were values; NAN where no number was drawn. */
double draws_median(const struct draws_column *, const unsigned *times);

/* By which factor two sets of times differ that were not taken in pairs: the ratio b/a with its 95 % interval, by
 * Hodges-Lehmann's estimate and the Mann-Whitney interval over logarithms: the median of all ratios b[j]/a[i], and
 * the ratios of rank k and nm+1-k, with the largest k for which 2 P(U < k) <= 0.05 when both sets have one distribution
 * (Hollander & Wolfe, Nonparametric Statistical Methods, 4.2-4.3). Exact for n, m <= STATS_SHIFT_EXACT without ties,
 * else by the normal approximation with continuity correction. It takes the two distributions to have one shape, on a
 * log scale. n of the result is the smaller of the two counts. No interval (NAN) where either has fewer than
 * STATS_INTERVAL_MIN values; median NAN where one is empty, a value is not positive, or memory is short. */
enum { STATS_SHIFT_EXACT = 40 };
struct quantity stats_shift(const double *a, size_t n, const double *b, size_t m);

/* How two ratios of times compare: is `ratio` (a/b) resolved away from 1 by its interval? */
enum verdict { VERDICT_UNRESOLVED, VERDICT_LESS, VERDICT_MORE };
enum verdict stats_verdict(struct quantity ratio);

#endif
