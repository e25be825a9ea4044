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

static bool has_crossing(const char *study)
{
    return !strcmp(study, "granularity") || !strcmp(study, "breakeven");
}

static bool is_curve(const char *study)
{
    return has_crossing(study) || !strcmp(study, "chunk");
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

/* needs[id]: how many cells that go on need it as their serial time; itself one of those. trust[id]: tells_of_trust. */
struct narrowing {
    const double *cost_ns;
    double block_ns; /* of all that go on */
    unsigned *needs, settled;
    bool *trust;
};

static bool goes_on(const struct tally *tally)
{
    return !tally->settled && !tally->left_out;
}

/* And its serial cell where that was the last that needed it. */
static void stop_cell(const struct plan *plan, struct tally *tally, struct narrowing *narrowing, unsigned id)
{
    unsigned baseline = plan->cells[id].baseline;
    tally[id].settled = true;
    narrowing->settled++;
    narrowing->block_ns -= narrowing->cost_ns[id];
    narrowing->needs[baseline]--;
    if (baseline != id && narrowing->needs[baseline] == 1 && goes_on(&tally[baseline]) && !narrowing->trust[baseline])
        stop_cell(plan, tally, narrowing, baseline);
}

/* The dearest that may stop; plan->cell_count: none. */
static unsigned dearest(const struct plan *plan, const struct tally *tally, const struct narrowing *narrowing)
{
    unsigned found = plan->cell_count;
    for (unsigned i = 0; i < plan->cell_count; i++) {
        bool needed = plan->cells[i].baseline == i && narrowing->needs[i] > 1;
        if (!goes_on(&tally[i]) || narrowing->trust[i] || needed) continue;
        if (found == plan->cell_count || narrowing->cost_ns[i] > narrowing->cost_ns[found]) found = i;
    }
    return found;
}

static void narrow(const struct plan *plan, struct tally *tally, struct narrowing *narrowing, double block_ns)
{
    unsigned stop;
    for (unsigned i = 0; i < plan->cell_count; i++) {
        if (!goes_on(&tally[i])) continue;
        narrowing->trust[i] = tells_of_trust(plan, i);
        narrowing->needs[plan->cells[i].baseline]++;
        narrowing->block_ns += narrowing->cost_ns[i];
    }
    for (unsigned i = 0; i < plan->cell_count; i++)
        if (goes_on(&tally[i]) && plan->cells[i].baseline != i && !narrowing->trust[i] && !has_crossing(plan->cells[i].study))
            stop_cell(plan, tally, narrowing, i);
    for (unsigned i = 0; i < plan->cell_count; i++) /* serial cells whose others had stopped before */
        if (goes_on(&tally[i]) && narrowing->needs[i] == 1 && plan->cells[i].baseline == i && !narrowing->trust[i])
            stop_cell(plan, tally, narrowing, i);
    while (narrowing->block_ns > block_ns && (stop = dearest(plan, tally, narrowing)) < plan->cell_count)
        stop_cell(plan, tally, narrowing, stop);
}

unsigned tally_narrow(const struct plan *plan, struct tally *tally, const double *cost_ns, double block_ns)
{
    struct narrowing narrowing = {.cost_ns = cost_ns,
                                  .needs = calloc(plan->cell_count + 1u, sizeof *narrowing.needs),
                                  .trust = calloc(plan->cell_count + 1u, sizeof *narrowing.trust)};
    if (narrowing.needs && narrowing.trust) narrow(plan, tally, &narrowing, block_ns);
    free(narrowing.needs);
    free(narrowing.trust);
    return narrowing.settled; /* none without memory: it takes longer then */
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
