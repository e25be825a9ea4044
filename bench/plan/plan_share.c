/* SPDX-License-Identifier: GPL-3.0-or-later */
/* plan_share.c: which part of a plan one of several jobs measures. Cells are divided, never the samples of a cell. */
#include "bench/plan/plan.h"

#include <errno.h>
#include <stdio.h>

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
