/* SPDX-License-Identifier: MIT */
/* stats.c: what the program can read about its pool: counts, what was lost and why, and what its answers mean. */
#include "pool.h"

#include <stdio.h>

unsigned forkpool_default_workers(void)
{
    unsigned count = forkpool_cpus(NULL);
    return count < FORKPOOL_WORKERS_MAX ? count : FORKPOOL_WORKERS_MAX;
}

static enum forkpool_worker_state state_of(const struct worker *worker)
{
    int life = atomic_load(&worker->life);
    if (life < LIFE_READY) return life == LIFE_STARTING ? FORKPOOL_WORKER_STARTING : FORKPOOL_WORKER_NONE;
    return life == LIFE_LEAVING || relaxed(&worker->busy) ? FORKPOOL_WORKER_BUSY : FORKPOOL_WORKER_IDLE;
}

int forkpool_worker_stats(struct forkpool *pool, unsigned number, struct forkpool_worker_stats *stats)
{
    if (pool_foreign(pool)) return FORKPOOL_FORKED;
    if (number >= pool->shared->capacity) return -EINVAL;
    const struct worker *worker = &pool->shared->workers[number];
    stats->state = state_of(worker);
    pid_t pid = atomic_load(&worker->pid);
    stats->pid = stats->state == FORKPOOL_WORKER_NONE || pid <= 1 ? 0 : pid;
    stats->restarts = atomic_load(&worker->restarts);
    stats->calls = relaxed(&worker->calls);
    stats->steals = relaxed(&worker->steals);
    return 0;
}

static void count_workers(struct forkpool *pool, struct forkpool_stats *stats)
{
    for (uint32_t i = 0; i < pool->shared->capacity; i++) {
        const struct worker *worker = &pool->shared->workers[i];
        enum forkpool_worker_state state = state_of(worker);
        stats->workers += state != FORKPOOL_WORKER_NONE;
        stats->idle += state == FORKPOOL_WORKER_IDLE;
        stats->busy += state == FORKPOOL_WORKER_BUSY;
        stats->calls += relaxed(&worker->calls);
        stats->steals += relaxed(&worker->steals);
    }
}

int forkpool_stats(struct forkpool *pool, struct forkpool_stats *stats)
{
    if (pool_foreign(pool)) return FORKPOOL_FORKED;
    struct shared *shared = pool->shared;
    pool_lock(pool);
    jobs_settle(pool);
    *stats = (struct forkpool_stats){
        .wanted = atomic_load(&shared->wanted), .submitted = pool->submitted, .ended = pool->ended,
        .failed = pool->failed, .lost = pool->lost, .cancelled = pool->cancelled,
        .started = atomic_load(&shared->started), .recycled = atomic_load(&shared->recycled),
        .retired = atomic_load(&shared->idled), .killed = atomic_load(&shared->killed),
        .arena_bytes = pool->arena.bytes, .arena_used_bytes = pool->arena.used, .error = atomic_load(&shared->error)};
    count_workers(pool, stats);
    pool_unlock(pool);
    return 0;
}

_Thread_local char pool_why_not[REASON];

const char *forkpool_reason(struct forkpool *pool)
{
    if (!pool) return pool_why_not;
    if (pool_foreign(pool)) return "used in a child of the program";
    pool_lock(pool);
    pool_check(pool);
    if (!atomic_load(&pool->shared->error)) pool->reason[0] = 0;
    else snprintf(pool->reason, sizeof pool->reason, "%.*s", REASON - 1, pool->shared->reason);
    pool_unlock(pool);
    return pool->reason;
}

/* The server may write an entry anew while it is copied: then what was copied is too old, and left out. */
size_t forkpool_losses(struct forkpool *pool, struct forkpool_loss *losses, size_t max)
{
    if (pool_foreign(pool)) return 0;
    struct shared *shared = pool->shared;
    for (;;) {
        uint64_t count = acquire(&shared->loss_count);
        size_t copies = count < LOSSES_KEPT ? (size_t)count : LOSSES_KEPT;
        if (copies > max) copies = max;
        for (size_t i = 0; i < copies; i++) {
            losses[i] = shared->losses[(count - copies + i) % LOSSES];
            losses[i].text[sizeof losses[i].text - 1] = 0; /* whatever a task has written there */
        }
        atomic_thread_fence(memory_order_acquire);
        if (relaxed(&shared->loss_count) - count + 1 <= LOSSES - copies) return (size_t)count;
    }
}

const char *forkpool_strerror(int error)
{
    if (error >= 0) return "success";
    switch (error) {
    case FORKPOOL_FAILED: return "the task failed";
    case FORKPOOL_LOST: return "the task's worker died";
    case FORKPOOL_LIMIT: return "the task overran its limit and was killed";
    case FORKPOOL_CANCELLED: return "cancelled before it ended";
    case FORKPOOL_CLOSED: return "the pool is closed";
    case FORKPOOL_BROKEN: return "the pool gave up";
    case FORKPOOL_INITIALIZER: return "an initializer failed";
    case FORKPOOL_NESTED: return "opened inside a parallel region";
    case FORKPOOL_FORKED: return "used in a child of the program that opened the pool";
    }
    const char *text = error > -4096 ? error_text(-error) : NULL;
    return text ? text : "unknown error";
}
