/* SPDX-License-Identifier: MIT */
/* pool.h: the program's private side of a pool. Every function here that takes a pool expects its lock to be held,
 * unless it says otherwise. */
#ifndef FORKPOOL_POOL_H
#define FORKPOOL_POOL_H

#include "shared.h"
#include "system.h"

/* ---- arena.c: memory shared with the workers, given out by the program alone ----
 * All records about it are private, so a task that writes beyond its buffer does not damage them. Nothing else of a
 * pool is needed for it. Not safe across threads: the caller locks. */

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

/* ---- jobs ---- */

enum job_kind { JOB_TASK, JOB_MAP, JOB_KINDS };
/* What tasks and maps do differently. */
struct job_actions {
    bool (*settle)(struct forkpool_job *job);            /* takes the outcome over if there is one: ended? */
    bool (*started)(const struct forkpool_job *job);
    bool (*cancel)(struct forkpool_job *job, int kill);  /* false: it has ended */
    void (*free)(struct forkpool_job *job);              /* what it owns besides blocks of the arena */
};

/* A lost range of a range map that runs again. */
struct redo {
    size_t begin, end;
    unsigned attempts;
};

struct map_job {
    struct forkpool_map asked;
    size_t base;                /* of the tasks that run now: all, or a redo's */
    struct work work;           /* with staged arrays */
    void *staged_context, *staged_input, *staged_output, *staged_status; /* arena blocks, NULL where used in place */
    unsigned char *attempts;    /* of lost items; NULL without retries */
    struct redo *redos;         /* range maps: still to run again */
    size_t redo_count;
    unsigned redo_attempts;     /* of what runs now */
    bool cancelled;
    uint32_t lost, limit, killed, skipped; /* so far, beside what runs again */
    int failed;
};

struct forkpool_job { /* the first line is all that a plain call needs, a task needs the second; what is not set there is garbage */
    alignas(64) struct forkpool *pool;
    struct forkpool_job *next;  /* in the free list or among finished callbacks */
    uint64_t id;
    union {
        long value;             /* JOB_TASK: argument, then result of a KIND_CALL */
        struct map_job *map;    /* JOB_MAP; NULL: none */
    };
    forkpool_task_fn *task;     /* NULL: a call */
    int place;                  /* slot or map number; -1: none now */
    int status, task_status;    /* once ended */
    unsigned retries;
    unsigned char kind;         /* enum job_kind */
    bool ended : 1, released : 1, callback_due : 1, limited : 1, urgent : 1;
    bool hidden : 1;            /* an iterator's, not counted as a job */
    bool repeatable : 1;        /* it may have to run again: the pool must not drain before it has ended */
    bool calls_back : 1;        /* done, failed, user are set */
    bool has_blocks : 1;        /* a task of whose blocks one lies in the arena */
    alignas(64) forkpool_done_fn *done, *failed;
    void *user;
    void *argument_block, *result_block; /* arena blocks that are the job's */
    void *result, *result_at;   /* once ended; where the task writes it. The slot says so too, but a task can write there */
    size_t result_bytes;
    unsigned char small[SLOT_INLINE]; /* a small result, out of the slot */
};

/* Jobs are taken from blocks, which only forkpool_delete gives back. */
enum { JOBS_IN_BLOCK = 32 };
struct job_block {
    struct job_block *next;
    struct forkpool_job jobs[JOBS_IN_BLOCK];
};

struct forkpool {
    volatile unsigned char *owner; /* a mark (system.h); wiped in a child of the program */
    volatile unsigned char *guard; /* the same of a worker */
    struct hand *hands;            /* [capacity]; the server's, read once it is dead. Not mapped in workers */
    struct shared *shared;
    pthread_mutex_t lock;
    bool alone;                    /* the lock is held without being taken: there is one thread */
    pid_t program, server;
    int control_fd;
    int64_t checked_at;
    int64_t yielded_ns, offer_after_ns; /* spent in yielding to nobody; how much of it is too much: wait.c */
    bool closed, terminated, server_gone, server_reaped;
    struct arena arena;
    struct forkpool_job **slot_jobs;  /* [slot_count] */
    uint32_t *free_slots, free_count;
    struct forkpool_job *map_jobs[MAPS];
    struct job_block *blocks;          /* all jobs there are */
    struct forkpool_job *spare;        /* free list */
    struct forkpool_job *done_first, **done_last; /* callbacks to run */
    unsigned callbacks, repeatable, iterators;    /* outstanding jobs with callbacks; jobs that may run again */
    unsigned limited;
    struct notifier *notifier;     /* NULL: nobody asked for a descriptor */
    uint64_t callbacks_ran;
    uint64_t next_id, head_seen[QUEUES]; /* head_seen: of the rings, looked at anew only where one would be full */
    uint64_t submitted, ended, failed, lost, cancelled;
    uint32_t wanted;               /* workers */
    const struct job_actions *actions[JOB_KINDS];
    int64_t kill_at;               /* the server was told to end: it is killed then; 0 */
    uint32_t looked_slot;          /* pool_server.c */
    unsigned nudges;
    int64_t nudged_at;
    bool broken;                   /* by the program: a task has damaged what the workers share */
    char reason[REASON];           /* why the pool gave up, as last copied from where tasks can write */
    const char **cpus_copy;        /* and behind it the texts */
};

/* No thread begins or is joined while the lock is held, so what lock finds, unlock finds. */
static inline void pool_lock(struct forkpool *pool)
{
    if (single_threaded()) pool->alone = true;
    else pthread_mutex_lock(&pool->lock);
}
static inline void pool_unlock(struct forkpool *pool)
{
    if (pool->alone) pool->alone = false;
    else pthread_mutex_unlock(&pool->lock);
}
static inline bool pool_foreign(const struct forkpool *pool) { return mark_foreign(pool->owner, pool->program); }

/* pool_server.c */
void pool_tell_end(struct forkpool *pool); /* the server is to end at once, and is killed where it does not in time */
void pool_break(struct forkpool *pool, const char *what); /* a task has written over that: the pool gives up */
void pool_poke(struct forkpool *pool);     /* the server looks at the commands; lock not needed */
void pool_recall(struct forkpool *pool);   /* retired workers come back; lock not needed */
bool pool_gone(struct forkpool *pool);     /* the server has ended: nothing will end any more */
void pool_drain_if_due(struct forkpool *pool);
/* Is the mark behind the heads of the protocol untouched? */
static inline bool pool_marked(const struct forkpool *pool) { return pool->shared->mark == pool->shared->mark_set; }
/* 0, or why nothing may be submitted. */
static inline int pool_refusal(const struct forkpool *pool)
{
    if (pool->closed || relaxed(&pool->shared->interrupts)) return FORKPOOL_CLOSED;
    return relaxed(&pool->shared->error) || pool->server_gone ? FORKPOOL_BROKEN : 0;
}

void pool_reap(struct forkpool *pool);     /* its end is near: waits for it; without the lock */
/* Looks, now and then, whether somebody killed or stopped the server, and whether a task has written over what tells
 * jobs apart: then the pool is broken. */
void pool_check(struct forkpool *pool);
/* stats.c */
extern _Thread_local char pool_why_not[REASON]; /* of forkpool_open, in this thread; "" */

/* wait.c: waits, without the lock held, until `ready` (called with it) returns non-zero, and returns that, or
 * -ETIMEDOUT. `sleeping` is true when the caller is about to sleep: ready marks what is to wake it. Runs callbacks.
 * `slot`: where the end of one slot's task is what matters: while it spins it looks there. The slot may be another task's
 * by then: that is only a hint. NULL: no such. */
typedef int wait_ready(struct forkpool *pool, void *what, bool sleeping);
int wait_for(struct forkpool *pool, const struct slot *slot, wait_ready *ready, void *what, int64_t timeout_ns);
/* The same for what takes a process's start or end: sleeps at once, since these need the cpu. */
int wait_long(struct forkpool *pool, wait_ready *ready, void *what, int64_t timeout_ns);
/* Until there is `room` (1; 0: not yet; negative: why nothing may be submitted). 0: the lock is held; or why not. */
int wait_for_room(struct forkpool *pool, wait_ready *room, void *what);
int callbacks_run(struct forkpool *pool);  /* without the lock; none where this thread is in one already */
bool callback_runs(const struct forkpool *pool); /* in this thread */

void notifier_close(struct forkpool *pool); /* without the lock */

/* job.c */
bool jobs_more(struct forkpool *pool);                 /* one block more; false: no memory */
static inline struct forkpool_job *job_new(struct forkpool *pool, enum job_kind kind)
{
    if (__builtin_expect(!pool->spare, 0) && !jobs_more(pool)) return NULL;
    struct forkpool_job *job = pool->spare;
    pool->spare = job->next;
    job->kind = (unsigned char)kind;
    job->id = ++pool->next_id;
    job->place = -1;
    job->ended = job->released = job->callback_due = job->limited = job->hidden = job->urgent = job->repeatable = false;
    job->calls_back = job->has_blocks = false;
    job->status = job->task_status = 0;
    job->retries = 0;
    job->task = NULL;
    if (kind == JOB_MAP) job->map = NULL;
    else job->value = 0;
    return job;
}
static inline void job_calls_back(struct forkpool_job *job, forkpool_done_fn *done, forkpool_done_fn *failed, void *user)
{
    if (!done && !failed) return;
    job->calls_back = true;
    job->done = done;
    job->failed = failed;
    job->user = user;
    job->pool->callbacks++;
}
void job_free_memory(struct forkpool_job *job);
/* Frees what it owns; the handle goes to the free list. */
static inline void job_delete(struct forkpool_job *job)
{
    struct forkpool *pool = job->pool;
    if (__builtin_expect(job->has_blocks || job->kind == JOB_MAP, 0)) job_free_memory(job);
    job->next = pool->spare;
    pool->spare = job;
}
static inline const struct job_actions *job_actions(const struct forkpool_job *job) { return job->pool->actions[job->kind]; }
static inline bool job_settle(struct forkpool_job *job) { return job->ended || job_actions(job)->settle(job); }
static inline bool job_cancel(struct forkpool_job *job, int kill) { return !job_settle(job) && job_actions(job)->cancel(job, kill); }
void job_end(struct forkpool_job *job, int status, int task_status);
void job_mark(struct forkpool_job *job);               /* its end is to raise an event somebody sleeps for */
void jobs_settle(struct forkpool *pool);               /* all that are outstanding */
void slots_mark(struct forkpool *pool);                /* where no slot is free: the end of any job is to raise one */
void job_limits(struct forkpool_job *job, const struct forkpool_limits *limits, struct limits *shared);

/* submit.c */
extern const struct job_actions task_actions;
/* A piece of `work` (in shared memory) as a hidden task. 0, -EAGAIN, or another error. */
int piece_submit(struct forkpool *pool, const struct work *work, const struct forkpool_limits *limits, size_t begin,
                 size_t end, struct forkpool_job **job);

/* map.c */
extern const struct job_actions map_actions;
void map_free(struct forkpool_job *job);
/* stage.c: the arrays of an item map come into shared memory, and back. */
int stage_in(struct forkpool *pool, struct map_job *map);
void stage_out(struct map_job *map);
void stage_free(struct forkpool *pool, struct map_job *map);
int map_check(const struct forkpool_map *map); /* 0 or -EINVAL */

#endif
