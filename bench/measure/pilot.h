/* SPDX-License-Identifier: GPL-3.0-or-later */
/* pilot.h: a short look at how fast a plan really goes, before it is measured. */
#ifndef BREAKEVEN_PILOT_H
#define BREAKEVEN_PILOT_H

#include "bench/plan/plan.h"

/* How many times as long as expected a few repetitions, spread over a closed plan, take now: above 1 on a busy machine;
 * 1 where they cannot be taken. Takes about a second. */
double pilot_slowness(const struct plan *);

#endif
