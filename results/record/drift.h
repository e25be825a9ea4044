/* SPDX-License-Identifier: GPL-3.0-or-later */
/* drift.h: was the machine another one in some blocks? Told by the serial cells, the sentinels of a run.
 *
 * The machine's level in a block is the median, over all problems and over the block and its two neighbours, of a
 * serial run phase divided by the median of that cell's run phases in the whole run. Where it is off 1 by more than
 * DRIFT_MAX, the samples of that block are suspect. Fewer than DRIFT_MIN sentinels tell nothing: one alone may just
 * have been disturbed.
 */
#ifndef BREAKEVEN_DRIFT_H
#define BREAKEVEN_DRIFT_H

#include "results/record/record.h"

#define DRIFT_MAX 0.02
enum { DRIFT_MIN = 5 };

/* Adds the word "drift" to `suspect` of each sample in a block that is off. 0 or -ENOMEM; done twice it does no harm.
 */
int drift_mark(struct run *);

#endif
