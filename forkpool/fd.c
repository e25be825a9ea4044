/* SPDX-License-Identifier: MIT */
/* fd.c: a descriptor for event loops. A thread of the program turns the word that workers raise into an eventfd. Workers
 * have no descriptor of it: a task may close what it finds. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "park.h"
#include "pool.h"

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

static void stop(struct notifier *notifier)
{
    atomic_store(&notifier->stop, true);
    event_raise(notifier->pool->shared);
    pthread_join(notifier->thread, NULL);
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

static void notifier_free(struct notifier *notifier)
{
    close(notifier->fd);
    free(notifier);
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
    if (fresh) { /* another thread was first */
        stop(fresh);
        notifier_free(fresh);
    }
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
    if (!pool_foreign(pool)) stop(pool->notifier); /* a child of the program has no such thread */
    notifier_free(pool->notifier);
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

struct ran {
    uint64_t before;
};

static int callback_ran(struct forkpool *pool, void *what, bool sleeping)
{
    const struct ran *ran = what;
    (void)sleeping;
    jobs_settle(pool);
    if (pool->callbacks_ran != ran->before) return 1;
    return !pool->callbacks && !pool->done_first; /* none is to come */
}

int forkpool_poll_wait(struct forkpool *pool, int64_t timeout_ns)
{
    if (pool_foreign(pool)) return FORKPOOL_FORKED;
    if (callback_runs(pool)) return -EDEADLK;
    notifier_drain(pool);
    pool_lock(pool);
    struct ran ran = {pool->callbacks_ran};
    pool_unlock(pool);
    int rc = wait_for(pool, callback_ran, &ran, timeout_ns);
    if (rc < 0) return rc;
    pool_lock(pool);
    uint64_t count = pool->callbacks_ran - ran.before;
    pool_unlock(pool);
    return count < INT32_MAX ? (int)count : INT32_MAX;
}
