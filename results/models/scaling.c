/* SPDX-License-Identifier: GPL-3.0-or-later */
/* scaling.c: how a runner's speed-up grows with its workers: best, enough, and the fits. */
#include "results/models/summary_parts.h"

#include "runners/cpus/placement.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static double speedup_of(const struct cell_summary *row)
{
    return row->quantity[QUANTITY_speedup].median;
}

static int by_workers(const void *left, const void *right)
{
    const struct cell_summary *a = *(const struct cell_summary *const *)left,
                              *b = *(const struct cell_summary *const *)right;
    return (a->workers > b->workers) - (a->workers < b->workers);
}

bool parts_waits(const struct summary *summary, const struct cell *cell)
{
    const struct cell_summary *serial = &summary->cells[cell->baseline];
    double busy = serial->quantity[QUANTITY_user_ns].median + serial->quantity[QUANTITY_system_ns].median;
    return busy < 0.5 * serial->quantity[QUANTITY_wall_ns].median;
}

/* A law with one contention and one coherence term holds on one kind of ground: up to the number of cores, up to the cpu quota, and where
 * workers fill one memory node after the other, up to the end of the first. Tasks that wait without a cpu know no such
 * step. */
unsigned parts_fit_limit(const struct summary *summary, const struct cell *cell)
{
    const struct run *run = summary->run;
    unsigned cores = parts_host(run, "cores"), nodes = parts_host(run, "numa"), quota = parts_host(run, "quota_cpus");
    if (parts_waits(summary, cell) || !cores) return UINT32_MAX;
    if (quota && quota < cores) return quota; /* beyond it workers are held back in turns: another ground */
    const struct placement_policy *policy = placement_policy_find(cell->placement);
    return nodes > 1 && policy && policy->by_node && cores >= nodes ? cores / nodes : cores;
}

static int fits(struct scaling *scaling)
{
    double *workers = calloc(3 * (scaling->count + 1), sizeof *workers);
    if (!workers) return -ENOMEM;
    double *speedup = workers + scaling->count + 1, *wall = speedup + scaling->count + 1;
    size_t n = 0;
    for (size_t i = 0; i < scaling->count; i++) {
        const struct cell_summary *row = scaling->cells[i];
        if (row->workers > scaling->fit_max_workers || isnan(speedup_of(row))) continue;
        workers[n] = row->workers;
        speedup[n] = speedup_of(row);
        wall[n++] = row->quantity[QUANTITY_wall_ns].median;
    }
    if (models_amdahl_fit(workers, speedup, n, &scaling->amdahl)) scaling->amdahl.n = 0;
    if (models_usl_fit(workers, wall, n, &scaling->usl)) scaling->usl.n = 0;
    free(workers);
    return 0;
}

static void best_and_enough(const struct summary *summary, struct scaling *scaling)
{
    for (size_t i = 0; i < scaling->count; i++)
        if (!isnan(speedup_of(scaling->cells[i])) &&
            (!scaling->best || speedup_of(scaling->cells[i]) > speedup_of(scaling->best)))
            scaling->best = scaling->cells[i];
    for (size_t i = 0; scaling->best && !scaling->enough && i < scaling->count; i++)
        if (scaling->cells[i] == scaling->best ||
            parts_tied(parts_compare(summary, scaling->cells[i]->cell, scaling->best->cell, false)))
            scaling->enough = scaling->cells[i];
}

/* Cells with several processes of several threads have no single line of workers: the hybrid study shows them. */
static size_t keep_lines(const struct summary *summary, const struct cell **group, size_t count,
                         const struct cell_summary **rows)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        const struct cell_summary *row = parts_row(summary, group[i]);
        bool twice = false;
        for (size_t j = 0; j < kept; j++) twice |= rows[j]->workers == row->workers;
        if (!twice && (group[i]->processes == 1 || group[i]->threads == 1)) rows[kept++] = row;
    }
    qsort(rows, kept, sizeof *rows, by_workers);
    return kept;
}

static int scaling_add(struct summary *summary, const struct cell **group, size_t count)
{
    if (count < 2 || !strcmp(group[0]->study, "breakeven") || !strcmp(group[0]->study, "hybrid")) return 0;
    const struct cell_summary **rows = calloc(count, sizeof *rows);
    if (!rows) return -ENOMEM;
    size_t kept = keep_lines(summary, group, count, rows);
    struct scaling *scaling =
        kept >= 2 ? parts_append(&summary->scalings, &summary->scaling_count, sizeof *scaling) : NULL;
    if (!scaling) {
        free(rows);
        return kept >= 2 ? -ENOMEM : 0;
    }
    scaling->cell = group[0];
    scaling->cells = rows;
    scaling->count = kept;
    scaling->fit_max_workers = parts_fit_limit(summary, group[0]);
    best_and_enough(summary, scaling);
    return fits(scaling);
}

int scaling_make(struct summary *summary)
{
    return parts_each_group(summary, CELLS_WORKERS, scaling_add);
}
