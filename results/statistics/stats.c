/* SPDX-License-Identifier: GPL-3.0-or-later */
/* stats.c: see stats.h. GSL supplies distributions, quantiles, sorting and random numbers. */
#include "results/statistics/stats.h"

#include <errno.h>
#include <gsl/gsl_cdf.h>
#include <gsl/gsl_rng.h>
#include <gsl/gsl_sf_gamma.h>
#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double OUTLIER_Z = 3.5; /* on the modified z, whose 0.6745/MAD is already in units of a standard deviation */
static const struct quantity nothing = {NAN, NAN, NAN, 0};

/* The values that are numbers, sorted, in memory of their own; NULL where memory is short or none is left. */
static double *sorted_copy(const double *values, size_t n, size_t *kept)
{
    double *copy = malloc((n ? n : 1) * sizeof *copy);
    if (!copy) return NULL;
    *kept = 0;
    for (size_t i = 0; i < n; i++)
        if (!isnan(values[i])) copy[(*kept)++] = values[i];
    if (!*kept) {
        free(copy);
        return NULL;
    }
    gsl_sort(copy, 1, *kept);
    return copy;
}

size_t stats_rank(size_t n)
{
    size_t low = 0, high = n / 2; /* the answer lies in [low, high]: the distribution function grows with k */
    while (low < high) {
        size_t k = (low + high + 1) / 2;
        if (gsl_cdf_binomial_P((unsigned)k - 1, 0.5, (unsigned)n) <= 0.025) low = k;
        else high = k - 1;
    }
    return low;
}

/* Robbins' mixture over all p of a coin's likelihood against a fair one's, with s heads in n: 2^n B(s+1, n-s+1). It is a
 * martingale under a fair coin, so that it ever reaches 1/0.05 in at most 5 % of series (Ville). */
size_t stats_rank_anytime(size_t n)
{
    size_t k = 0;
    double m = (double)n;
    while (2 * k < n && m * M_LN2 + gsl_sf_lnbeta((double)k + 1, m - (double)k + 1) >= -log(0.05)) k++;
    return k;
}

/* The middle of sorted values; the mean of the middle two never overflows into infinity minus infinity. */
static double middle(const double *sorted, size_t n)
{
    double low = sorted[(n - 1) / 2], high = sorted[n / 2];
    return low == high ? low : low + (high - low) / 2;
}

static struct quantity of_sorted(const double *sorted, size_t n, size_t rank)
{
    struct quantity quantity = {middle(sorted, n), NAN, NAN, n};
    if (!rank) return quantity;
    quantity.low = sorted[rank - 1];
    quantity.high = sorted[n - rank];
    return quantity;
}

/* The rank of the interval's lower end among n values. */
typedef size_t rank_rule(size_t n);

static struct quantity median_by(const double *values, size_t n, rank_rule *rule)
{
    size_t kept;
    double *sorted = sorted_copy(values, n, &kept);
    if (!sorted) return nothing;
    struct quantity quantity = of_sorted(sorted, kept, rule(kept));
    free(sorted);
    return quantity;
}

struct quantity stats_median(const double *values, size_t n)
{
    return median_by(values, n, stats_rank);
}

static struct quantity ratio_by(const double *a, const double *b, size_t n, rank_rule *rule)
{
    double *logs = malloc((n ? n : 1) * sizeof *logs);
    if (!logs) return nothing;
    for (size_t i = 0; i < n; i++) logs[i] = a[i] > 0 && b[i] > 0 ? log(a[i]) - log(b[i]) : NAN;
    struct quantity quantity = median_by(logs, n, rule);
    free(logs);
    quantity.median = exp(quantity.median);
    quantity.low = exp(quantity.low);
    quantity.high = exp(quantity.high);
    return quantity;
}

struct quantity stats_ratio(const double *a, const double *b, size_t n)
{
    return ratio_by(a, b, n, stats_rank);
}

struct quantity stats_ratio_anytime(const double *a, const double *b, size_t n)
{
    return ratio_by(a, b, n, stats_rank_anytime);
}

bool stats_precise(struct quantity q, double precision)
{
    return fmax(q.high - q.median, q.median - q.low) <= precision * q.median; /* NAN: no */
}

double stats_quantile(const double *values, size_t n, double q)
{
    size_t kept;
    double *sorted = sorted_copy(values, n, &kept);
    if (!sorted) return NAN;
    double at = q * (double)(kept - 1), below = floor(at);
    double low = sorted[(size_t)below], high = sorted[(size_t)ceil(at)];
    free(sorted);
    return low == high ? low : low + (at - below) * (high - low); /* gsl_stats_quantile turns infinities into NAN */
}

size_t stats_outliers(const double *values, size_t n)
{
    size_t kept, count = 0;
    double *sorted = sorted_copy(values, n, &kept), *work = malloc((n ? n : 1) * sizeof *work);
    if (sorted && work) {
        double centre = middle(sorted, kept);
        double scale = gsl_stats_mad0(sorted, 1, kept, work) / 0.6745;
        if (scale == 0) scale = 1.253314 * gsl_stats_absdev_m(sorted, 1, kept, centre);
        for (size_t i = 0; scale > 0 && i < kept; i++) count += fabs(sorted[i] - centre) / scale > OUTLIER_Z;
    }
    free(work);
    free(sorted);
    return count;
}

/* Ranks from 1, ties sharing the mean of theirs. */
static void rank_values(const double *values, const size_t *order, size_t n, double *ranks)
{
    for (size_t i = 0, end; i < n; i = end) {
        for (end = i + 1; end < n && values[order[end]] == values[order[i]];) end++;
        for (size_t j = i; j < end; j++) ranks[order[j]] = (double)(i + 1 + end) / 2;
    }
}

bool stats_autocorrelated(const double *values, size_t n)
{
    if (n < 10) return false;
    size_t *order = malloc(n * sizeof *order);
    double *ranks = malloc(n * sizeof *ranks);
    bool found = false;
    if (order && ranks) {
        gsl_sort_index(order, values, 1, n);
        rank_values(values, order, n, ranks);
        double mean = gsl_stats_mean(ranks, 1, n), sum = 0, square = 0;
        for (size_t i = 0; i < n; i++) {
            square += (ranks[i] - mean) * (ranks[i] - mean);
            if (i) sum += (ranks[i] - mean) * (ranks[i - 1] - mean);
        }
        found = square > 0 && sum / square > 1.96 / sqrt((double)n) - 1 / (double)n;
    }
    free(order);
    free(ranks);
    return found;
}

/* Quantiles of draws are too narrow an interval where values are few, since their spread is estimated: the expanded
 * percentile interval takes the tail that Student's t has there (T. Hesterberg, The American Statistician 69, 2015), here
 * without his factor sqrt(n/(n-1)), with which intervals of medians cover too much. 0.0051 for n = 6, 0.012 for 10, 0.018
 * for 20. */
static double bootstrap_tail(size_t n)
{
    return gsl_cdf_ugaussian_P(-gsl_cdf_tdist_Qinv(0.025, (double)n - 1));
}

/* One figure's interval from its values in all rounds. */
static struct quantity drawn_interval(double median, const double *values, unsigned rounds, size_t n)
{
    struct quantity quantity = {median, NAN, NAN, n};
    if (n < STATS_INTERVAL_MIN || !rounds) return quantity;
    quantity.low = stats_quantile(values, rounds, bootstrap_tail(n));
    quantity.high = stats_quantile(values, rounds, 1 - bootstrap_tail(n));
    return quantity;
}

/* drawn[figure * rounds + round]; `values`: room for one draw's figures. */
static void draw_rounds(const struct stats_bootstrap *from, size_t *draws, double *values, double *drawn, gsl_rng *random)
{
    gsl_rng_set(random, (unsigned long)from->seed);
    for (unsigned round = 0; from->n >= STATS_INTERVAL_MIN && round < from->rounds; round++) {
        for (size_t i = 0; i < from->n; i++) draws[i] = gsl_rng_uniform_int(random, (unsigned long)from->n);
        from->statistics(draws, from->n, from->context, values);
        for (size_t i = 0; i < from->count; i++) drawn[i * from->rounds + round] = isnan(values[i]) ? INFINITY : values[i];
    }
}

int stats_bootstrap_many(const struct stats_bootstrap *from, struct quantity *made)
{
    size_t *draws = malloc((from->n + 1) * sizeof *draws);
    double *drawn = malloc((from->count * (from->rounds + 2u) + 1) * sizeof *drawn);
    gsl_rng *random = gsl_rng_alloc(gsl_rng_mt19937);
    bool room = draws && drawn && random;
    if (room) {
        double *medians = drawn + from->count * from->rounds, *values = medians + from->count;
        for (size_t i = 0; i < from->n; i++) draws[i] = i;
        from->statistics(draws, from->n, from->context, medians);
        draw_rounds(from, draws, values, drawn, random);
        for (size_t i = 0; i < from->count; i++)
            made[i] = drawn_interval(medians[i], drawn + i * from->rounds, from->rounds, made[i].n);
    }
    if (random) gsl_rng_free(random);
    free(drawn);
    free(draws);
    return room ? 0 : -ENOMEM;
}

struct single {
    stats_statistic *statistic;
    void *context;
};

static void single_value(const size_t *draws, size_t n, void *context, double *values)
{
    const struct single *single = context;
    *values = single->statistic(draws, n, single->context);
}

struct quantity stats_bootstrap(stats_statistic *statistic, void *context, size_t n, unsigned rounds, uint64_t seed)
{
    struct single single = {statistic, context};
    struct stats_bootstrap from = {single_value, &single, n, 1, rounds, seed};
    struct quantity quantity = {NAN, NAN, NAN, n};
    return n && !stats_bootstrap_many(&from, &quantity) ? quantity : nothing;
}

/* Sorted logarithms in memory of their own; NULL where one is not positive or memory is short. */
static double *sorted_logs(const double *values, size_t n)
{
    double *logs = malloc((n ? n : 1) * sizeof *logs);
    if (!logs) return NULL;
    for (size_t i = 0; i < n; i++) {
        if (!(values[i] > 0) || isinf(values[i])) {
            free(logs);
            return NULL;
        }
        logs[i] = log(values[i]);
    }
    gsl_sort(logs, 1, n);
    return logs;
}

/* How many of the nm differences b[j] - a[i] are at most x. a and b are sorted, so one pass does. */
static size_t differences_at_most(const double *a, size_t n, const double *b, size_t m, double x)
{
    size_t count = 0, j = 0;
    for (size_t i = 0; i < n; i++) {
        while (j < m && b[j] - a[i] <= x) j++;
        count += j;
    }
    return count;
}

/* The difference of rank k (from 1), by bisection: no list of nm numbers is made. */
static double difference_of_rank(const double *a, size_t n, const double *b, size_t m, size_t k)
{
    double low = b[0] - a[n - 1], high = b[m - 1] - a[0];
    if (differences_at_most(a, n, b, m, low) >= k) return low;
    for (int i = 0; i < 200 && high - low > 1e-15 * (fabs(low) + fabs(high) + 1e-3); i++) {
        double middle = low + (high - low) / 2;
        if (differences_at_most(a, n, b, m, middle) >= k) high = middle;
        else low = middle;
    }
    return high;
}

/* P(U = u) for u = 0..nm: how many sets of n ranks out of n+m have that sum, over all sets (Mann & Whitney 1947). ways
 * is built up by the usual recursion over "i of the first j ranks", as probabilities so that nothing overflows. */
static double *exact_distribution(size_t n, size_t m)
{
    size_t most = n * m, row = most + 1;
    double *ways = calloc((n + 1) * row, sizeof *ways);
    if (!ways) return NULL;
    ways[0] = 1;
    for (size_t j = 1; j <= n + m; j++) /* rank j is the last one considered */
        for (size_t i = j < n ? j : n; i >= 1; i--) {
            size_t add = j - i; /* values of the other set below it */
            if (add > m) continue;
            for (size_t u = most + 1; u-- > add;) ways[i * row + u] += ways[(i - 1) * row + u - add];
        }
    double all = 0;
    for (size_t u = 0; u <= most; u++) all += ways[n * row + u];
    memmove(ways, ways + n * row, row * sizeof *ways);
    for (size_t u = 0; u <= most; u++) ways[u] /= all;
    return ways;
}

static double normal_below(double u, size_t n, size_t m)
{
    double mean = (double)n * (double)m / 2, sd = sqrt((double)n * (double)m * ((double)n + (double)m + 1) / 12);
    return gsl_cdf_ugaussian_P((u + 0.5 - mean) / sd);
}

/* The largest k with P(U < k) <= 0.025; 0: none. */
static size_t interval_rank(size_t n, size_t m)
{
    size_t k = 0, half = n * m / 2;
    if (n > STATS_SHIFT_EXACT || m > STATS_SHIFT_EXACT) {
        while (k < half && normal_below((double)k, n, m) <= 0.025) k++;
        return k;
    }
    double *exact = exact_distribution(n, m), sum = 0;
    if (!exact) return 0;
    while (k < half && (sum += exact[k]) <= 0.025) k++;
    free(exact);
    return k;
}

struct quantity stats_shift(const double *a, size_t n, const double *b, size_t m)
{
    struct quantity ratio = {NAN, NAN, NAN, n < m ? n : m};
    double *x = sorted_logs(a, n), *y = sorted_logs(b, m);
    if (x && y && ratio.n) {
        size_t all = n * m;
        double low = difference_of_rank(x, n, y, m, (all + 1) / 2), high = difference_of_rank(x, n, y, m, all / 2 + 1);
        ratio.median = exp(low + (high - low) / 2);
        size_t k = ratio.n >= STATS_INTERVAL_MIN ? interval_rank(n, m) : 0;
        if (k) {
            ratio.low = exp(difference_of_rank(x, n, y, m, k));
            ratio.high = exp(difference_of_rank(x, n, y, m, all + 1 - k));
        }
    }
    free(x);
    free(y);
    return ratio;
}

enum verdict stats_verdict(struct quantity ratio)
{
    if (ratio.high < 1) return VERDICT_LESS;
    if (ratio.low > 1) return VERDICT_MORE;
    return VERDICT_UNRESOLVED;
}
