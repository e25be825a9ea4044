/* SPDX-License-Identifier: MIT */
/* worker.h: what a worker process is and does. Private to worker.c, task.c and mapper.c; the server calls worker_main. */
#ifndef FORKPOOL_WORKER_H
#define FORKPOOL_WORKER_H

#include "shared.h"
#include "system.h"

/* The process's own view; exists in workers alone. */
struct self {
    struct shared *shared;
    struct worker *own;
    unsigned me;
    volatile unsigned char *guard; /* a mark (system.h); wiped by the kernel in a child that a task forks */
    pid_t pid;                     /* this process; 0 where the mark is enough */
    uint64_t calls_left;           /* until the worker is recycled */
    uint64_t takes;                /* of the queues before they were last found empty with a map to look at */
    struct slot *slot;             /* the task that runs, or NULL */
    struct map *map;               /* the map that it is in, or NULL */
    char *scratch;                 /* its page for small arguments and results; NULL: not used yet */
    size_t result_bytes;           /* of the running task: what it says that it wrote */
    int64_t soft_at;               /* of the running call; 0 */
    unsigned base, top;            /* of its board: the running call's first child, and behind its last */
    int children_failed;           /* of those that ran at once; 0, or as children_sync */
};

/* In the server, for all workers to inherit: signals that the program caught get their default action back, as after
 * exec (faults keep their handlers); faults without a handler are noted before they strike; exit ends a worker's way. */
void worker_inheritance(void);

/* Runs in the new process, with all signals blocked; never returns. */
_Noreturn void worker_main(struct shared *shared, unsigned me, pid_t server, volatile unsigned char *guard,
                           const int *close_fds, size_t close_count);

/* After each call of a user's function. A child that a task forked, and that came back from the task, ends here. */
static inline void worker_check(const struct self *self)
{
    if (mark_foreign(self->guard, self->pid)) _exit(0);
}

/* Around a call that has limits. worker_limited_end does not return to a worker that was condemned. */
void worker_limited_begin(struct self *self, const struct limits *limits);
void worker_limited_end(struct self *self);
/* Condemned: waits for the server's SIGKILL, and no longer than that takes. */
_Noreturn void worker_doomed(void);

/* Must it leave between tasks? */
static inline bool worker_leaving(const struct self *self)
{
    return relaxed(&self->own->retire) || !self->calls_left;
}
/* A call of a user's function has returned. */
static inline void worker_count(struct self *self)
{
    atomic_store_explicit(&self->own->calls, relaxed(&self->own->calls) + 1, memory_order_relaxed);
    self->calls_left--;
}

void task_run(struct self *self, struct slot *slot);     /* task.c: a claimed slot */
/* mapper.c: what there is to do in an active map. False: left early, for a task in the queue or for good. */
bool mapper_run(struct self *self, unsigned map);
int work_call(struct self *self, const struct work *work, size_t begin, size_t end); /* one call, or items one by one */

/* ---- children.c: work that a task offers to the pool that it runs in ----
 * Each worker has a board of a few entries. The task puts a child up and goes on; an idle worker, or one that waits for
 * a child of its own, takes it by one swap of the entry's word, which names it. Who waits runs what nobody has taken,
 * then helps the worker that has its child (so its stack grows no further than its own task's would), then sleeps. So a
 * wait ends without any other worker, and a lost wake-up costs time alone. A full board runs the child at once.
 * An entry's generation changes when it is given back: a worker whose parent has died finds its outcome unwanted.
 */
struct call {
    forkpool_range_fn *run;
    void *context;
    size_t begin, end;
};

void children_spawn(struct self *self, const struct call *call);
/* Waits for all that the running call has put up. 0, FORKPOOL_FAILED, or FORKPOOL_LOST. */
int children_sync(struct self *self);
/* A call of the user's has returned `status`: what it has put up ends first, and tells where it did not. */
static inline int children_end(struct self *self, int status)
{
    if (__builtin_expect(!self->top && !self->children_failed, 1)) return status;
    int children = children_sync(self);
    return status ? status : children;
}
/* W without work: runs one that another worker has put up. */
bool children_help(struct self *self);
/* S: the worker is dead: its children are not wanted, those that it ran are lost. */
void children_forget(struct shared *shared, unsigned dead);

#endif
