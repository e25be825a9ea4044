/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/measure/tally.h"

#include "results/statistics/stats.h"

#include <errno.h>
#include <math.h>
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

/* The dearest that may stop, of those with or without a crossing; plan->cell_count: none. */
static unsigned dearest(const struct plan *plan, const struct tally *tally, const struct narrowing *narrowing, bool crossing)
{
    unsigned found = plan->cell_count;
    for (unsigned i = 0; i < plan->cell_count; i++) {
        bool needed = plan->cells[i].baseline == i && narrowing->needs[i] > 1;
        if (!goes_on(&tally[i]) || narrowing->trust[i] || needed || has_crossing(plan->cells[i].study) != crossing) continue;
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
    for (int crossing = 0; crossing < 2; crossing++)
        while (narrowing->block_ns > block_ns && (stop = dearest(plan, tally, narrowing, crossing)) < plan->cell_count)
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

/* known[id]: its median and interval. trust[id]: tells_of_trust. */
struct settling {
    const struct plan *plan;
    struct tally *tally;
    struct quantity *known;
    bool *trust;
};

/* Of the cells that are compared with the same serial one, it among them. */
static unsigned fastest(const struct settling *settling, unsigned baseline)
{
    unsigned found = baseline;
    for (unsigned i = 0; i < settling->plan->cell_count; i++)
        if (settling->plan->cells[i].baseline == baseline && settling->known[i].median < settling->known[found].median)
            found = i;
    return found;
}

/* Told from the fastest of its problem, whatever narrower intervals would say, and from its serial cell. */
static bool is_told(const struct settling *settling, unsigned id, unsigned best)
{
    const struct quantity *known = settling->known, *serial = &known[settling->plan->cells[id].baseline];
    return known[id].low > known[best].high && (known[id].low > serial->high || known[id].high < serial->low);
}

/* Without a good sample, too: no further one makes it so. */
static bool is_precise(const struct settling *settling, unsigned id)
{
    return !settling->tally[id].count || stats_precise(settling->known[id], settling->plan->protocol.settle);
}

static bool is_clear(const struct settling *settling, unsigned id)
{
    const struct cell *cell = &settling->plan->cells[id];
    if (is_precise(settling, id) && is_precise(settling, cell->baseline)) return true;
    return !is_curve(cell->study) && is_told(settling, id, fastest(settling, cell->baseline));
}

static bool is_needed(const struct settling *settling, unsigned baseline)
{
    for (unsigned i = 0; i < settling->plan->cell_count; i++)
        if (i != baseline && settling->plan->cells[i].baseline == baseline && goes_on(&settling->tally[i])) return true;
    return false;
}

static unsigned settle(struct settling *settling)
{
    const struct plan *plan = settling->plan;
    unsigned settled = 0;
    for (int serial = 0; serial < 2; serial++) /* those last: they go on with any that needs them */
        for (unsigned i = 0; i < plan->cell_count; i++) {
            if ((plan->cells[i].baseline == i) != serial || !goes_on(&settling->tally[i]) || settling->trust[i])
                continue;
            if (serial ? is_needed(settling, i) : !is_clear(settling, i)) continue;
            settling->tally[i].settled = true;
            settled++;
        }
    return settled;
}

unsigned tally_settle(const struct plan *plan, struct tally *tally)
{
    struct settling settling = {.plan = plan,
                                .tally = tally,
                                .known = calloc(plan->cell_count + 1u, sizeof *settling.known),
                                .trust = calloc(plan->cell_count + 1u, sizeof *settling.trust)};
    unsigned settled = 0;
    for (unsigned i = 0; settling.known && settling.trust && i < plan->cell_count; i++) {
        settling.known[i] =
            tally[i].count ? stats_median(tally[i].walls_ns, tally[i].count) : (struct quantity){NAN, NAN, NAN, 0};
        settling.trust[i] = tells_of_trust(plan, i);
    }
    if (settling.known && settling.trust) settled = settle(&settling);
    free(settling.known);
    free(settling.trust);
    return settled; /* none without memory: it takes longer then */
}
