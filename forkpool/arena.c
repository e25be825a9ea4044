/* SPDX-License-Identifier: MIT */
/* arena.c: see pool.h. Whole pages come best fit from a list of extents; small blocks from extents of equal blocks. */
#include "pool.h"

#include <search.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>

enum { SMALL_EXTENT = 65536, SMALL_LEAST = 64, NOT_SMALL = -1, ARENA_LEAST = 1 << 20, AS_SHARE = 4 };

struct extent {
    char *base;
    size_t bytes;
    bool used, dirty;                /* dirty: may hold old bytes */
    struct extent *before, *after;
    int class;                       /* of its small blocks, or NOT_SMALL */
    unsigned free_count;             /* of small blocks */
    uint16_t *free_blocks;           /* stack of their numbers */
    struct extent *partial_next, **partial_link;
};

static size_t page_bytes(void) { return (size_t)sysconf(_SC_PAGESIZE); }

/* An address inside an extent finds it. */
static int compare(const void *a, const void *b)
{
    const struct extent *left = a, *right = b;
    if (left->base + left->bytes <= right->base) return -1;
    return left->base >= right->base + right->bytes;
}

/* The machine's memory, but no large part of an address space that is limited. */
static size_t default_bytes(void)
{
    struct rlimit space;
    size_t bytes = (size_t)sysconf(_SC_PHYS_PAGES) * page_bytes();
    if (!getrlimit(RLIMIT_AS, &space) && space.rlim_cur != RLIM_INFINITY && space.rlim_cur / AS_SHARE < bytes)
        bytes = (size_t)(space.rlim_cur / AS_SHARE);
    return bytes > ARENA_LEAST ? bytes : ARENA_LEAST;
}

/* Only what is used takes memory: not even in a program that locks all that it maps. */
static void *map_unlocked(size_t bytes)
{
    void *base = mmap(NULL, bytes, PROT_NONE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (base == MAP_FAILED) return NULL;
    munlock(base, bytes);
    if (!mprotect(base, bytes, PROT_READ | PROT_WRITE)) return base;
    int error = errno;
    munmap(base, bytes);
    errno = error;
    return NULL;
}

int arena_open(struct arena *arena, size_t bytes)
{
    bool granted = bytes;
    size_t page = page_bytes();
    if (!bytes) bytes = default_bytes();
    bytes = (bytes + page - 1) / page * page;
    void *base;
    while (!(base = map_unlocked(bytes))) {
        if (granted || bytes / 2 < ARENA_LEAST) return -errno;
        bytes = bytes / 2 / page * page;
    }
    struct extent *all = calloc(1, sizeof *all);
    if (!all) {
        munmap(base, bytes);
        return -ENOMEM;
    }
    *all = (struct extent){.base = base, .bytes = bytes, .class = NOT_SMALL};
    *arena = (struct arena){.base = base, .bytes = bytes, .first = all};
    return 0;
}

void arena_close(struct arena *arena)
{
    if (!arena->base) return;
    bool touched = arena->first->after || arena->first->used || arena->first->dirty;
    for (struct extent *next, *extent = arena->first; extent; extent = next) {
        next = extent->after;
        if (extent->used) tdelete(extent, &arena->by_address, compare);
        free(extent->free_blocks);
        free(extent);
    }
    if (touched && !arena->foreign) madvise(arena->base, arena->bytes, MADV_REMOVE); /* another pool's workers may have it mapped */
    munmap(arena->base, arena->bytes);
    *arena = (struct arena){0};
}

/* Where the call is accepted and nothing is removed (qemu-user 7.2), the first byte tells. */
static bool removed(const struct extent *extent)
{
    volatile char *first = extent->base;
    *first = 1;
    return !madvise(extent->base, extent->bytes, MADV_REMOVE) && !*first;
}

static void clean(struct extent *extent)
{
    if (extent->dirty && !removed(extent)) memset(extent->base, 0, extent->bytes);
    extent->dirty = false;
}

static struct extent *extent_take(struct arena *arena, size_t bytes)
{
    struct extent *best = NULL;
    for (struct extent *extent = arena->first; extent; extent = extent->after)
        if (!extent->used && extent->bytes >= bytes && (!best || extent->bytes < best->bytes)) best = extent;
    if (!best) return NULL;
    if (best->bytes > bytes) {
        struct extent *rest = calloc(1, sizeof *rest);
        if (!rest) return NULL;
        *rest = (struct extent){.base = best->base + bytes, .bytes = best->bytes - bytes, .before = best,
                                .after = best->after, .class = NOT_SMALL};
        if (rest->after) rest->after->before = rest;
        best->after = rest;
        best->bytes = bytes;
    }
    if (!tsearch(best, &arena->by_address, compare)) return NULL;
    best->used = true;
    arena->used += bytes;
    return best;
}

/* Joins the extent after this one to it, where both are free. */
static void join_after(struct extent *extent)
{
    struct extent *after = extent ? extent->after : NULL;
    if (!after || extent->used || after->used) return;
    extent->bytes += after->bytes;
    extent->after = after->after;
    if (after->after) after->after->before = extent;
    free(after);
}

static void extent_give(struct arena *arena, struct extent *extent)
{
    tdelete(extent, &arena->by_address, compare);
    extent->used = false;
    extent->dirty = true;
    arena->used -= extent->bytes;
    clean(extent); /* pages go back to the system */
    join_after(extent);
    join_after(extent->before);
}

static void partial_add(struct arena *arena, struct extent *extent)
{
    struct extent **head = &arena->partial[extent->class];
    extent->partial_next = *head;
    if (*head) (*head)->partial_link = &extent->partial_next;
    extent->partial_link = head;
    *head = extent;
}

static void partial_remove(struct extent *extent)
{
    *extent->partial_link = extent->partial_next;
    if (extent->partial_next) extent->partial_next->partial_link = extent->partial_link;
}

static unsigned blocks_of(int class) { return SMALL_EXTENT / ((unsigned)SMALL_LEAST << class); }

static bool small_refill(struct arena *arena, int class)
{
    unsigned count = blocks_of(class);
    uint16_t *blocks = malloc(count * sizeof *blocks);
    struct extent *extent = blocks ? extent_take(arena, SMALL_EXTENT) : NULL;
    if (!extent) {
        free(blocks);
        return false;
    }
    extent->class = class;
    extent->free_count = count;
    extent->free_blocks = blocks;
    for (unsigned i = 0; i < count; i++) blocks[i] = (uint16_t)(count - 1 - i);
    partial_add(arena, extent);
    return true;
}

static void *small_take(struct arena *arena, int class)
{
    if (!arena->partial[class] && !small_refill(arena, class)) return NULL;
    struct extent *extent = arena->partial[class];
    size_t bytes = (size_t)SMALL_LEAST << class;
    char *memory = extent->base + extent->free_blocks[--extent->free_count] * bytes;
    if (!extent->free_count) partial_remove(extent);
    memset(memory, 0, bytes);
    return memory;
}

static void small_give(struct arena *arena, struct extent *extent, const char *memory)
{
    size_t bytes = (size_t)SMALL_LEAST << extent->class;
    if (!extent->free_count) partial_add(arena, extent);
    extent->free_blocks[extent->free_count++] = (uint16_t)((size_t)(memory - extent->base) / bytes);
    if (extent->free_count < blocks_of(extent->class) || !extent->partial_next) return; /* one full extent is kept */
    partial_remove(extent);
    free(extent->free_blocks);
    extent->free_blocks = NULL;
    extent->class = NOT_SMALL;
    extent_give(arena, extent);
}

void *arena_take(struct arena *arena, size_t bytes)
{
    int class = 0;
    while (class < ARENA_CLASSES && bytes > (size_t)SMALL_LEAST << class) class++;
    if (class < ARENA_CLASSES && ((size_t)SMALL_LEAST << class) < page_bytes()) return small_take(arena, class);
    size_t page = page_bytes();
    if (bytes > arena->bytes) return NULL;
    struct extent *extent = extent_take(arena, (bytes + page - 1) / page * page);
    return extent ? extent->base : NULL;
}

void arena_give(struct arena *arena, void *memory)
{
    struct extent key = {.base = memory, .bytes = 1}, **found;
    if (!memory || arena->foreign || !(found = tfind(&key, &arena->by_address, compare))) return;
    if ((*found)->class == NOT_SMALL) extent_give(arena, *found);
    else small_give(arena, *found, memory);
}
