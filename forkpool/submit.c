/* SPDX-License-Identifier: MIT */
/* submit.c: one task at a time. */
#include "pool.h"

#include "park.h"
#include "queue.h"

enum { AHEAD = 8 }; /* the slots of so many further tasks come from the workers' cpus meanwhile */

static struct slot *slot_of(const struct forkpool_job *job) { return &job->pool->shared->slots[job->place]; }

static inline unsigned queue_of(bool urgent) { return urgent ? URGENT : ORDINARY; }

static inline bool ring_has_room(struct forkpool *pool, unsigned queue)
{
    /* Entries of cancelled tasks stay until a worker comes by; a slot that is ready has one entry that counts. */
    const struct queue *at = &pool->shared->queues[queue];
    uint64_t tail = relaxed(&at->tail), size = 2 * (uint64_t)pool->shared->slot_count;
    if (tail - pool->head_seen[queue] >= size) pool->head_seen[queue] = acquire(&at->head);
    return tail - pool->head_seen[queue] < size;
}

/* The slot is filled: it joins a queue, and then whoever sleeps is to look there. */
static inline void put(struct forkpool_job *job)
{
    bool waited = job->calls_back || job->hidden || job->pool->notifier;
    queue_put(job->pool->shared, queue_of(job->urgent), (uint32_t)job->place, waited ? SLOT_WAITED : 0);
}
static inline void wake(struct forkpool *pool)
{
    queue_put_all(pool->shared);
    park_wake_one(pool->shared); /* who finds more than one task wakes another */
    if (__builtin_expect(atomic_load(&pool->shared->retired) != 0, 0)) pool_recall(pool);
}
static inline void start(struct forkpool_job *job)
{
    put(job);
    wake(job->pool);
}

static void slot_leave(struct forkpool_job *job)
{
    struct forkpool *pool = job->pool;
    queue_free(slot_of(job));
    pool->slot_jobs[job->place] = NULL;
    pool->free_slots[pool->free_count++] = (uint32_t)job->place;
}

static void take_result(struct forkpool_job *job, struct slot *slot)
{
    if (!job->task) {
        job->value = slot->value;
        return;
    }
    if (slot->result_bytes < job->result_bytes) job->result_bytes = slot->result_bytes; /* a task says so; or damages itself */
    if (job->result) return;
    job->result = job->result_block ? job->result_block : job->small;
    if (!job->result_block) memcpy(job->small, job->result_at, job->result_bytes);
}

static void value_reset(struct forkpool_job *job, struct slot *slot)
{
    if (!job->task) {
        slot->value = job->value;
        return;
    }
    slot->result_bytes = job->result_bytes;
    if (job->result_bytes && !slot->staged) memset(job->result_at, 0, job->result_bytes);
}

static bool run_again(struct forkpool_job *job)
{
    struct slot *slot = slot_of(job);
    if (!job->retries || pool_gone(job->pool)) return false;
    if (!ring_has_room(job->pool, queue_of(job->urgent))) return true; /* at the next look: workers take cancelled tasks' entries away */
    job->retries--;
    value_reset(job, slot);
    queue_free(slot);
    start(job);
    return true;
}

static int outcome(struct forkpool_job *job, uint64_t state)
{
    struct shared *shared = job->pool->shared;
    switch (slot_phase(state)) {
    case SLOT_DONE: return slot_of(job)->status ? FORKPOOL_FAILED : 0;
    case SLOT_LOST: return FORKPOOL_LOST;
    case SLOT_LIMIT: return FORKPOOL_LIMIT;
    case SLOT_CANCELLED: return FORKPOOL_CANCELLED;
    case SLOT_FREE: case SLOT_READY: case SLOT_RUNNING: case SLOT_CONDEMNED: break;
    }
    return atomic_load(&shared->error) ? FORKPOOL_BROKEN : FORKPOOL_CANCELLED;
}

static bool task_settle(struct forkpool_job *job)
{
    if (job->place < 0) return job->ended;
    struct slot *slot = slot_of(job);
    uint64_t state = acquire(&slot->state);
    if (__builtin_expect(slot_phase(state) > SLOT_CANCELLED, 0)) pool_break(job->pool, "the record of a task");
    if (!slot_ended(state)) {
        if (!pool_gone(job->pool)) return false;
        state = acquire(&slot->state); /* once more: what ended before the server did counts */
    }
    int status = outcome(job, state), task_status = status == FORKPOOL_FAILED ? slot->status : 0;
    if (status == FORKPOOL_LOST && run_again(job)) return false;
    if (!status) take_result(job, slot);
    slot_leave(job);
    job_end(job, status, task_status);
    return true;
}

static bool task_started(const struct forkpool_job *job)
{
    return slot_phase(acquire(&slot_of(job)->state)) != SLOT_READY;
}

/* False: it does not run any more. */
static bool tell_to_stop(struct slot *slot)
{
    uint64_t state = atomic_load(&slot->state);
    while (!slot_ended(state))
        if (atomic_compare_exchange_weak(&slot->state, &state, state | SLOT_STOP)) return true;
    return false;
}

static bool task_cancel(struct forkpool_job *job, int kill)
{
    struct shared *shared = job->pool->shared;
    struct slot *slot = slot_of(job);
    job->retries = 0;
    if (slot_turn(slot, SLOT_READY, SLOT_CANCELLED)) return job_settle(job);
    if (!kill) return tell_to_stop(slot);
    if (slot_turn(slot, SLOT_RUNNING, SLOT_CONDEMNED)) {
        unsigned worker = slot_worker(acquire(&slot->state)); /* as a task may have left it */
        if (worker < shared->capacity) atomic_store(&shared->workers[worker].kill, (uint32_t)job->place + 1);
        pool_poke(job->pool);
    }
    return !slot_ended(acquire(&slot->state)) || slot_phase(acquire(&slot->state)) == SLOT_CANCELLED;
}

const struct job_actions task_actions = {task_settle, task_started, task_cancel, NULL};

void slots_mark(struct forkpool *pool)
{
    if (pool->free_count) return;
    for (uint32_t i = 0; i < pool->shared->slot_count; i++)
        if (pool->slot_jobs[i]) job_mark(pool->slot_jobs[i]);
    jobs_settle(pool); /* one may have ended before it was marked */
}

static int room(struct forkpool *pool, void *queue, bool sleeping)
{
    int refused = pool_refusal(pool); /* read once: forkpool_interrupt needs no lock */
    if (refused) return refused;
    if (!pool->free_count) jobs_settle(pool);
    if (sleeping) slots_mark(pool);
    return pool->free_count && ring_has_room(pool, *(const unsigned *)queue);
}

/* Lock held on success: there is a free slot. */
static inline int wait_for_free_slot(struct forkpool *pool, unsigned queue)
{
    pool_lock(pool);
    if (__builtin_expect(!pool_refusal(pool) && pool->free_count && ring_has_room(pool, queue), 1)) return 0;
    pool_unlock(pool);
    return wait_for_room(pool, room, &queue);
}

/* A job in a slot, with everything common filled in. */
static inline struct forkpool_job *job_in_slot(struct forkpool *pool, struct slot **slot)
{
    struct forkpool_job *job = job_new(pool, JOB_TASK);
    if (!job) return NULL;
    uint32_t number = pool->free_slots[--pool->free_count];
    job->place = (int)number;
    pool->slot_jobs[number] = job;
    *slot = &pool->shared->slots[number];
    if (pool->free_count >= AHEAD) prefetch_to_write(&pool->shared->slots[pool->free_slots[pool->free_count - AHEAD]]);
    (*slot)->job = job->id;
    (*slot)->limited = false;
    (*slot)->status = 0;
    return job;
}

struct forkpool_job *forkpool_async(struct forkpool *pool, forkpool_call_fn *call, long argument)
{
    int rc = pool_foreign(pool) ? FORKPOOL_FORKED : wait_for_free_slot(pool, ORDINARY);
    if (rc) {
        errno = rc > -4096 ? -rc : ECANCELED;
        return NULL;
    }
    struct slot *slot;
    struct forkpool_job *job = job_in_slot(pool, &slot);
    if (job) {
        job->value = argument;
        slot->kind = KIND_CALL;
        slot->run.call = call;
        slot->value = argument;
        pool->submitted++;
        start(job);
    }
    pool_unlock(pool);
    if (!job) errno = ENOMEM;
    return job;
}

/* Where argument and result of a task lie. False: no room in the arena. */
static bool place_blocks(struct forkpool_job *job, const struct forkpool_task *task, struct slot *slot)
{
    struct arena *arena = &job->pool->arena;
    bool shared_argument = !task->argument_bytes || arena_has(arena, task->argument);
    size_t argument = shared_argument ? 0 : (task->argument_bytes + 15) / 16 * 16;
    size_t result = task->result ? 0 : task->result_bytes;
    bool small_argument = argument <= SLOT_INLINE, small_result = result <= SLOT_INLINE;
    if (small_argument && small_result && argument + result > SLOT_INLINE) small_argument = false;
    job->argument_block = job->result_block = NULL;
    job->has_blocks = !small_argument || !small_result;
    if (!small_argument && !(job->argument_block = arena_take(arena, argument))) return false;
    if (!small_result && !(job->result_block = arena_take(arena, result))) return false;
    void *copy = small_argument ? slot->bytes : job->argument_block;
    if (!shared_argument) memcpy(copy, task->argument, task->argument_bytes);
    slot->argument = shared_argument ? task->argument : copy;
    slot->argument_bytes = task->argument_bytes;
    slot->result = task->result ? task->result : small_result ? slot->bytes + (small_argument ? argument : 0)
                                                              : job->result_block;
    slot->result_bytes = task->result_bytes;
    slot->staged = result && result <= STAGED_MOST;
    job->result = task->result;
    job->result_at = slot->result;
    job->result_bytes = task->result_bytes;
    return true;
}

static void fill_limits(struct forkpool_job *job, struct slot *slot, const struct forkpool_limits *limits)
{
    job->retries = limits->retries;
    slot->limited = (limits->soft_ns | limits->hard_ns | limits->cpu_ns) != 0;
    if (slot->limited) job_limits(job, limits, &slot->limits);
    if (limits->retries) {
        job->repeatable = true;
        job->pool->repeatable++;
    }
}

/* There is a free slot. The task joins its queue; nobody is woken. */
static int task_put(struct forkpool *pool, const struct forkpool_task *task, struct forkpool_job **result)
{
    struct slot *slot;
    struct forkpool_job *job = job_in_slot(pool, &slot);
    if (!job || !place_blocks(job, task, slot)) {
        if (job) {
            slot_leave(job);
            job_delete(job);
        }
        return -ENOMEM;
    }
    job->task = slot->run.task = task->run;
    slot->kind = KIND_TASK;
    job_calls_back(job, task->done, task->failed, task->user);
    job->urgent = task->urgent;
    fill_limits(job, slot, &task->limits);
    pool->submitted++;
    *result = job;
    put(job);
    return 0;
}

/* As many as there is room for, at least one. */
static int tasks_put(struct forkpool *pool, const struct forkpool_task *tasks, size_t count, struct forkpool_job **jobs,
                     size_t *taken)
{
    int rc = wait_for_free_slot(pool, queue_of(tasks[*taken].urgent));
    if (rc) return rc;
    do {
        rc = task_put(pool, &tasks[*taken], &jobs[*taken]);
        *taken += !rc;
    } while (!rc && *taken < count && pool->free_count && ring_has_room(pool, queue_of(tasks[*taken].urgent)));
    wake(pool);
    pool_unlock(pool);
    return rc;
}

int forkpool_submit_many(struct forkpool *pool, const struct forkpool_task *tasks, size_t count, struct forkpool_job **jobs)
{
    if (pool_foreign(pool)) return FORKPOOL_FORKED;
    for (size_t i = 0; i < count; i++) { /* before any of them runs */
        jobs[i] = NULL;
        if (!tasks[i].run || (!tasks[i].argument && tasks[i].argument_bytes)) return -EINVAL;
    }
    int rc = 0;
    for (size_t taken = 0; !rc && taken < count;) rc = tasks_put(pool, tasks, count, jobs, &taken);
    return rc;
}

int forkpool_submit(struct forkpool *pool, const struct forkpool_task *task, struct forkpool_job **job)
{
    return forkpool_submit_many(pool, task, 1, job);
}

int piece_submit(struct forkpool *pool, const struct work *work, const struct forkpool_limits *limits, size_t begin,
                 size_t end, struct forkpool_job **result)
{
    int refused = pool->shared->error ? FORKPOOL_BROKEN : pool->terminated || pool_gone(pool) ? FORKPOOL_CANCELLED : 0;
    if (refused) return refused;
    if (!pool->free_count) jobs_settle(pool);
    if (!pool->free_count || !ring_has_room(pool, ORDINARY)) return -EAGAIN;
    struct slot *slot;
    struct forkpool_job *job = job_in_slot(pool, &slot);
    if (!job) return -ENOMEM;
    job->hidden = true;
    slot->kind = KIND_PIECE;
    slot->run.work = work;
    slot->begin = begin;
    slot->end = end;
    fill_limits(job, slot, &(struct forkpool_limits){limits->soft_ns, limits->hard_ns, limits->cpu_ns, 0});
    start(job);
    *result = job;
    return 0;
}

int forkpool_call(struct forkpool *pool, const struct forkpool_task *task, void *result, int64_t timeout_ns)
{
    NOT_CANCELLED;
    struct forkpool_job *job;
    int rc = forkpool_submit(pool, task, &job);
    if (rc) return rc;
    rc = forkpool_wait(job, timeout_ns);
    if (!rc) rc = forkpool_status(job);
    if (!rc && !task->result && result) rc = forkpool_get(job, result, job->result_bytes, 0);
    forkpool_release(job);
    return rc;
}
