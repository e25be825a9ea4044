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

enum verdict stats_verdict(struct quantity ratio)
{
    if (ratio.high < 1) return VERDICT_LESS;
    if (ratio.low > 1) return VERDICT_MORE;
    return VERDICT_UNRESOLVED;
}
