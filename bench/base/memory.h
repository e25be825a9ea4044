/* SPDX-License-Identifier: GPL-3.0-or-later */
/* memory.h: memory shared with processes forked later: the arena of kernels, and plain blocks.
 *
 *     struct memory memory;
 *     memory_open(&memory);
 *     void *input = arena_alloc(&memory.arena, bytes, 64);
 *     memory_close(&memory);
 */
#ifndef BREAKEVEN_MEMORY_H
#define BREAKEVEN_MEMORY_H

#include "kernels/kernel.h"

/* `size` bytes, zeroed, shared with later forks and not yet touched: each page goes to the memory near the cpu that
 * writes it first. NULL without memory. Freed by memory_unmap with the same size. */
void *memory_map(size_t size);
void memory_unmap(void *address, size_t size);

struct memory_block;
struct memory {
    struct arena arena; /* first: the arena's function finds the rest behind it */
    struct memory_block *blocks;
};

void memory_open(struct memory *);
void memory_close(struct memory *); /* frees everything that the arena gave */

#endif
