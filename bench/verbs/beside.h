/* SPDX-License-Identifier: GPL-3.0-or-later */
/* beside.h: `report A B`: two runs side by side, their short findings in the terminal, both pages in one file. */
#ifndef BREAKEVEN_VERBS_BESIDE_H
#define BREAKEVEN_VERBS_BESIDE_H

#include "bench/cli/options.h"

/* Of the two operands. Each run's own page is written anew; the common one into --output, or a folder of its own under
 * results/runs. An exit status. */
int beside_report(const struct options *);

#endif
