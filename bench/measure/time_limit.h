/* SPDX-License-Identifier: GPL-3.0-or-later */
/* time_limit.h: where an experiment's time is limited, what it goes to. In this order: one repetition of everything; where the
 * fewest of all cells will not fit, the dearest cells are left out; repetitions with spans, the cheapest first; further ones of the
 * cells that are not clear yet (tally.h), those of the curves that cross something last to stop. All of these do nothing where it is
 * not limited; before each block they are called in the order given here.
 */
#ifndef BREAKEVEN_TIME_LIMIT_H
#define BREAKEVEN_TIME_LIMIT_H

#include "bench/measure/session.h"

/* Once all cells have the fewest repetitions and the time does not suffice for all of the others. */
void time_limit_narrow(struct session *, uint64_t block);

/* Cells, then repetitions with spans. */
void time_limit_leave_out(struct session *, uint64_t block);

/* Within the first block, before each cell: a machine so slow that one block does not fit into half of the time limit. */
void time_limit_cut_first_block(struct session *);

/* What was left out, for the user (experiment->left_out_text) and for the manifest's notes. */
void time_limit_tell(struct session *);

#endif
