/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "results/record/record.h"
#include "results/statistics/stats.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double DRIFT_MAX = 0.02; /* a level so far off 1 is another machine's; record.h tells both figures */
enum { DRIFT_MIN = 5 };               /* sentinels of a block that tell something */

/* One serial run phase over the median of its cell's. */
struct sentinel {
    unsigned cell, block;
    double level;
};

static bool is_sentinel(const struct run *run, const struct observation *sample)
{
    const struct cell *cell = &run->cells[sample->cell];
    return cell->baseline == cell->id && !sample->instrumented && !strcmp(sample->status, "ok") && sample->wall_ns > 0;
}

static int by_cell(const void *a, const void *b)
{
    const struct sentinel *x = a, *y = b;
    return (x->cell > y->cell) - (x->cell < y->cell);
}

static int by_block(const void *a, const void *b)
{
    const struct sentinel *x = a, *y = b;
    return (x->block > y->block) - (x->block < y->block);
}

/* All sentinels into `found`, ordered by block; how many. `scratch` has room for as many numbers. */
static size_t sentinels(const struct run *run, struct sentinel *found, double *scratch)
{
    size_t count = 0;
    for (size_t i = 0; i < run->sample_count; i++) {
        const struct observation *sample = &run->samples[i];
        if (is_sentinel(run, sample))
            found[count++] = (struct sentinel){sample->cell, sample->block, (double)sample->wall_ns};
    }
    qsort(found, count, sizeof *found, by_cell);
    for (size_t first = 0, end; first < count; first = end) {
        for (end = first; end < count && found[end].cell == found[first].cell; end++) scratch[end] = found[end].level;
        double median = stats_median(scratch + first, end - first).median;
        for (size_t i = first; i < end; i++) found[i].level /= median;
    }
    qsort(found, count, sizeof *found, by_block);
    return count;
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
    struct sentinel *found = calloc(run->sample_count + 1, sizeof *found);
    double *scratch = calloc(run->sample_count + 1, sizeof *scratch);
    unsigned char *off = NULL;
    int status = found && scratch ? 0 : -ENOMEM;
    size_t count = status ? 0 : sentinels(run, found, scratch), at = 0;
    unsigned end = count ? found[count - 1].block + 1 : 0;
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
