/* SPDX-License-Identifier: GPL-3.0-or-later */
/* whatif.h: `report --predict`: what the fitted costs say of settings of the command line, as a table or as JSON. */
#ifndef BREAKEVEN_VERBS_WHATIF_H
#define BREAKEVEN_VERBS_WHATIF_H

#include "bench/cli/options.h"
#include "results/models/summary.h"

/* An exit status. */
int whatif_print(const struct options *, const struct summary *);

#endif
