/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "results/statistics/stats.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static int by_value(const void *left, const void *right)
{
    const struct draws_value *a = left, *b = right;
    return (a->value > b->value) - (a->value < b->value);
}

int draws_column_make(struct draws_column *column, const double *values, size_t rows, size_t n)
{
    struct draws_column made = {0, rows * n, malloc((rows * n + 1) * sizeof *made.sorted)};
    if (!made.sorted) return -ENOMEM;
    for (size_t i = 0; i < rows * n; i++)
        if (!isnan(values[i])) made.sorted[made.count++] = (struct draws_value){values[i], i % n};
    qsort(made.sorted, made.count, sizeof *made.sorted, by_value);
    *column = made;
    return 0;
}

void draws_column_free(struct draws_column *column)
{
    free(column->sorted);
    *column = (struct draws_column){0, 0, NULL};
}

void draws_count(const size_t *draws, size_t n, unsigned *times)
{
    memset(times, 0, n * sizeof *times);
    for (size_t i = 0; i < n; i++) times[draws[i]]++;
}

double draws_median(const struct draws_column *column, const unsigned *times)
{
    size_t drawn = 0, seen = 0, i = 0;
    if (column->count == column->of) drawn = column->of;
    else
        for (size_t k = 0; k < column->count; k++) drawn += times[column->sorted[k].index];
    if (!drawn) return NAN;
    size_t half = (drawn - 1) / 2; /* the rank, from 0, of the lower of the two in the middle */
    while ((seen += times[column->sorted[i].index]) <= half) i++;
    double low = column->sorted[i].value;
    if (drawn % 2 || seen > half + 1) return low;
    do i++;
    while (!times[column->sorted[i].index]);
    double high = column->sorted[i].value;
    return low == high ? low : low + 0.5 * (high - low);
}
