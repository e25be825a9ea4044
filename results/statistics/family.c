/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "results/statistics/family.h"

#include <errno.h>
#include <gsl/gsl_rng.h>
#include <gsl/gsl_sf_gamma.h>
#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>

static const double FEW = 4; /* columns with which the usual spread weighs as much as the own */
static const double OUTERMOST = 4;
static const double CLEARLY = 3; /* standard errors below the shift: such a row is no candidate */

struct work {
    const struct family *family;
    size_t columns;
    double *centred; /* as if NEW/BASE were exp(shift), or what it is where that is clearly less */
    double *scale, *observed, *room;
    size_t *order; /* of the rows, largest observed first */
    unsigned char *side;
    unsigned long *reached;
};

/* The mean of side 1 less that of side 0; of pairs the mean with the sign of their side. NAN where one is empty. */
static double difference(const struct work *work, const double *x)
{
    double sum[2] = {0, 0}, count[2] = {0, 0};
    for (size_t i = 0; i < work->columns; i++)
        if (!isnan(x[i])) sum[work->side[i]] += x[i], count[work->side[i]]++;
    if (work->family->paired) return (sum[1] - sum[0]) / (count[0] + count[1]);
    return sum[1] / count[1] - sum[0] / count[0];
}

/* Root mean square of a row: about 0 for pairs, else about its mean. No arrangement changes it. */
static double spread(const struct work *work, const double *x)
{
    double sum = 0, square = 0, count = 0;
    for (size_t i = 0; i < work->columns; i++)
        if (!isnan(x[i])) sum += x[i], square += x[i] * x[i], count++;
    double mean = work->family->paired ? 0 : sum / count;
    return sqrt(fmax(0, square / count - mean * mean));
}

/* Moves NEW of one row by `shift`, or by what it has where that is clearly less: then it is no candidate. */
static bool centre(const struct work *work, double *x, double shift)
{
    double found = difference(work, x), n = (double)work->columns;
    size_t first = work->family->paired ? 0 : work->family->base;
    for (size_t i = first; i < work->columns; i++) x[i] -= found;
    double error = spread(work, x) * (work->family->paired ? 1 / sqrt(n - 1) : 2 / sqrt(n - 2));
    if (found - shift < -CLEARLY * error) return false;
    for (size_t i = first; i < work->columns; i++) x[i] += found - shift;
    return true;
}

/* Draws in what lies further out than OUTERMOST times the usual distance from the middle, where an interruption of the
 * machine would hide the rest of its row. No arrangement changes the middle or the distance. */
static void draw_in(const struct work *work, double *x, double *room)
{
    size_t n = 0;
    for (size_t i = 0; i < work->columns; i++)
        if (!isnan(x[i])) room[n++] = x[i];
    if (!n) return;
    double middle = work->family->paired ? 0 : gsl_stats_median(room, 1, n);
    for (size_t i = 0; i < n; i++) room[i] = fabs(room[i] - middle);
    double most = OUTERMOST * gsl_stats_median(room, 1, n);
    for (size_t i = 0; i < work->columns; i++) {
        if (x[i] > middle + most) x[i] = middle + most;
        if (x[i] < middle - most) x[i] = middle - most;
    }
}

/* Could its own arrangements reach the level, or has it as many values as any row? */
static bool told(const struct family *family, const double *x)
{
    size_t count[2] = {0, 0};
    for (size_t i = 0; i < family->base + family->new; i++) count[i >= family->base] += isnan(x[i]) ? 0u : 1u;
    double least = family_floor(family->paired, count[0], count[1]);
    return least <= fmax(family->level, family_floor(family->paired, family->base, family->new));
}

static void prepare(struct work *work, double sign, double shift)
{
    const struct family *family = work->family;
    for (size_t i = 0; i < work->columns; i++) work->side[i] = family->paired || i >= family->base;
    for (size_t row = 0; row < family->rows; row++) {
        double *x = work->centred + row * work->columns;
        bool in = family->level <= 0 || told(family, family->value + row * work->columns);
        for (size_t i = 0; i < work->columns; i++) x[i] = in ? sign * family->value[row * work->columns + i] : NAN;
        double raw = difference(work, x) - shift;
        bool candidate = centre(work, x, shift);
        draw_in(work, x, work->room);
        work->observed[row] = candidate ? difference(work, x) : raw;
        work->scale[row] = spread(work, x);
    }
    /* A row with a small spread by chance must not lead: the usual spread is added (Tusher et al., PNAS 2001), the
     * more the fewer columns there are. */
    double *sorted = work->observed + family->rows;
    size_t kept = 0;
    for (size_t row = 0; row < family->rows; row++)
        if (!isnan(work->scale[row])) sorted[kept++] = work->scale[row];
    gsl_sort(sorted, 1, kept);
    double usual = kept ? gsl_stats_median_from_sorted_data(sorted, 1, kept) : 0;
    for (size_t row = 0; row < family->rows; row++) {
        work->scale[row] = fmax(work->scale[row] + usual * FEW / (double)work->columns, 1e-12);
        work->observed[row] /= work->scale[row];
        if (isnan(work->observed[row])) work->observed[row] = -INFINITY;
    }
    gsl_sort_index(work->order, work->observed, 1, family->rows);
}

/* Counts one arrangement for each row: does the largest of it and those behind it reach what was observed? */
static void count_one(struct work *work)
{
    double largest = -INFINITY;
    for (size_t i = 0; i < work->family->rows; i++) {
        size_t row = work->order[i];
        double value = difference(work, work->centred + row * work->columns) / work->scale[row];
        if (value > largest) largest = value;
        work->reached[row] += largest >= work->observed[row] - 1e-9;
    }
}

static unsigned long count_all(struct work *work)
{
    unsigned long made = 0;
    for (uint32_t mask = 0; mask < UINT32_C(1) << work->columns; mask++) {
        if (!work->family->paired && (size_t)__builtin_popcount(mask) != work->family->new) continue;
        for (size_t i = 0; i < work->columns; i++) work->side[i] = mask >> i & 1;
        count_one(work);
        made++;
    }
    return made;
}

/* The first is the arrangement that was observed, so that no p is 0. */
static unsigned long count_drawn(struct work *work, gsl_rng *random)
{
    for (int draw = 0; draw < FAMILY_DRAWS; draw++) {
        count_one(work);
        for (size_t i = work->columns; i-- > 0;) {
            unsigned char side = work->side[i];
            size_t j = gsl_rng_uniform_int(random, i + 1);
            work->side[i] = work->side[j], work->side[j] = side;
            if (work->family->paired) work->side[i] = (unsigned char)gsl_rng_uniform_int(random, 2);
        }
    }
    return FAMILY_DRAWS;
}

static void share(struct work *work, unsigned long made, double *p)
{
    double least = 0;
    for (size_t i = work->family->rows; i-- > 0;) {
        size_t row = work->order[i];
        least = fmax(least, (double)work->reached[row] / (double)made);
        p[row] = isinf(work->observed[row]) ? NAN : least;
    }
}

int family_p_above(const struct family *family, double sign, double shift, double *p)
{
    size_t rows = family->rows ? family->rows : 1, columns = family->base + family->new;
    struct work work = {.family = family,
                        .columns = columns,
                        .centred = calloc(rows * (columns ? columns : 1), sizeof(double)),
                        .scale = calloc(rows, sizeof(double)),
                        .observed = calloc(2 * rows, sizeof(double)),
                        .room = calloc(columns ? columns : 1, sizeof(double)),
                        .order = calloc(rows, sizeof(size_t)),
                        .side = calloc(columns ? columns : 1, 1),
                        .reached = calloc(rows, sizeof(unsigned long))};
    gsl_rng *random = gsl_rng_alloc(gsl_rng_mt19937);
    bool good = work.centred && work.scale && work.observed && work.room && work.order && work.side && work.reached && random;
    if (good) {
        gsl_rng_set(random, 1);
        prepare(&work, sign, shift);
        share(&work, columns <= FAMILY_EXACT ? count_all(&work) : count_drawn(&work, random), p);
    }
    if (random) gsl_rng_free(random);
    free(work.centred), free(work.scale), free(work.observed), free(work.room);
    free(work.order), free(work.side), free(work.reached);
    return good ? 0 : -ENOMEM;
}

double family_floor(bool paired, size_t base, size_t new)
{
    if (paired) return exp2(-(double)base);
    if (!base || !new) return 1;
    return exp(-gsl_sf_lnchoose((unsigned)(base + new), (unsigned)base));
}
