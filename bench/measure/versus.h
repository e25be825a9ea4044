/* SPDX-License-Identifier: GPL-3.0-or-later */
/* versus.h: another build of the program, measured repetition by repetition beside this one: two paired runs.
 * Both manifests carry the same "together"; results/summary/compare.h then pairs the runs block by block.
 */
#ifndef BREAKEVEN_VERSUS_H
#define BREAKEVEN_VERSUS_H

#include "kernels/reason.h"

/* The program that a path means: itself, or DIR/breakeven or DIR/build/breakeven. It must be able to say its version.
 * 0, or -errno with one line in `why`. */
int versus_find(const char *path, char *program, size_t size, struct reason *why);

/* A copy of a manifest with what that program says of its build in it; NULL without memory. A new reference. */
struct json_t *versus_manifest(const struct json_t *manifest, const char *program);

#endif
