/* SPDX-License-Identifier: MIT */
/* stage.c: arrays of an item map come into memory that the workers see, and their results back. */
#include "pool.h"

static void *take(struct forkpool *pool, size_t count, size_t each)
{
    size_t bytes;
    return __builtin_mul_overflow(count, each, &bytes) ? NULL : arena_take(&pool->arena, bytes);
}

static bool must_stage(const struct forkpool *pool, const struct forkpool_map *map, const void *array, size_t stride)
{
    return array && stride && !(map->flags & FORKPOOL_IN_PLACE) && !arena_has(&pool->arena, array);
}

int stage_in(struct forkpool *pool, struct map_job *map)
{
    const struct forkpool_map *asked = &map->asked;
    map->work = (struct work){asked->range, asked->item, asked->context, asked->input, asked->output,
                              asked->input_stride, asked->output_stride, NULL};
    if (asked->context_bytes) {
        if (!(map->staged_context = take(pool, 1, asked->context_bytes))) return -ENOMEM;
        map->work.context = memcpy(map->staged_context, asked->context, asked->context_bytes);
    }
    if (!asked->item) return 0;
    size_t tasks = asked->tasks;
    if (asked->feed || must_stage(pool, asked, asked->input, asked->input_stride)) {
        if (!(map->staged_input = take(pool, tasks, asked->input_stride))) return -ENOMEM;
        if (!asked->feed) memcpy(map->staged_input, asked->input, tasks * asked->input_stride);
        map->work.input = map->staged_input;
    }
    if (must_stage(pool, asked, asked->output, asked->output_stride)) {
        if (!(map->staged_output = take(pool, tasks, asked->output_stride))) return -ENOMEM;
        map->work.output = map->staged_output;
    }
    if (!(map->staged_status = take(pool, tasks, sizeof(int)))) return -ENOMEM;
    map->work.status = map->staged_status;
    for (size_t i = 0; i < tasks && !asked->feed; i++) atomic_store_explicit(&map->work.status[i], STATUS_PENDING, memory_order_relaxed);
    return 0;
}

void stage_out(struct map_job *map)
{
    const struct forkpool_map *asked = &map->asked;
    if (!asked->item) return;
    size_t good = 0, stride = asked->output_stride;
    for (size_t i = 0; i < asked->tasks; i++) {
        int status = relaxed(&map->work.status[i]);
        if (status <= STATUS_RERUN) status = FORKPOOL_CANCELLED;
        good += !status;
        if (asked->status) asked->status[i] = status;
    }
    if (!map->staged_output) return;
    if (good == asked->tasks) {
        memcpy(asked->output, map->staged_output, good * stride);
        return;
    }
    for (size_t i = 0; i < asked->tasks; i++)
        if (!relaxed(&map->work.status[i]))
            memcpy((char *)asked->output + i * stride, (char *)map->staged_output + i * stride, stride);
}

void stage_free(struct forkpool *pool, struct map_job *map)
{
    arena_give(&pool->arena, map->staged_context);
    arena_give(&pool->arena, map->staged_input);
    arena_give(&pool->arena, map->staged_output);
    arena_give(&pool->arena, map->staged_status);
    map->staged_context = map->staged_input = map->staged_output = map->staged_status = NULL;
}
