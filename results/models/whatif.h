/* SPDX-License-Identifier: GPL-3.0-or-later */
/* whatif.h: what the fitted costs of a runner say of a setting that need not have been measured.
 *
 *     struct whatif_setting setting = {.workers = 4, .tasks = 1000, .task_ns = 1e4};
 *     struct whatif_answer answer;
 *     whatif_ask(&summary->pools[0], &setting, &answer);
 *     ... answer.run_ns.median; answer.outside & 1u << WHATIF_WORKERS ...
 *
 * The page's explorer (plots/assets/explorer.js) computes the same in a browser from summary.json's models.
 */
#ifndef BREAKEVEN_WHATIF_H
#define BREAKEVEN_WHATIF_H

#include "results/models/summary.h"

struct whatif_setting {
    double workers, tasks, task_ns;
    double chunk; /* 0: the runner's own */
};

/* low and high: where 95 % of measurements (medians of a cell) would lie if the model is right: T exp(-+ t sd/T). NAN
 * where the fit leaves no degree of freedom. */
struct whatif_answer {
    struct quantity run_ns, total_ns; /* run phase; with start and stop, NAN where those are not known */
    struct quantity speedup, speedup_total;
    double chunk;     /* what was used; 0: not known */
    unsigned outside; /* bit (1 << axis): the setting is outside of what was measured there */
};

/* Can this fit be asked at all? */
bool whatif_able(const struct pool_costs *);
void whatif_ask(const struct pool_costs *, const struct whatif_setting *, struct whatif_answer *);
/* The setting of the middle one of the cells that the fit is made from. */
void whatif_middle(const struct pool_costs *, struct whatif_setting *);

/* Fills pool->ground from the points of its fit, in the order of pool->cells. (pools.c) */
void whatif_ground_make(struct pool_costs *, const struct pool_point *, size_t n);

#endif
