/* SPDX-License-Identifier: GPL-3.0-or-later */
/* plan_order.c: in which order the cells of a block are measured, and which of them by one of several jobs. */
#include "bench/plan/plan.h"

#include "kernels/params.h"

#include <errno.h>
#include <stdlib.h>

/* SplitMix64 (Steele, Lea, Flood 2014): a small generator that any seed suits. */
static uint64_t next_random(uint64_t *state)
{
    return random_mix(*state += 0x9e3779b97f4a7c15);
}

static void shuffle(unsigned *values, unsigned count, uint64_t *state)
{
    for (unsigned i = count; i > 1; i--) {
        unsigned j = (unsigned)(next_random(state) % i), value = values[i - 1];
        values[i - 1] = values[j];
        values[j] = value;
    }
}

/* Problems shuffled; inside each the serial cell first, then the others shuffled. */
static void base_order(const struct cell *cells, unsigned count, uint64_t seed, unsigned *order)
{
    unsigned *problems = malloc((count ? count : 1) * sizeof *problems), problem_count = 0, filled = 0;
    uint64_t state = seed;
    if (!problems) abort();
    for (unsigned i = 0; i < count; i++)
        if (cells[i].baseline == i) problems[problem_count++] = i;
    shuffle(problems, problem_count, &state);
    for (unsigned p = 0; p < problem_count; p++) {
        unsigned begin = filled;
        order[filled++] = problems[p];
        for (unsigned i = 0; i < count; i++)
            if (i != problems[p] && cells[i].baseline == problems[p]) order[filled++] = i;
        shuffle(order + begin + 1, filled - begin - 1, &state);
    }
    free(problems);
}

static unsigned common_divisor(unsigned a, unsigned b)
{
    while (b) {
        unsigned rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

/* Near the golden section of the length, so that few pairs already spread evenly over it, and coprime to it. */
static unsigned stride_of(unsigned count)
{
    unsigned stride = (unsigned)(0.6180339887 * count + 0.5);
    for (unsigned step = 0; step <= count; step++) {
        if (stride + step < count && common_divisor(stride + step, count) == 1) return stride + step;
        if (stride > step && common_divisor(stride - step, count) == 1) return stride - step;
    }
    return 1;
}

void plan_order(const struct cell *cells, unsigned count, uint64_t seed, unsigned block, unsigned *order)
{
    if (!count) return;
    unsigned *base = malloc(count * sizeof *base);
    if (!base) abort();
    base_order(cells, count, seed, base);
    unsigned offset = (unsigned)((uint64_t)(block / 2) * stride_of(count) % count);
    for (unsigned position = 0; position < count; position++) {
        unsigned from = block % 2 ? count - 1 - position : position;
        order[position] = base[(from + offset) % count];
    }
    free(base);
}

/* ---- shares: cells are divided, never the samples of a cell ---- */

enum { SHARES_MAX = 10000 };

int plan_share(const char *text, struct protocol *protocol)
{
    unsigned share, shares;
    int used = 0;
    if (sscanf(text, "%5u/%5u%n", &share, &shares, &used) < 2 || text[used] || !share || share > shares || shares > SHARES_MAX)
        return -EINVAL;
    protocol->share = share;
    protocol->shares = shares;
    return 0;
}

static bool is_serial(const struct cell *cell)
{
    return cell->baseline == cell->id;
}

static bool is_dealt_here(const struct plan *plan, unsigned id)
{
    unsigned number = 0;
    for (unsigned i = 0; i < plan->cells[id].duplicate; i++) number += !is_serial(&plan->cells[i]);
    return number % plan->protocol.shares == plan->protocol.share - 1;
}

bool plan_is_mine(const struct plan *plan, unsigned id)
{
    const struct cell *cell = &plan->cells[id];
    if (!plan->protocol.shares) return true;
    if (!is_serial(cell)) return is_dealt_here(plan, id);
    for (unsigned i = 0; i < plan->cell_count; i++)
        if (plan->cells[i].baseline == id && i != id && is_dealt_here(plan, i)) return true;
    return false;
}
