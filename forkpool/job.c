/* SPDX-License-Identifier: MIT */
/* job.c: what was submitted, from its memory to its end. */
#include "pool.h"

#include <stdlib.h>

bool jobs_more(struct forkpool *pool)
{
    struct job_block *block = aligned_alloc(alignof(struct job_block), sizeof *block);
    if (!block) return false;
    memset(block, 0, sizeof *block);
    block->next = pool->blocks;
    pool->blocks = block;
    for (unsigned i = JOBS_IN_BLOCK; i-- > 0;) {
        block->jobs[i].pool = pool;
        block->jobs[i].next = pool->spare;
        pool->spare = &block->jobs[i];
    }
    return true;
}

void job_free_memory(struct forkpool_job *job)
{
    struct arena *arena = &job->pool->arena;
    if (job->has_blocks && job->argument_block) arena_give(arena, job->argument_block);
    if (job->has_blocks && job->result_block) arena_give(arena, job->result_block);
    if (job->kind == JOB_MAP && job->map) job_actions(job)->free(job);
}

void job_limits(struct forkpool_job *job, const struct forkpool_limits *limits, struct limits *to)
{
    struct forkpool *pool = job->pool;
    *to = limits_of(limits);
    uint64_t least = limits->hard_ns;
    if (limits->cpu_ns && (!least || limits->cpu_ns < least)) least = limits->cpu_ns;
    if (!least) return;
    job->limited = true;
    if (least / 8 < atomic_load(&pool->shared->tick_ns)) atomic_store(&pool->shared->tick_ns, least / 8);
    pool->limited++;
    atomic_store(&pool->shared->limited, 1);
    pool_poke(pool);
}

static void limits_end(struct forkpool *pool)
{
    if (--pool->limited) return;
    atomic_store(&pool->shared->limited, 0);
    atomic_store(&pool->shared->tick_ns, UINT64_MAX / 2);
}

static void count_end(struct forkpool_job *job, int status)
{
    struct forkpool *pool = job->pool;
    if (job->hidden) return;
    pool->ended++;
    if (status == FORKPOOL_FAILED) pool->failed++;
    else if (status == FORKPOOL_CANCELLED) pool->cancelled++;
    else if (status) pool->lost++;
}

void job_end(struct forkpool_job *job, int status, int task_status)
{
    struct forkpool *pool = job->pool;
    job->ended = true;
    job->place = -1;
    job->status = status;
    job->task_status = task_status;
    count_end(job, status);
    if (job->limited) limits_end(pool);
    if (job->repeatable) {
        pool->repeatable--;
        pool_drain_if_due(pool);
    }
    if (job->calls_back) {
        pool->callbacks--;
        job->callback_due = true;
        job->next = NULL;
        *pool->done_last = job;
        pool->done_last = &job->next;
    } else if (job->released) {
        job_delete(job);
    }
}

void jobs_settle(struct forkpool *pool)
{
    uint32_t left = pool->shared->config.max_inflight - pool->free_count; /* the lowest free slots are taken first */
    for (uint32_t i = 0; left && i < pool->shared->slot_count; i++) {
        if (!pool->slot_jobs[i]) continue;
        left--;
        job_settle(pool->slot_jobs[i]);
    }
    for (unsigned i = 0; i < MAPS; i++)
        if (pool->map_jobs[i]) job_settle(pool->map_jobs[i]);
}

void job_mark(struct forkpool_job *job)
{
    if (job->kind == JOB_TASK && job->place >= 0)
        atomic_fetch_or(&job->pool->shared->slots[job->place].state, SLOT_WAITED);
}
