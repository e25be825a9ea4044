/* SPDX-License-Identifier: MIT */
/* sound.c: see sound.h. Everything it reads may be what a task has left there: compared, never followed. */
#include "sound.h"

#include "park.h"
#include "queue.h"
#include "range.h"

enum { SLOTS_A_LOOK = 1024, NUDGE_NS = 100000000, NUDGES_MOST = 6 };

static const char *queue_unsound(const struct shared *shared, unsigned queue)
{
    const _Atomic uint64_t *at = &shared->queues[queue].head;
    uint64_t head = acquire(at), tail = relaxed(&shared->queues[queue].tail); /* this thread holds the lock: tail stays */
    if (head > tail || tail - head > 2 * (uint64_t)shared->slot_count) return "the ends of the queue";
    if (head < tail && queue_at(shared, queue, head) == NOTHING && acquire(at) == head) return "the queue";
    return NULL;
}

static bool slot_sound(const struct shared *shared, const struct forkpool_job *job)
{
    const struct slot *slot = &shared->slots[job->place];
    uint64_t state = acquire(&slot->state);
    enum phase phase = slot_phase(state);
    bool held = phase == SLOT_RUNNING || phase == SLOT_CONDEMNED;
    return phase > SLOT_FREE && phase <= SLOT_CANCELLED && slot->job == job->id &&
           (!held || slot_worker(state) < shared->capacity);
}

static bool map_sound(const struct shared *shared, unsigned place, const struct forkpool_job *job)
{
    const struct map *map = &shared->maps[place];
    uint32_t state = atomic_load(&map->state) & 3u;
    if (map->job != job->id || (state != MAP_ACTIVE && state != MAP_ENDED)) return false;
    for (uint32_t i = 0; i < shared->capacity && i < map->lines; i++) {
        uint64_t word = acquire(&map_lines(shared, place)[i].word);
        if (!range_sound(map, (struct units){range_begin(word), range_end(word)})) return false;
    }
    return true;
}

static const char *jobs_unsound(struct forkpool *pool)
{
    const struct shared *shared = pool->shared;
    for (uint32_t i = 0; i < SLOTS_A_LOOK && i < shared->slot_count; i++) {
        const struct forkpool_job *job = pool->slot_jobs[pool->looked_slot++ & (shared->slot_count - 1)];
        if (job && !slot_sound(shared, job)) return "the record of a task";
    }
    for (unsigned i = 0; i < MAPS; i++)
        if (pool->map_jobs[i] && !map_sound(shared, i, pool->map_jobs[i])) return "the record of a map";
    return NULL;
}

static bool jobs_outstanding(const struct forkpool *pool)
{
    for (unsigned i = 0; i < MAPS; i++)
        if (pool->map_jobs[i]) return true;
    return pool->free_count < pool->shared->config.max_inflight;
}

/* Are all workers there that are wanted, and asleep? */
static bool all_parked(const struct forkpool *pool)
{
    for (uint32_t i = 0; i < pool->shared->capacity; i++) {
        const struct worker *worker = &pool->shared->workers[i];
        bool there = atomic_load(&worker->life) != LIFE_NONE;
        if (there ? !relaxed(&worker->parked) : i < pool->wanted) return false;
    }
    return true;
}

/* There is work, so nobody sleeps long: if all do, again and again after they were woken to look, it can't be found any
 * more. Woken is everybody, whatever the marks say that tell who sleeps. A stopped worker does not sleep again. */
static const char *stalled(struct forkpool *pool, int64_t now)
{
    struct shared *shared = pool->shared;
    if (!jobs_outstanding(pool)) pool->nudges = 0;
    if (!jobs_outstanding(pool) || now - pool->nudged_at < NUDGE_NS) return NULL;
    pool->nudged_at = now;
    jobs_settle(pool);
    pool->nudges = jobs_outstanding(pool) && all_parked(pool) ? pool->nudges + 1 : 0;
    if (pool->nudges > NUDGES_MOST) return "what is to run next";
    for (uint32_t i = 0; i < shared->capacity; i++) {
        atomic_store(&shared->workers[i].parked, 0);
        futex_wake(&shared->workers[i].parked, 1);
    }
    return NULL;
}

const char *sound_look(struct forkpool *pool, int64_t now)
{
    const char *what = NULL;
    if (!pool_marked(pool)) return "the heads of the protocol";
    if (atomic_load(&pool->shared->wanted) != pool->wanted) return "how many workers are wanted";
    for (unsigned i = 0; !what && i < QUEUES; i++) what = queue_unsound(pool->shared, i);
    if (!what && !(what = jobs_unsound(pool))) what = stalled(pool, now);
    return what;
}
