/* park.c: see park.h. */
#include "park.h"

#include <errno.h>
#include <sched.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "queue.h"

enum { SPIN_NS = 50000, SPINS_PER_LOOK = 32 };

int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int futex_wait(_Atomic uint32_t *word, uint32_t value, int64_t timeout_ns)
{
    struct timespec timeout = {timeout_ns / 1000000000, timeout_ns % 1000000000};
    return syscall(SYS_futex, word, FUTEX_WAIT, value, timeout_ns < 0 ? NULL : &timeout, NULL, 0) ? -errno : 0;
}

int futex_wake(_Atomic uint32_t *word, int count)
{
    return (int)syscall(SYS_futex, word, FUTEX_WAKE, count, NULL, NULL, 0);
}

void park_wake(struct shared *shared, unsigned worker)
{
    mask_clear(shared->parked, worker);
    STEP();
    if (atomic_exchange(&shared->workers[worker].parked, 0)) futex_wake(&shared->workers[worker].parked, 1);
}

static unsigned mask_words(const struct shared *shared) { return (shared->capacity + 63) / 64; }

void park_wake_one(struct shared *shared, bool even_while_spinning)
{
    for (unsigned i = 0; !even_while_spinning && i < mask_words(shared); i++)
        if (atomic_load(&shared->spinning[i])) return;
    for (unsigned i = 0; i < mask_words(shared); i++)
        for (uint64_t bits; (bits = atomic_load(&shared->parked[i]));) {
            unsigned bit = (unsigned)__builtin_ctzll(bits);
            if (!mask_clear(shared->parked, i * 64 + bit)) continue; /* somebody else woke it */
            STEP();
            park_wake(shared, i * 64 + bit);
            return;
        }
}

void park_wake_all(struct shared *shared)
{
    for (unsigned i = 0; i < mask_words(shared); i++)
        for (uint64_t bits = atomic_load(&shared->parked[i]); bits; bits &= bits - 1)
            park_wake(shared, i * 64 + (unsigned)__builtin_ctzll(bits));
}

void park_forget(struct shared *shared, unsigned dead)
{
    mask_clear(shared->spinning, dead);
    mask_clear(shared->parked, dead);
    atomic_store(&shared->workers[dead].parked, 0);
}

static bool news(struct shared *shared, struct worker *own, uint64_t active)
{
    return !queue_empty(shared) || atomic_load(&shared->active) != active || acquire(&own->retire) ||
           acquire(&shared->drain);
}

/* Looks for news for some microseconds. Where the program and the workers do not have a cpu each it yields meanwhile,
 * and with more workers than cpus it hardly looks at all. */
static bool spin(struct shared *shared, struct worker *own, uint64_t active)
{
    uint32_t wanted = relaxed(&shared->wanted);
    int64_t start = now_ns(), budget = wanted > shared->cpus ? 0 : SPIN_NS;
    do {
        for (int i = 0; i < SPINS_PER_LOOK; i++) {
            if (news(shared, own, active)) return true;
            cpu_relax();
        }
        if (wanted >= shared->cpus) sched_yield();
    } while (now_ns() - start < budget);
    return false;
}

void park_idle(struct shared *shared, unsigned me, uint64_t active, bool patient)
{
    struct worker *own = &shared->workers[me];
    if (patient) {
        mask_set(shared->spinning, me);
        STEP();
        bool found = spin(shared, own, active);
        mask_clear(shared->spinning, me);
        if (found) return;
    }
    publish(&own->parked_at, now_ns());
    atomic_store(&own->parked, 1);
    mask_set(shared->parked, me);
    STEP();
    while (atomic_load(&own->parked) && !news(shared, own, active)) futex_wait(&own->parked, 1, -1);
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
