/* SPDX-License-Identifier: MIT */
/* batch.h: how many workers the environment allows: FORKPOOL_WORKERS, and what a batch system gave this job. */
#ifndef FORKPOOL_BATCH_H
#define FORKPOOL_BATCH_H

/* The smallest number that a variable gives, at most INT_MAX, and that variable's name in *by; 0 and NULL: none gives one.
 * *ignored: a variable that is set to anything else than a whole number of 1 or more; NULL: none. All are constants. */
unsigned batch_read(const char **by, const char **ignored);

#endif
