/* SPDX-License-Identifier: MIT */
/* park.c: see park.h. */
#include "park.h"

#include <errno.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "queue.h"
#include "system.h"

enum { SPIN_NS = 50000, SPINS_PER_LOOK = 32, GLANCES = 16, GATHER = 128, UNFENCED_NS = 1000000, ALONE_NS = 1000000000 };

int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int futex_wait(_Atomic uint32_t *word, uint32_t value, int64_t timeout_ns)
{
    struct timespec timeout = timespec_of(timeout_ns);
    return syscall(futex_number(), word, FUTEX_WAIT, value, timeout_ns < 0 ? NULL : &timeout, NULL, 0) ? -errno : 0;
}

int futex_wake(_Atomic uint32_t *word, int count)
{
    return (int)syscall(futex_number(), word, FUTEX_WAKE, count, NULL, NULL, 0);
}

void park_wake(struct shared *shared, unsigned worker)
{
    mask_clear(shared->parked, worker);
    STEP();
    if (atomic_exchange(&shared->workers[worker].parked, 0)) futex_wake(&shared->workers[worker].parked, 1);
}

void park_wake_parked(struct shared *shared, unsigned word)
{
    for (; word < mask_words(shared); word++)
        for (uint64_t bits; (bits = atomic_load(&shared->parked[word]));) {
            unsigned bit = (unsigned)__builtin_ctzll(bits);
            if (!mask_clear(shared->parked, word * 64 + bit)) continue; /* somebody else woke it */
            STEP();
            park_wake(shared, word * 64 + bit);
            return;
        }
}

/* Programs with threads would wait for each cpu's grace period at registering: they fence instead. */
bool park_expedited_offered(void)
{
    long commands = single_threaded() ? syscall(SYS_membarrier, MEMBARRIER_CMD_QUERY, 0, 0) : 0;
    return commands > 0 && commands & MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED;
}

int park_expedited_register(void)
{
    return syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED, 0, 0) ? -errno : 0;
}

bool park_fence(struct shared *shared)
{
    atomic_thread_fence(memory_order_seq_cst);
    return !shared->expedited || !syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL_EXPEDITED, 0, 0);
}

void park_wake_all(struct shared *shared)
{
    for (unsigned i = 0; i < mask_words(shared); i++)
        for (uint64_t bits = atomic_load(&shared->parked[i]); bits; bits &= bits - 1)
            park_wake(shared, i * 64 + (unsigned)__builtin_ctzll(bits));
}

void park_wake_after_death(struct shared *shared)
{
    for (unsigned i = 0; i < shared->capacity; i++) {
        if (atomic_load(&shared->workers[i].life) == LIFE_NONE) continue;
        mask_clear(shared->parked, i);
        atomic_store(&shared->workers[i].parked, 0);
        futex_wake(&shared->workers[i].parked, 1);
    }
}

void park_forget(struct shared *shared, unsigned dead)
{
    mask_clear(shared->spinning, dead);
    mask_clear(shared->parked, dead);
    atomic_store(&shared->workers[dead].parked, 0);
}

static bool offered(const struct shared *shared)
{
    for (unsigned i = 0; i < mask_words(shared); i++)
        if (atomic_load(&shared->offering[i])) return true;
    return false;
}

static bool news(struct shared *shared, struct worker *own, uint64_t active)
{
    return !queue_empty(shared) || offered(shared) || atomic_load(&shared->active) != active || acquire(&own->retire) ||
           acquire(&shared->drain);
}

/* In a stream of small tasks the next one is but some ns away: not worth telling everybody. And who looks for each as
 * it comes takes the program's line away for each: rather let some gather. */
static bool at_hand(const struct shared *shared, bool stream)
{
    for (int i = 0; stream && i < GATHER; i++) cpu_relax();
    for (int i = 0; i < GLANCES; i++) {
        if (!queue_empty(shared)) return true;
        cpu_relax();
    }
    return false;
}

bool park_spin(struct shared *shared, unsigned me, uint64_t active, bool stream)
{
    struct worker *own = &shared->workers[me];
    uint32_t wanted = relaxed(&shared->wanted);
    if (at_hand(shared, stream)) return true;
    mask_set(shared->spinning, me);
    STEP();
    bool found = false;
    int64_t start = now_ns(), budget = wanted > shared->cpus ? 0 : SPIN_NS;
    do {
        for (int i = 0; i < SPINS_PER_LOOK && !(found = news(shared, own, active)); i++) cpu_relax();
        if (!found && wanted >= shared->cpus) sched_yield();
    } while (!found && now_ns() - start < budget);
    mask_clear(shared->spinning, me);
    atomic_thread_fence(memory_order_seq_cst); /* the queue is looked at after this: park_wake_one */
    return found;
}

/* The kernel kills a worker when the server ends, unless a task has changed whose process it is. */
static void leave_if_alone(const struct shared *shared)
{
    if (shared->server_pid && getppid() != shared->server_pid) _exit(0);
}

void park_sleep(struct shared *shared, unsigned me, uint64_t active)
{
    struct worker *own = &shared->workers[me];
    if (shared->config.idle_ns) publish(&own->parked_at, now_ns());
    atomic_store(&own->parked, 1);
    mask_set(shared->parked, me);
    int64_t timeout = park_fence(shared) ? ALONE_NS : UNFENCED_NS;
    STEP();
    while (atomic_load(&own->parked) && !news(shared, own, active))
        if (futex_wait(&own->parked, 1, timeout) == -ETIMEDOUT) leave_if_alone(shared);
    mask_clear(shared->parked, me);
    atomic_store(&own->parked, 0);
    publish(&own->parked_at, 0);
}

void event_raise(struct shared *shared)
{
    atomic_fetch_add(&shared->event, 1);
    STEP();
    if (atomic_load(&shared->sleepers)) futex_wake(&shared->event, INT32_MAX);
}
