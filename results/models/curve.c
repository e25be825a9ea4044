/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "results/models/summary_parts.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

static const unsigned BLOCKS_MAX = 1u << 20; /* a record that says more is not believed */

void curve_free(struct curve *curve)
{
    for (size_t i = 0; curve->wall && i < 2 * curve->count; i++) draws_column_free(&curve->wall[i]);
    draws_column_free(&curve->around);
    free(curve->wall);
    free(curve->times);
    free(curve->wall_ns);
}

static unsigned block_end(const struct summary *summary, const struct cell **cells, size_t count)
{
    unsigned end = 0;
    for (size_t c = 0; c < count; c++)
        for (size_t i = 0; i < summary->series[cells[c]->id].n; i++) {
            unsigned block = summary->series[cells[c]->id].sample[i]->block;
            if (block >= end && block < BLOCKS_MAX) end = block + 1;
        }
    return end;
}

/* One cell's columns, and its row of `around`. `room` holds two rows of blocks. */
static int curve_fill(struct curve *curve, const struct summary *summary, const size_t *column, size_t c, double *room,
                      double *around)
{
    const struct series *series = &summary->series[curve->cells[c]->id];
    double *wall = room, *log_speedup = wall + curve->blocks;
    for (size_t i = 0; i < curve->blocks; i++) wall[i] = log_speedup[i] = around[i] = NAN;
    for (size_t i = 0; i < series->n; i++) {
        if (series->sample[i]->block >= BLOCKS_MAX) continue;
        size_t at = column[series->sample[i]->block];
        wall[at] = series->wall[i];
        log_speedup[at] = log(series->serial[i] / wall[at]);
        around[at] = series->total[i] - series->wall[i];
    }
    int status = draws_column_make(&curve->wall[c], wall, 1, curve->blocks);
    return status ? status : draws_column_make(&curve->log_speedup[c], log_speedup, 1, curve->blocks);
}

static int curve_alloc(struct curve *curve)
{
    curve->wall = calloc(2 * curve->count + 1, sizeof *curve->wall);
    curve->times = calloc(curve->blocks + 1, sizeof *curve->times);
    curve->wall_ns = calloc(2 * curve->count + 1, sizeof *curve->wall_ns);
    if (!curve->wall || !curve->times || !curve->wall_ns) return -ENOMEM;
    curve->log_speedup = curve->wall + curve->count;
    curve->serial_ns = curve->wall_ns + curve->count;
    return 0;
}

/* Which column each block is, and how many there are. */
static size_t columns_make(const struct curve *curve, const struct summary *summary, unsigned end, size_t *column)
{
    size_t blocks = 0;
    for (size_t c = 0; c < curve->count; c++) {
        const struct series *series = &summary->series[curve->cells[c]->id];
        for (size_t i = 0; i < series->n; i++)
            if (series->sample[i]->block < end) column[series->sample[i]->block] = 1;
    }
    for (unsigned block = 0; block < end; block++)
        if (column[block]) column[block] = blocks++;
    return blocks;
}

int curve_make(struct curve *curve, const struct summary *summary, const struct cell **cells, size_t count)
{
    unsigned end = block_end(summary, cells, count);
    size_t *column = calloc((size_t)end + 1, sizeof *column);
    *curve = (struct curve){.count = count, .cells = cells};
    if (!column) return -ENOMEM;
    size_t blocks = curve->blocks = columns_make(curve, summary, end, column);
    double *room = calloc((2 + count) * blocks + 1, sizeof *room), *around = room ? room + 2 * blocks : NULL;
    int status = room ? curve_alloc(curve) : -ENOMEM;
    for (size_t c = 0; !status && c < count; c++)
        status = curve_fill(curve, summary, column, c, room, around + c * blocks);
    if (!status) status = draws_column_make(&curve->around, around, count, blocks);
    free(room);
    free(column);
    return status;
}

void curve_draw(struct curve *curve, const size_t *draws, size_t n)
{
    draws_count(draws, n, curve->times);
    for (size_t c = 0; c < curve->count; c++) {
        curve->wall_ns[c] = draws_median(&curve->wall[c], curve->times);
        curve->serial_ns[c] = exp(draws_median(&curve->log_speedup[c], curve->times)) * curve->wall_ns[c];
    }
}

int curve_draw_all(struct curve *curve)
{
    size_t *all = calloc(curve->blocks + 1, sizeof *all);
    if (!all) return -ENOMEM;
    for (size_t i = 0; i < curve->blocks; i++) all[i] = i;
    curve_draw(curve, all, curve->blocks);
    free(all);
    return 0;
}

double curve_around_ns(const struct curve *curve)
{
    return draws_median(&curve->around, curve->times);
}
