/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ranks_lost.h: which ranks ended without having been told to, from the records of their keepers (rank/keeper.c). */
#ifndef BREAKEVEN_RANKS_LOST_H
#define BREAKEVEN_RANKS_LOST_H

#include "runners/rank/control.h"
#include "runners/runner.h"

/* False: none. Else the first that was lost leads in failure->lost and gives the text. `output`: what launcher and
 * ranks printed (launcher.h), in which the keepers of other hosts tell theirs. */
bool ranks_lost(struct control *, int output, struct failure *);

#endif
