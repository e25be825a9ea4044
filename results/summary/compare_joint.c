/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "results/summary/compare_parts.h"

#include "results/statistics/family.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

double compare_sample_ns(const struct observation *sample, enum compare_figure figure, double work)
{
    if (strcmp(sample->status, "ok") || sample->instrumented) return NAN;
    const double parts[] = {(double)sample->wall_ns * work, (double)sample->start_ns, (double)sample->stop_ns};
    if (figure < COMPARE_TOTAL) return parts[figure] > 0 ? parts[figure] : NAN;
    for (int i = 0; i < 3; i++)
        if (parts[i] < 0) return NAN;
    return parts[0] + parts[1] + parts[2];
}

/* Mean logarithms of one run: a row for each cell of the comparison, a column for each block number. */
struct sheet {
    size_t blocks;
    double *mean;
    unsigned *count;
};

static void sheet_free(struct sheet *sheet)
{
    free(sheet->mean);
    free(sheet->count);
}

static int sheet_fill(const struct run *run, const struct comparison *made, bool of_new, struct sheet *sheet)
{
    *sheet = (struct sheet){0};
    for (size_t i = 0; i < run->sample_count; i++)
        if (run->samples[i].block >= sheet->blocks) sheet->blocks = run->samples[i].block + (size_t)1;
    size_t rows = made->count, all = rows * sheet->blocks + 1;
    size_t *row = malloc((run->cell_count + (size_t)1) * sizeof *row);
    sheet->mean = calloc(all, sizeof *sheet->mean);
    sheet->count = calloc(all, sizeof *sheet->count);
    if (!row || !sheet->mean || !sheet->count) {
        free(row);
        return -ENOMEM;
    }
    for (unsigned i = 0; i < run->cell_count; i++) row[i] = rows;
    for (size_t i = 0; i < rows; i++) row[of_new ? made->cell[i].new->id : made->cell[i].base->id] = i;
    for (size_t i = 0; i < run->sample_count; i++) {
        size_t at = row[run->samples[i].cell];
        double ns = at == rows ? NAN : compare_sample_ns(&run->samples[i], made->figure, of_new ? made->cell[at].work : 1);
        if (isnan(ns)) continue;
        at = at * sheet->blocks + run->samples[i].block;
        sheet->mean[at] += (log(ns) - sheet->mean[at]) / ++sheet->count[at];
    }
    for (size_t i = 0; i < rows * sheet->blocks; i++)
        if (!sheet->count[i]) sheet->mean[i] = NAN;
    free(row);
    return 0;
}

/* Writes the columns of `sheet` that hold anything into `value` from column `first` on, less `other` of the same block
 * where there is one. How many there were; value NULL: counts alone. */
static size_t columns_take(const struct sheet *sheet, const struct sheet *other, size_t rows, double *value,
                           size_t first, size_t width)
{
    size_t taken = 0;
    for (size_t block = 0; block < sheet->blocks; block++) {
        size_t used = 0;
        for (size_t row = 0; row < rows; row++) {
            double x = sheet->mean[row * sheet->blocks + block];
            if (other) x -= block < other->blocks ? other->mean[row * other->blocks + block] : NAN;
            used += isnan(x) ? 0u : 1u;
            if (value && first + taken < width) value[row * width + first + taken] = x;
        }
        taken += used > 0;
    }
    return taken;
}

static int table_make(const struct run *base, const struct run *new, const struct comparison *made,
                      struct family *family, double **value)
{
    struct sheet a = {0}, b = {0};
    int status = sheet_fill(base, made, false, &a);
    if (!status) status = sheet_fill(new, made, true, &b);
    if (!status) {
        const struct sheet *first = made->paired ? &b : &a, *other = made->paired ? &a : NULL;
        family->base = columns_take(first, other, made->count, NULL, 0, 0);
        family->new = made->paired ? 0 : columns_take(&b, NULL, made->count, NULL, 0, 0);
        size_t width = family->base + family->new;
        *value = calloc(made->count * width + 1, sizeof **value);
        if (!*value) status = -ENOMEM;
        else {
            columns_take(first, other, made->count, *value, 0, width);
            if (!made->paired) columns_take(&b, NULL, made->count, *value, family->base, width);
        }
    }
    sheet_free(&a);
    sheet_free(&b);
    return status;
}

/* A row for a group of rows: in each column their mean, each taken from its own mean so that what is missing in a column
 * does not move it. NAN where half of the group or more is missing. */
static void group_fill(const struct family *cells, const unsigned char *member, double *group)
{
    size_t width = cells->base + cells->new, half[3] = {0, cells->base, width};
    for (int side = 0; side < 2; side++) {
        double centre = 0;
        size_t members = 0;
        double *sum = group;
        size_t *count = calloc(width + 1, sizeof *count);
        for (size_t i = half[side]; i < half[side + 1]; i++) sum[i] = 0;
        for (size_t row = 0; row < cells->rows && count; row++) {
            const double *x = cells->value + row * width;
            double mean = 0;
            size_t n = 0;
            for (size_t i = half[side]; i < half[side + 1]; i++)
                if (!isnan(x[i])) mean += (x[i] - mean) / (double)++n;
            if (!member[row] || !n) continue;
            centre += mean, members++;
            for (size_t i = half[side]; i < half[side + 1]; i++)
                if (!isnan(x[i])) sum[i] += x[i] - mean, count[i]++;
        }
        for (size_t i = half[side]; i < half[side + 1]; i++)
            sum[i] = count && 2 * count[i] > members ? sum[i] / (double)count[i] + centre / (double)members : NAN;
        free(count);
    }
}

/* Base and new of a group must hold the same cells: only those that have values on both sides are members. */
static bool row_complete(const struct family *cells, size_t row)
{
    size_t width = cells->base + cells->new, found[2] = {0, 0};
    for (size_t i = 0; i < width; i++) found[i >= cells->base] += isnan(cells->value[row * width + i]) ? 0u : 1u;
    return found[0] && (found[1] || cells->paired);
}

static struct quantity group_ratio(const struct family *family, const double *logs)
{
    double *ns = malloc((family->base + family->new + 1) * sizeof *ns);
    size_t n[2] = {0, 0};
    struct quantity ratio = {NAN, NAN, NAN, 0};
    if (!ns) return ratio;
    for (size_t i = 0; i < family->base + family->new; i++)
        if (!isnan(logs[i])) ns[n[0] + n[1]] = exp(logs[i]), n[i >= family->base]++;
    ratio = family->paired ? stats_median(ns, n[0]) : stats_shift(ns, n[0], ns + n[0], n[1]);
    free(ns);
    return ratio;
}

static int ask(const struct family *family, double margin, double *slower, double *faster)
{
    int status = family_p_above(family, 1, log1p(margin), slower);
    return status ? status : family_p_above(family, -1, log1p(margin), faster);
}

static int groups_compare(const struct family *cells, struct comparison *made, struct compare_group *group,
                          size_t groups)
{
    size_t width = cells->base + cells->new;
    double *value = calloc(groups * width + 1, sizeof *value), *p = calloc(2 * groups + 1, sizeof *p);
    unsigned char *member = calloc(cells->rows + 1, 1);
    int status = value && p && member ? 0 : -ENOMEM;
    struct family family = *cells;
    family.rows = groups, family.value = value;
    for (size_t g = 0; !status && g < groups; g++) {
        group[g].cells = 0;
        for (size_t row = 0; row < cells->rows; row++) {
            member[row] = row_complete(cells, row) &&
                          (!group[g].kernel || !strcmp(made->cell[row].base->label, group[g].kernel));
            group[g].cells += member[row];
        }
        group_fill(cells, member, value + g * width);
        group[g].ratio = group_ratio(&family, value + g * width);
    }
    if (!status) status = ask(&family, made->margin, p, p + groups);
    for (size_t g = 0; !status && g < groups; g++)
        group[g].slower_p = p[g], group[g].faster_p = p[groups + g];
    free(member);
    free(p);
    free(value);
    return status;
}

static int kernels_find(struct comparison *made)
{
    made->kernel = calloc(made->count + 1, sizeof *made->kernel);
    if (!made->kernel) return -ENOMEM;
    for (size_t i = 0; i < made->count; i++) {
        size_t k = 0;
        while (k < made->kernels && strcmp(made->kernel[k].kernel, made->cell[i].base->label)) k++;
        if (k == made->kernels) made->kernel[made->kernels++].kernel = made->cell[i].base->label;
    }
    return 0;
}

int compare_jointly(const struct run *base, const struct run *new, struct comparison *made)
{
    struct family family = {.paired = made->paired, .rows = made->count, .level = FAMILY_ERROR / 2};
    double *value = NULL, *p = calloc(2 * made->count + 1, sizeof *p);
    int status = p ? table_make(base, new, made, &family, &value) : -ENOMEM;
    family.value = value;
    made->floor = family_floor(made->paired, family.base, family.new);
    made->blocks = !made->paired && family.new < family.base ? family.new : family.base;
    if (!status) status = ask(&family, made->margin, p, p + made->count);
    for (size_t i = 0; !status && i < made->count; i++)
        made->cell[i].slower_p = p[i], made->cell[i].faster_p = p[made->count + i];
    if (!status) status = groups_compare(&family, made, &made->whole, 1);
    if (!status) status = kernels_find(made);
    if (!status) status = groups_compare(&family, made, made->kernel, made->kernels);
    free(value);
    free(p);
    return status;
}
