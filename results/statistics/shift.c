/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "results/statistics/shift.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_sort.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

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
    if (n > SHIFT_EXACT || m > SHIFT_EXACT) {
        while (k < half && normal_below((double)k, n, m) <= 0.025) k++;
        return k;
    }
    double *exact = exact_distribution(n, m), sum = 0;
    if (!exact) return 0;
    while (k < half && (sum += exact[k]) <= 0.025) k++;
    free(exact);
    return k;
}

struct quantity shift_ratio(const double *a, size_t n, const double *b, size_t m)
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
