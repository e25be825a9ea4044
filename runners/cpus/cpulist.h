/* SPDX-License-Identifier: GPL-3.0-or-later */
/* cpulist.h: lists of numbers as the kernel and people write them, "0-3,8".
 *
 * Strict: no spaces, no empty parts, no range that runs backwards, no number twice. Allocates; safe across threads.
 */
#ifndef BREAKEVEN_CPULIST_H
#define BREAKEVEN_CPULIST_H

#include "kernels/reason.h"

#include <hwloc.h>
#include <stddef.h>

enum { CPULIST_LIMIT = 65536 }; /* numbers must be smaller: four times what Linux can be built for */

/* The numbers in the order written, in *numbers, malloc'ed, at least one. Returns 0, -EINVAL or -ENOMEM with one line
 * in `why`; outputs are untouched on failure. */
int cpulist_parse(const char *text, unsigned **numbers, size_t *count, struct reason *why);

/* The set as a list, sorted; one that is longer than `size` (>= 8) ends in "..." rather than in a number cut short. */
void cpulist_write(hwloc_const_bitmap_t from, char *text, size_t size);

#endif
