/* SPDX-License-Identifier: GPL-3.0-or-later */
/* latency.h: how long single tasks took, as a histogram of bounded size: eight bins an octave. Pure functions.
 *
 * Bin 0 holds everything up to 1 ns; bin b = 8 k + s begins at 2^k (1 + s/8) ns. A bin is at most 12.5 % wide, so a
 * quantile is at most 6 % off; the last bin, from 8.2 hours on, is open. Where a chunk holds several tasks, each of
 * them counts as the chunk's duration divided by their number: single tasks are seen only with chunks of one.
 */
#ifndef BREAKEVEN_LATENCY_H
#define BREAKEVEN_LATENCY_H

#include "results/record/record.h"

enum { LATENCY_BINS = 8 * 45 };

/* The bin of a chunk of `tasks` tasks that took `chunk_ns`. */
unsigned latency_bin(int64_t chunk_ns, uint64_t tasks);
double latency_low_ns(unsigned bin); /* where the bin begins; 0 for the first */

/* The quantile q in (0, 1) of the tasks in `bins`, geometric inside its bin. NAN where fewer than one task in 1/(1-q)
 * or 1/q is expected beyond it: ten tasks have no 99 %. */
double latency_quantile_ns(const struct sample_bin *bins, unsigned count, double q);

#endif
