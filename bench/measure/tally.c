/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/measure/tally.h"

#include "results/record/cells.h"
#include "results/statistics/stats.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int tally_add(struct tally *tally, double wall_ns)
{
    if (tally->count == tally->room) {
        size_t room = tally->room ? 2 * tally->room : 16;
        double *grown = realloc(tally->walls_ns, room * sizeof *grown);
        if (!grown) return -ENOMEM;
        tally->walls_ns = grown;
        tally->room = room;
    }
    tally->walls_ns[tally->count++] = wall_ns;
    return 0;
}

bool tally_within(const struct tally *tally, double share)
{
    if (!tally->count) return true;
    return stats_precise(stats_median(tally->walls_ns, tally->count), share);
}

static bool is_curve(const char *study)
{
    return !strcmp(study, "granularity") || !strcmp(study, "breakeven") || !strcmp(study, "chunk");
}

static bool is_settled(const struct plan *plan, const struct tally *tally, unsigned first)
{
    for (unsigned i = first; i < plan->cell_count; i++)
        if (cells_same(&plan->cells[i], &plan->cells[first], CELLS_STUDY | CELLS_KERNEL) && !tally_within(&tally[i], plan->protocol.settle))
            return false;
    return true;
}

/* The cell that is measured twice in each block, its other self, and their serial cell. */
static bool tells_of_trust(const struct plan *plan, unsigned id)
{
    for (unsigned i = 0; i < plan->cell_count; i++) {
        const struct cell *cell = &plan->cells[i];
        if (cell->duplicate != i && (i == id || cell->duplicate == id || cell->baseline == id)) return true;
    }
    return false;
}

unsigned tally_settle(const struct plan *plan, struct tally *tally)
{
    unsigned settled = 0;
    for (unsigned first = 0; first < plan->cell_count; first++) {
        const struct cell *cell = &plan->cells[first];
        if (tally[first].settled || is_curve(cell->study) || !is_settled(plan, tally, first)) continue;
        for (unsigned i = first; i < plan->cell_count; i++)
            if (cells_same(&plan->cells[i], cell, CELLS_STUDY | CELLS_KERNEL) && !tally[i].settled && !tells_of_trust(plan, i)) {
                tally[i].settled = true;
                settled++;
            }
    }
    return settled;
}
