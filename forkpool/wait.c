/* SPDX-License-Identifier: MIT */
/* wait.c: the program waits, or an event loop of its own does, on a descriptor. For some microseconds it spins, or yields where the workers need its cpu, since what it
 * waits for is often at hand; then it sleeps. Sleeps are cut into slices, between which it looks whether the server lives: a server killed by somebody
 * cannot wake anyone. */
#include "pool.h"

#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>

#include "park.h"
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

int wait_for(struct forkpool *pool, const struct slot *slot, wait_ready *ready, void *what, int64_t timeout_ns)
{
    return wait_spinning(pool, slot, ready, what, timeout_ns, SPIN_NS);
}

int wait_long(struct forkpool *pool, wait_ready *ready, void *what, int64_t timeout_ns)
{
    return wait_spinning(pool, NULL, ready, what, timeout_ns, 0);
}

int wait_for_room(struct forkpool *pool, wait_ready *room, void *what)
{
    for (;;) {
        pool_lock(pool);
        int answer = room(pool, what, false);
        if (answer > 0) return 0;
        pool_unlock(pool);
        if (answer < 0) return answer;
        if (pool->shared->config.would_block) return -EAGAIN;
        wait_for(pool, NULL, room, what, FORKPOOL_FOREVER);
    }
}

/* ---- A descriptor for event loops ----
 * A thread of the program turns the word that workers raise into an eventfd. Workers have no descriptor of it: a task may
 * close what it finds. */

enum { GLANCE_NS = 500000000 }; /* how often the thread looks whether somebody killed the server */

struct notifier {
    struct forkpool *pool;
    int fd;
    pthread_t thread;
    _Atomic bool stop;
    uint32_t seen; /* the event that the eventfd tells of so far */
};

static void make_readable(const struct notifier *notifier)
{
    while (eventfd_write(notifier->fd, 1) && errno == EINTR) {} /* full: readable it is */
}

static void *notify(void *argument)
{
    struct notifier *notifier = argument;
    struct forkpool *pool = notifier->pool;
    bool gone = false;
    while (!atomic_load(&notifier->stop)) {
        int rc = futex_wait(&pool->shared->event, notifier->seen, GLANCE_NS);
        uint32_t now = atomic_load(&pool->shared->event);
        if (now != notifier->seen) make_readable(notifier);
        notifier->seen = now;
        if (rc != -ETIMEDOUT || gone) continue;
        pool_lock(pool);
        pool_check(pool);
        gone = pool_gone(pool);
        pool_unlock(pool);
        if (gone) make_readable(notifier);
    }
    event_leave(pool->shared);
    return NULL;
}

/* In a child of the program there is no such thread. */
static void notifier_end(struct notifier *notifier)
{
    if (!pool_foreign(notifier->pool)) {
        atomic_store(&notifier->stop, true);
        event_raise(notifier->pool->shared);
        pthread_join(notifier->thread, NULL);
    }
    close(notifier->fd);
    free(notifier);
}

/* 0 or -errno. The thread takes no signal: handlers of the program run in the program's own. */
static int notifier_open(struct forkpool *pool, struct notifier **result)
{
    struct notifier *notifier = calloc(1, sizeof *notifier);
    if (!notifier) return -ENOMEM;
    notifier->pool = pool;
    notifier->fd = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK); /* something may have ended already */
    int rc = notifier->fd < 0 ? -errno : 0;
    event_enter(pool->shared); /* here, not in the thread: what ends before it first runs is not missed */
    notifier->seen = atomic_load(&pool->shared->event);
    sigset_t all, mask;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &mask);
    if (!rc) rc = -pthread_create(&notifier->thread, NULL, notify, notifier);
    pthread_sigmask(SIG_SETMASK, &mask, NULL);
    if (!rc) {
        *result = notifier;
        return 0;
    }
    event_leave(pool->shared);
    if (notifier->fd >= 0) close(notifier->fd);
    free(notifier);
    return rc;
}

int forkpool_fd(struct forkpool *pool)
{
    NOT_CANCELLED;
    if (pool_foreign(pool)) return FORKPOOL_FORKED;
    struct notifier *fresh = NULL;
    pool_lock(pool);
    bool there = pool->notifier;
    pool_unlock(pool);
    int rc = there ? 0 : notifier_open(pool, &fresh);
    if (rc) return rc;
    pool_lock(pool);
    if (!pool->notifier) {
        pool->notifier = fresh;
        fresh = NULL;
        for (uint32_t i = 0; i < pool->shared->slot_count; i++)
            if (pool->slot_jobs[i]) job_mark(pool->slot_jobs[i]);
    }
    int fd = pool->notifier->fd;
    pool_unlock(pool);
    if (fresh) notifier_end(fresh); /* another thread was first */
    return fd;
}

/* The descriptor is not readable until something ends. Without the lock. */
static void notifier_drain(struct forkpool *pool)
{
    eventfd_t count;
    pool_lock(pool);
    const struct notifier *notifier = pool->notifier;
    pool_unlock(pool);
    while (notifier && eventfd_read(notifier->fd, &count) && errno == EINTR) {}
}

void notifier_close(struct forkpool *pool)
{
    if (!pool->notifier) return;
    notifier_end(pool->notifier);
    pool->notifier = NULL;
}

int forkpool_poll(struct forkpool *pool)
{
    if (pool_foreign(pool)) return FORKPOOL_FORKED;
    notifier_drain(pool); /* first: what ends from here on makes it readable again */
    pool_lock(pool);
    pool_check(pool);
    if (pool->callbacks || pool->repeatable || pool->closed) jobs_settle(pool);
    pool_unlock(pool);
    return callbacks_run(pool);
}

static int callback_ran(struct forkpool *pool, void *before, bool sleeping)
{
    (void)sleeping;
    jobs_settle(pool);
    if (pool->callbacks_ran != *(const uint64_t *)before) return 1;
    return !pool->callbacks && !pool->done_first; /* none is to come */
}

int forkpool_poll_wait(struct forkpool *pool, int64_t timeout_ns)
{
    if (pool_foreign(pool)) return FORKPOOL_FORKED;
    if (callback_runs(pool)) return -EDEADLK;
    notifier_drain(pool);
    pool_lock(pool);
    uint64_t before = pool->callbacks_ran;
    pool_unlock(pool);
    int rc = wait_for(pool, NULL, callback_ran, &before, timeout_ns);
    if (rc < 0) return rc;
    pool_lock(pool);
    uint64_t count = pool->callbacks_ran - before;
    pool_unlock(pool);
    return count < INT32_MAX ? (int)count : INT32_MAX;
}
