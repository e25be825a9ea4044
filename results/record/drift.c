/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "results/record/record.h"
#include "results/statistics/stats.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double DRIFT_MAX = 0.02;
enum { DRIFT_MIN = 5 };

/* One serial run phase over the median of its cell's. */
struct sentinel {
    unsigned block;
    double level;
};

static bool is_sentinel(const struct run *run, const struct observation *sample)
{
    const struct cell *cell = &run->cells[sample->cell];
    return cell->baseline == cell->id && !sample->instrumented && !strcmp(sample->status, "ok") && sample->wall_ns > 0;
}

static int by_block(const void *a, const void *b)
{
    const struct sentinel *x = a, *y = b;
    return (x->block > y->block) - (x->block < y->block);
}

/* The median run phase of each serial cell: medians[cell]; NAN for others. Cells are few, samples many: one pass sorts
 * the samples' indices by cell. */
static int cell_medians(const struct run *run, double *medians)
{
    size_t *begin = calloc((size_t)run->cell_count + 2, sizeof *begin);
    double *walls = calloc(run->sample_count + 1, sizeof *walls);
    int status = begin && walls ? 0 : -ENOMEM;
    for (size_t i = 0; !status && i < run->sample_count; i++)
        if (is_sentinel(run, &run->samples[i])) begin[run->samples[i].cell + 2]++;
    for (unsigned c = 0; !status && c < run->cell_count; c++) begin[c + 1] += begin[c];
    for (size_t i = 0; !status && i < run->sample_count; i++) {
        const struct observation *sample = &run->samples[i];
        if (is_sentinel(run, sample)) walls[begin[sample->cell + 1]++] = (double)sample->wall_ns;
    }
    for (unsigned c = 0; !status && c < run->cell_count; c++)
        medians[c] = stats_median(walls + begin[c], begin[c + 1] - begin[c]).median;
    free(walls);
    free(begin);
    return status;
}

/* All sentinels, ordered by block; *count of them. NULL where memory is short. */
static struct sentinel *sentinels(const struct run *run, size_t *count)
{
    struct sentinel *found = calloc(run->sample_count + 1, sizeof *found);
    double *medians = calloc((size_t)run->cell_count + 1, sizeof *medians);
    *count = 0;
    if (!found || !medians || cell_medians(run, medians)) {
        free(medians);
        free(found);
        return NULL;
    }
    for (size_t i = 0; i < run->sample_count; i++) {
        const struct observation *sample = &run->samples[i];
        if (is_sentinel(run, sample))
            found[(*count)++] = (struct sentinel){sample->block, (double)sample->wall_ns / medians[sample->cell]};
    }
    free(medians);
    qsort(found, *count, sizeof *found, by_block);
    return found;
}

/* From the sentinels of block - 1 to block + 1, which stand together; *at remembers where, for blocks that ascend. */
static double level_at(const struct sentinel *found, size_t count, unsigned block, size_t *at, double *scratch)
{
    while (*at < count && found[*at].block + 1 < block) ++*at;
    size_t n = 0;
    for (size_t i = *at; i < count && found[i].block <= block + 1; i++) scratch[n++] = found[i].level;
    return n >= DRIFT_MIN ? stats_median(scratch, n).median : NAN;
}

int drift_mark(struct run *run)
{
    size_t count, at = 0;
    struct sentinel *found = sentinels(run, &count);
    double *scratch = calloc(count + 1, sizeof *scratch);
    unsigned char *off = NULL;
    unsigned end = found && count ? found[count - 1].block + 1 : 0;
    int status = found && scratch ? 0 : -ENOMEM;
    if (!status && end > 1u << 20) end = 0; /* no real run: numbers of blocks are small */
    if (!status && end && !(off = calloc(end, 1))) status = -ENOMEM;
    for (unsigned block = 0; !status && block < end; block++)
        off[block] = fabs(level_at(found, count, block, &at, scratch) - 1) > DRIFT_MAX;
    for (size_t i = 0; !status && i < run->sample_count; i++)
        if (run->samples[i].block < end && off[run->samples[i].block]) status = run_suspect(run, i, SUSPICION_drift);
    free(off);
    free(scratch);
    free(found);
    return status;
}
