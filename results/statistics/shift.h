/* SPDX-License-Identifier: GPL-3.0-or-later */
/* shift.h: by which factor do two sets of times differ, when they were not taken in pairs? Pure functions.
 *
 * Hodges-Lehmann's estimate with the Mann-Whitney interval, over logarithms: the median of all ratios b[j]/a[i], and
 * the ratios of rank k and nm+1-k, with the largest k for which 2 P(U < k) <= 0.05 when both sets have one distribution
 * (Hollander & Wolfe, Nonparametric Statistical Methods, 4.2-4.3). Exact for n, m <= SHIFT_EXACT without ties, else by
 * the normal approximation with continuity correction. It takes the two distributions to have one shape, on a log
 * scale.
 */
#ifndef BREAKEVEN_SHIFT_H
#define BREAKEVEN_SHIFT_H

#include "results/statistics/stats.h"

enum { SHIFT_EXACT = 40 };

/* Ratio b/a with its 95 % interval: n of the result is the smaller of the two counts. No interval (NAN) where either
 * has fewer than STATS_INTERVAL_MIN values; median NAN where one is empty, a value is not positive, or memory is short.
 */
struct quantity shift_ratio(const double *a, size_t n, const double *b, size_t m);

#endif
