/* SPDX-License-Identifier: MIT */
/* wait.c: the program waits. For some microseconds it spins, or yields where the workers need its cpu, since what it
 * waits for is often at hand; then it sleeps. Sleeps are cut into slices, between which it looks whether the server lives: a server killed by somebody
 * cannot wake anyone. */
#include <errno.h>
#include <sched.h>

#include "park.h"
#include "pool.h"
#include "queue.h"
#include "spread.h"

enum { SPIN_NS = 40000, SLICE_NS = 100000000, SPINS = 8 };
enum { YIELDED_NS = 2000, RAN_NS = 20000, OFFER_NS = 100000, OFFER_MOST_NS = 12800000 };

/* A callback under way in this thread. One that submits or waits runs no other: those stay for who called it, or a tree
 * of jobs would be as deep on the stack. */
struct calling {
    struct forkpool_job *job;
    bool counts;
    struct calling *outer; /* of another pool */
};
static _Thread_local struct calling *innermost;

bool callback_runs(const struct forkpool *pool)
{
    for (const struct calling *calling = innermost; calling; calling = calling->outer)
        if (calling->job->pool == pool) return true;
    return false;
}

/* It returned, or threw, or its thread ended in it. */
static void call_ended(struct calling *calling)
{
    struct forkpool *pool = calling->job->pool;
    innermost = calling->outer;
    pool_lock(pool);
    pool->callbacks_ran += calling->counts;
    calling->job->callback_due = false;
    if (calling->job->released) job_delete(calling->job);
    pool_unlock(pool);
}

static bool call_back(struct forkpool_job *job)
{
    forkpool_done_fn *call = job->status ? job->failed : job->done;
    __attribute__((cleanup(call_ended))) struct calling calling = {job, call != NULL, innermost};
    innermost = &calling;
    if (call) call(job, job->status, job->user);
    return call != NULL;
}

int callbacks_run(struct forkpool *pool)
{
    int count = 0;
    for (; !callback_runs(pool);) {
        pool_lock(pool);
        struct forkpool_job *job = pool->done_first;
        if (job && !(pool->done_first = job->next)) pool->done_last = &pool->done_first;
        pool_unlock(pool);
        if (!job) return count;
        count += call_back(job);
    }
    return 0;
}

static int look(struct forkpool *pool, wait_ready *ready, void *what, bool sleeping)
{
    pool_lock(pool);
    if (pool->callbacks || pool->repeatable) jobs_settle(pool);
    int answer = ready(pool, what, sleeping);
    bool callbacks = pool->done_first;
    if (!answer && sleeping) pool_check(pool);
    pool_unlock(pool);
    if (callbacks && callbacks_run(pool) && !answer) { /* they may have changed the answer */
        pool_lock(pool);
        answer = ready(pool, what, sleeping);
        pool_unlock(pool);
    }
    return answer;
}

static void awake(struct shared *const *shared) { event_leave(*shared); }

/* Sleeps until something ends, at most until `until`. */
static int sleep_once(struct forkpool *pool, wait_ready *ready, void *what, int64_t until)
{
    __attribute__((cleanup(awake))) struct shared *const shared = pool->shared; /* a callback may throw */
    event_enter(shared);
    uint32_t seen = atomic_load(&shared->event);
    int answer = look(pool, ready, what, true);
    int64_t left = until - now_ns();
    if (!answer && left > 0) futex_wait(&shared->event, seen, left < SLICE_NS ? left : SLICE_NS);
    return answer;
}

/* Yielding gives the cpu to a worker that waits for this very one. Where workers share the others instead, the system
 * may leave it so for long: this one is busy, with yielding. So after a while of that the cpu is offered; where that does
 * not help, less and less often. */
static void yield_cpu(struct forkpool *pool)
{
    int64_t since = now_ns();
    sched_yield();
    int64_t took = now_ns() - since;
    pool_lock(pool);
    pool->yielded_ns = took < YIELDED_NS ? pool->yielded_ns + took : 0;
    if (took >= RAN_NS || !pool->offer_after_ns) pool->offer_after_ns = OFFER_NS;
    bool offer = pool->yielded_ns > pool->offer_after_ns;
    if (offer) {
        pool->yielded_ns = 0;
        if (pool->offer_after_ns < OFFER_MOST_NS) pool->offer_after_ns *= 2;
    }
    pool_unlock(pool);
    if (offer) spread_offer(pool->shared);
}

static int wait_spinning(struct forkpool *pool, const struct slot *slot, wait_ready *ready, void *what,
                         int64_t timeout_ns, int64_t spin_ns)
{
    int answer = look(pool, ready, what, timeout_ns == 0);
    if (answer || timeout_ns == 0) return answer ? answer : -ETIMEDOUT;
    int64_t start = now_ns(), until = timeout_ns < 0 || timeout_ns > INT64_MAX - start ? INT64_MAX : start + timeout_ns;
    bool crowded = relaxed(&pool->shared->wanted) >= pool->shared->cpus;
    for (int64_t now = start; now < start + spin_ns && now < until; now = now_ns()) {
        if (crowded) yield_cpu(pool);
        else for (int i = 0; i < SPINS && !(slot && slot_ended(acquire(&slot->state))); i++) cpu_relax();
        if ((answer = look(pool, ready, what, false))) return answer;
    }
    while (!(answer = sleep_once(pool, ready, what, until))) {
        pthread_testcancel(); /* here nothing is held */
        if (now_ns() >= until) return -ETIMEDOUT;
    }
    return answer;
}

int wait_for(struct forkpool *pool, wait_ready *ready, void *what, int64_t timeout_ns)
{
    return wait_spinning(pool, NULL, ready, what, timeout_ns, SPIN_NS);
}

int wait_for_slot(struct forkpool *pool, const struct slot *slot, wait_ready *ready, void *what, int64_t timeout_ns)
{
    return wait_spinning(pool, slot, ready, what, timeout_ns, SPIN_NS);
}

int wait_long(struct forkpool *pool, wait_ready *ready, void *what, int64_t timeout_ns)
{
    return wait_spinning(pool, NULL, ready, what, timeout_ns, 0);
}
