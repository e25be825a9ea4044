/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/measure/tally.h"

#include "results/statistics/stats.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

int tally_add(struct tally *tally, double wall_ns)
{
    double *grown = realloc(tally->walls_ns, (tally->count + 1) * sizeof *grown);
    if (!grown) return -ENOMEM;
    tally->walls_ns = grown;
    tally->walls_ns[tally->count++] = wall_ns;
    return 0;
}

bool tally_precise(const struct plan *plan, const struct tally *tally)
{
    for (unsigned i = 0; i < plan->cell_count; i++)
        if (tally[i].count &&
            !stats_precise(stats_median(tally[i].walls_ns, tally[i].count), plan->protocol.precision))
            return false;
    return true;
}

static bool has_crossing(const char *study)
{
    return !strcmp(study, "granularity") || !strcmp(study, "breakeven");
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

/* Which cells need no more. trust[id]: tells_of_trust; needs[id]: how many cells that go on are compared with that serial one.
 * NULL without memory: none stops, and it takes longer then. */
struct choice {
    const struct plan *plan;
    struct tally *tally;
    bool *trust;
    unsigned *needs;
    struct quantity *known; /* known[id]: its median and interval; of tally_settle */
    const double *cost_ns;  /* of tally_narrow; else NULL */
    double block_ns;        /* of all that go on, at that cost */
    unsigned settled;
};

static bool goes_on(const struct tally *tally)
{
    return !tally->settled && !tally->left_out;
}

static struct choice choice_open(const struct plan *plan, struct tally *tally)
{
    struct choice choice = {.plan = plan,
                            .tally = tally,
                            .trust = calloc(plan->cell_count + 1u, sizeof *choice.trust),
                            .needs = calloc(plan->cell_count + 1u, sizeof *choice.needs)};
    for (unsigned i = 0; choice.trust && choice.needs && i < plan->cell_count; i++) {
        choice.trust[i] = tells_of_trust(plan, i);
        if (plan->cells[i].baseline != i && goes_on(&tally[i])) choice.needs[plan->cells[i].baseline]++;
    }
    return choice;
}

/* How many have stopped. */
static unsigned choice_close(const struct choice *choice)
{
    free(choice->trust);
    free(choice->needs);
    free(choice->known);
    return choice->settled;
}

static bool may_stop(const struct choice *choice, unsigned id)
{
    return goes_on(&choice->tally[id]) && !choice->trust[id] && !choice->needs[id];
}

/* And its serial cell where that was the last that needed it. */
static void stop_cell(struct choice *choice, unsigned id)
{
    unsigned baseline = choice->plan->cells[id].baseline;
    choice->tally[id].settled = true;
    choice->settled++;
    if (choice->cost_ns) choice->block_ns -= choice->cost_ns[id];
    if (baseline != id && !--choice->needs[baseline] && may_stop(choice, baseline)) stop_cell(choice, baseline);
}

/* The dearest that may stop, of those with or without a crossing; plan->cell_count: none. */
static unsigned dearest(const struct choice *choice, bool crossing)
{
    unsigned found = choice->plan->cell_count;
    for (unsigned i = 0; i < choice->plan->cell_count; i++) {
        if (has_crossing(choice->plan->cells[i].study) != crossing || !may_stop(choice, i)) continue;
        if (found == choice->plan->cell_count || choice->cost_ns[i] > choice->cost_ns[found]) found = i;
    }
    return found;
}

unsigned tally_narrow(const struct plan *plan, struct tally *tally, const double *cost_ns, double block_ns)
{
    struct choice choice = choice_open(plan, tally);
    unsigned stop;
    choice.cost_ns = cost_ns;
    for (unsigned i = 0; i < plan->cell_count; i++)
        if (goes_on(&tally[i])) choice.block_ns += cost_ns[i];
    for (int crossing = 0; choice.trust && choice.needs && crossing < 2; crossing++)
        while (choice.block_ns > block_ns && (stop = dearest(&choice, crossing)) < plan->cell_count)
            stop_cell(&choice, stop);
    return choice_close(&choice);
}

/* Of the cells that are compared with the same serial one, it among them. */
static unsigned fastest(const struct choice *choice, unsigned baseline)
{
    unsigned found = baseline;
    for (unsigned i = 0; i < choice->plan->cell_count; i++)
        if (choice->plan->cells[i].baseline == baseline && choice->known[i].median < choice->known[found].median)
            found = i;
    return found;
}

/* Told from the fastest of its problem, whatever narrower intervals would say, and from its serial cell. */
static bool is_told(const struct choice *choice, unsigned id, unsigned best)
{
    const struct quantity *known = choice->known, *serial = &known[choice->plan->cells[id].baseline];
    return known[id].low > known[best].high && (known[id].low > serial->high || known[id].high < serial->low);
}

/* Without a good sample, too: no further one makes it so. */
static bool is_precise(const struct choice *choice, unsigned id)
{
    return !choice->tally[id].count || stats_precise(choice->known[id], choice->plan->protocol.settle);
}

static bool is_clear(const struct choice *choice, unsigned id)
{
    const struct cell *cell = &choice->plan->cells[id];
    if (is_precise(choice, id) && is_precise(choice, cell->baseline)) return true;
    bool curve = has_crossing(cell->study) || !strcmp(cell->study, "chunk");
    return !curve && is_told(choice, id, fastest(choice, cell->baseline));
}

unsigned tally_settle(const struct plan *plan, struct tally *tally)
{
    struct choice choice = choice_open(plan, tally);
    choice.known = calloc(plan->cell_count + 1u, sizeof *choice.known);
    bool ready = choice.known && choice.trust && choice.needs;
    for (unsigned i = 0; ready && i < plan->cell_count; i++)
        choice.known[i] =
            tally[i].count ? stats_median(tally[i].walls_ns, tally[i].count) : (struct quantity){NAN, NAN, NAN, 0};
    for (unsigned i = 0; ready && i < plan->cell_count; i++)
        if (may_stop(&choice, i) && (plan->cells[i].baseline == i || is_clear(&choice, i))) stop_cell(&choice, i);
    return choice_close(&choice);
}
