/* SPDX-License-Identifier: MIT */
/* job.c: what was submitted, from its memory to its end; and what the program does with its handle: wait, look, cancel,
 * let go. */
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

/* ---- The handle ---- */

struct waited {
    struct forkpool_job *const *jobs;
    size_t count, index;
};

static int any_ended(struct forkpool *pool, void *what, bool sleeping)
{
    struct waited *waited = what;
    (void)pool;
    for (size_t i = 0; i < waited->count; i++) {
        if (sleeping) job_mark(waited->jobs[i]);
        if (!job_settle(waited->jobs[i])) continue;
        waited->index = i;
        return 1;
    }
    return 0;
}

static int all_ended(struct forkpool *pool, void *what, bool sleeping)
{
    struct waited *waited = what;
    (void)pool;
    while (waited->index < waited->count && job_settle(waited->jobs[waited->index])) waited->index++;
    /* One wake-up, by the one that was submitted last; or it ended before it was marked. */
    for (; sleeping && waited->index < waited->count; waited->count--) {
        struct forkpool_job *job = waited->jobs[waited->count - 1];
        job_mark(job);
        if (!job_settle(job)) return 0;
    }
    return waited->index == waited->count;
}

/* Jobs of one pool, all of them there. */
static bool of_one_pool(struct forkpool_job *const jobs[], size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!jobs[i] || jobs[i]->pool != jobs[0]->pool) return false;
    return true;
}

int forkpool_wait_any(struct forkpool_job *const jobs[], size_t count, int64_t timeout_ns, size_t *index)
{
    if (!count || !of_one_pool(jobs, count)) return -EINVAL;
    if (pool_foreign(jobs[0]->pool)) return FORKPOOL_FORKED;
    struct waited waited = {jobs, count, 0};
    int rc = wait_for(jobs[0]->pool, NULL, any_ended, &waited, timeout_ns);
    if (rc < 0) return rc;
    if (index) *index = waited.index;
    return 0;
}

int forkpool_wait_all(struct forkpool_job *const jobs[], size_t count, int64_t timeout_ns)
{
    if (!count) return 0;
    if (!of_one_pool(jobs, count)) return -EINVAL;
    struct forkpool *pool = jobs[0]->pool;
    if (pool_foreign(pool)) return FORKPOOL_FORKED;
    struct waited waited = {jobs, count, 0};
    pool_lock(pool);
    bool at_hand = !pool->callbacks && !pool->done_first && all_ended(pool, &waited, false);
    const struct forkpool_job *last = jobs[count - 1];
    const struct slot *slot = !at_hand && last->kind == JOB_TASK && last->place >= 0 ? &pool->shared->slots[last->place] : NULL;
    pool_unlock(pool);
    if (at_hand) return 0;
    int rc = wait_for(pool, slot, all_ended, &waited, timeout_ns);
    return rc < 0 ? rc : 0;
}

int forkpool_wait(struct forkpool_job *job, int64_t timeout_ns)
{
    struct forkpool *pool = job->pool;
    if (pool_foreign(pool)) return FORKPOOL_FORKED;
    pool_lock(pool);
    bool at_hand = !pool->callbacks && !pool->done_first && job_settle(job);
    pool_unlock(pool);
    return at_hand ? 0 : forkpool_wait_all(&job, 1, timeout_ns);
}

int forkpool_status(struct forkpool_job *job)
{
    struct forkpool *pool = job->pool;
    if (pool_foreign(pool)) return FORKPOOL_FORKED;
    pool_lock(pool);
    if (!job_settle(job)) pool_check(pool);
    int status = job->ended ? job->status : -EINPROGRESS;
    pool_unlock(pool);
    return status;
}

int forkpool_task_status(struct forkpool_job *job) { return forkpool_status(job) == -EINPROGRESS ? 0 : job->task_status; }

uint64_t forkpool_job_id(struct forkpool_job *job) { return job->id; }

void *forkpool_result(struct forkpool_job *job, size_t *result_bytes)
{
    if (forkpool_status(job) || job->kind == JOB_MAP) return NULL;
    if (result_bytes) *result_bytes = job->task ? job->result_bytes : sizeof job->value;
    return job->task ? job->result : &job->value;
}

int forkpool_get(struct forkpool_job *job, void *result, size_t result_bytes, int64_t timeout_ns)
{
    size_t bytes = 0;
    int rc = forkpool_wait(job, timeout_ns);
    if (rc || (rc = forkpool_status(job))) return rc;
    const void *from = forkpool_result(job, &bytes);
    if (result_bytes > bytes) return -EINVAL;
    if (result_bytes && result != from) memcpy(result, from, result_bytes);
    return 0;
}

long forkpool_value(struct forkpool_job *job)
{
    int rc = forkpool_wait(job, FORKPOOL_FOREVER);
    if (!rc && !job->task && job->kind == JOB_TASK && !job->status) return job->value;
    errno = ECANCELED;
    return 0;
}

int forkpool_cancel(struct forkpool_job *job, int kill)
{
    struct forkpool *pool = job->pool;
    if (pool_foreign(pool)) return FORKPOOL_FORKED;
    pool_lock(pool);
    int rc = job_cancel(job, kill) ? 0 : -EALREADY;
    pool_unlock(pool);
    return rc;
}

int forkpool_cancel_all(struct forkpool *pool, int kill)
{
    if (pool_foreign(pool)) return FORKPOOL_FORKED;
    int count = 0;
    pool_lock(pool);
    for (uint32_t i = 0; i < pool->shared->slot_count; i++)
        if (pool->slot_jobs[i] && !pool->slot_jobs[i]->hidden) count += job_cancel(pool->slot_jobs[i], kill);
    for (unsigned i = 0; i < MAPS; i++)
        if (pool->map_jobs[i]) count += job_cancel(pool->map_jobs[i], kill);
    pool_unlock(pool);
    return count;
}

int forkpool_started(struct forkpool_job *job)
{
    struct forkpool *pool = job->pool;
    if (pool_foreign(pool)) return FORKPOOL_FORKED;
    pool_lock(pool);
    int rc = job_settle(job) ? -EALREADY : job_actions(job)->started(job);
    pool_unlock(pool);
    return rc;
}

void forkpool_release(struct forkpool_job *job)
{
    if (!job || pool_foreign(job->pool)) return;
    struct forkpool *pool = job->pool;
    pool_lock(pool);
    job_settle(job);
    job->released = true;
    if (job->ended && !job->callback_due) job_delete(job);
    pool_unlock(pool);
}
