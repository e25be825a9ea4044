/* wait.c: the program waits. For some microseconds it spins, or yields where the workers need its cpu, since what it
 * waits for is often at hand; then it sleeps. Sleeps are cut into slices, between which it looks whether the server lives: a server killed by somebody
 * cannot wake anyone. */
#include <errno.h>
#include <sched.h>

#include "park.h"
#include "pool.h"
#include "queue.h"

enum { SPIN_NS = 40000, SLICE_NS = 100000000, SPINS = 8, YIELDED_NS = 2000, YIELDS_NS = 100000 };

int callbacks_run(struct forkpool *pool)
{
    int count = 0;
    for (;;) {
        pool_lock(pool);
        struct forkpool_job *job = pool->done_first;
        if (job && !(pool->done_first = job->next)) pool->done_last = &pool->done_first;
        pool_unlock(pool);
        if (!job) return count;
        forkpool_done_fn *call = job->status ? job->failed : job->done;
        if (call) call(job, job->status, job->user), count++;
        pool_lock(pool);
        job->callback_due = false;
        if (job->released) job_delete(job);
        pool_unlock(pool);
    }
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

/* Sleeps until something ends, at most until `until`. */
static int sleep_once(struct forkpool *pool, wait_ready *ready, void *what, int64_t until)
{
    struct shared *shared = pool->shared;
    event_enter(shared);
    uint32_t seen = atomic_load(&shared->event);
    int answer = look(pool, ready, what, true);
    int64_t left = until - now_ns();
    if (!answer && left > 0) futex_wait(&shared->event, seen, left < SLICE_NS ? left : SLICE_NS);
    event_leave(shared);
    return answer;
}

/* Yielding gives the cpu to a worker that waits for this very one. Where all workers share the other cpus, the system
 * does not move them here as long as this one is busy, with yielding: so after a while of that, sleep. It ends soon. */
static bool nobody_yielded_to(struct forkpool *pool, int64_t since)
{
    int64_t took = now_ns() - since;
    pool_lock(pool);
    pool->yielded_ns = took < YIELDED_NS ? pool->yielded_ns + took : 0;
    bool idle = pool->yielded_ns > YIELDS_NS;
    if (idle) pool->yielded_ns = 0;
    pool_unlock(pool);
    return idle;
}

static int wait_spinning(struct forkpool *pool, const struct slot *slot, wait_ready *ready, void *what,
                         int64_t timeout_ns, int64_t spin_ns)
{
    int answer = look(pool, ready, what, timeout_ns == 0);
    if (answer || timeout_ns == 0) return answer ? answer : -ETIMEDOUT;
    int64_t start = now_ns(), until = timeout_ns < 0 ? INT64_MAX : start + timeout_ns;
    if (until < start) until = INT64_MAX;
    bool crowded = relaxed(&pool->shared->wanted) >= pool->shared->cpus;
    for (int64_t now = start; now < start + spin_ns && now < until; now = now_ns()) {
        if (crowded) sched_yield();
        else for (int i = 0; i < SPINS && !(slot && slot_ended(acquire(&slot->state))); i++) cpu_relax();
        if ((answer = look(pool, ready, what, false))) return answer;
        if (crowded && nobody_yielded_to(pool, now)) break;
    }
    while (!(answer = sleep_once(pool, ready, what, until)))
        if (now_ns() >= until) return -ETIMEDOUT;
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
