/* SPDX-License-Identifier: GPL-3.0-or-later */
/* draws.h: medians of many draws from the same values without sorting each draw.
 *
 *     struct draws_column column;
 *     draws_column_make(&column, values, 1, n);            // sorts once
 *     draws_count(draws, n, times);                        // times[i]: how often i was drawn, the same for all columns
 *     double median = draws_median(&column, times);        // as stats_quantile(drawn values, n, 0.5)
 *
 * A draw with replacement is a number of times for each value; its median is found by walking the sorted values and
 * adding these up: linear, where sorting each draw is not. Safe across threads.
 */
#ifndef BREAKEVEN_DRAWS_H
#define BREAKEVEN_DRAWS_H

#include <stddef.h>

/* Values that are numbers, sorted, and which of the original ones each is. */
struct draws_column {
    size_t count, of; /* of: as many values as were given, `rows` of them of each index */
    struct draws_value {
        double value;
        size_t index;
    } *sorted;
};

/* values[row * n + i]: those of index i, which are drawn together. Values that are NAN take no part. 0 or -ENOMEM; free with
 * draws_column_free, which accepts a zeroed struct. */
int draws_column_make(struct draws_column *, const double *values, size_t rows, size_t n);
void draws_column_free(struct draws_column *);

/* times[0..n-1]: how often each index below n stands in draws[0..n-1]. */
void draws_count(const size_t *draws, size_t n, unsigned *times);

/* The median of the values that were drawn, as many draws as there were values; NAN where no number was drawn. */
double draws_median(const struct draws_column *, const unsigned *times);

#endif
