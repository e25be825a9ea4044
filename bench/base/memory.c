/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/base/memory.h"

#include <stdlib.h>
#include <sys/mman.h>

struct memory_block {
    struct memory_block *next;
    void *address;
    size_t size;
};

void *memory_map(size_t size)
{
    void *address =
        mmap(NULL, size ? size : 1, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return address == MAP_FAILED ? NULL : address;
}

void memory_unmap(void *address, size_t size)
{
    if (address) munmap(address, size ? size : 1);
}

static void *alloc(struct arena *arena, size_t bytes, size_t align)
{
    struct memory *memory = (struct memory *)arena;
    struct memory_block *block = malloc(sizeof *block);
    size_t size;
    if (!block || __builtin_add_overflow(bytes, align, &size) || !(block->address = memory_map(size))) {
        free(block);
        return NULL;
    }
    block->size = size;
    block->next = memory->blocks;
    memory->blocks = block;
    uintptr_t address = (uintptr_t)block->address;
    return (void *)((address + align - 1) & ~(uintptr_t)(align - 1));
}

void memory_open(struct memory *memory)
{
    *memory = (struct memory){.arena.alloc = alloc};
}

void memory_close(struct memory *memory)
{
    while (memory->blocks) {
        struct memory_block *block = memory->blocks;
        memory->blocks = block->next;
        memory_unmap(block->address, block->size);
        free(block);
    }
}
