/* SPDX-License-Identifier: MIT */
/* arena.h: memory shared with the workers, given out by the program alone. All records about it are private, so a task
 * that writes beyond its buffer does not damage them. Not safe across threads: the caller locks. */
#ifndef FORKPOOL_ARENA_H
#define FORKPOOL_ARENA_H

#include <stdbool.h>
#include <stddef.h>

enum { ARENA_CLASSES = 7 }; /* small blocks: 64, 128, ... 4096 bytes */

struct arena {
    char *base;
    size_t bytes, used;       /* used: what extents in use hold */
    struct extent *first;     /* all extents, by address */
    void *by_address;         /* tsearch tree of extents in use */
    struct extent *partial[ARENA_CLASSES]; /* with a free small block */
    bool foreign; /* this process only unmaps it: the memory belongs to the one that opened it */
};

/* Address space for `bytes`; 0: the machine's memory, at most a quarter of RLIMIT_AS, or what the system grants of it. 0 or -errno. */
int arena_open(struct arena *arena, size_t bytes);
void arena_close(struct arena *arena);
/* In a child of the program: from now on arena_give leaves the memory, which is still in use elsewhere, as it is. */
static inline void arena_disown(struct arena *arena) { arena->foreign = true; }
void *arena_take(struct arena *arena, size_t bytes); /* zeroed; NULL: no room */
void arena_give(struct arena *arena, void *memory);
static inline bool arena_has(const struct arena *arena, const void *memory)
{
    return (const char *)memory >= arena->base && (const char *)memory < arena->base + arena->bytes;
}

#endif
