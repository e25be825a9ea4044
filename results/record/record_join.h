/* SPDX-License-Identifier: GPL-3.0-or-later */
/* record_join.h: the parts of one plan that several jobs measured, as one run. */
#ifndef BREAKEVEN_RECORD_JOIN_H
#define BREAKEVEN_RECORD_JOIN_H

#include "kernels/reason.h"

#include <stdbool.h>
#include <stddef.h>

/* Does the folder hold a part of a run (run --share)? What cannot be read is none. */
bool record_is_part(const char *dir);

/* Writes into `into`, an empty folder, one record made of those in dirs[count]: the cells that they share, and the blocks
 * of each part after those of the part before, so that every cell keeps the serial samples that were taken beside it.
 * A part that is missing or was cut short leaves the whole incomplete; parts that were measured on unlike machines are
 * noted in the manifest. 0, or -errno with `why`: a folder is no part, is there twice, or belongs to another
 * plan. */
int record_join(const char *const *dirs, size_t count, const char *into, struct reason *why);

#endif
