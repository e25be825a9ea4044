/* park.h: how workers and the program fall asleep and are woken, without a lost wake-up and without a system call where
 * nobody sleeps.
 *
 * A worker that found nothing spins a little, then parks: it sets its futex and its bit in `parked`, looks for work once
 * more, sleeps. Whoever brings work looks at the bits afterwards. All of these are sequentially consistent, so either
 * the worker sees the work or the other sees the bit. A worker that spins will look once more before it parks, so while
 * one does nobody needs waking; a worker that takes a task and leaves others behind wakes the next.
 */
#ifndef FORKPOOL_PARK_H
#define FORKPOOL_PARK_H

#include "shared.h"

#include <linux/futex.h>

int64_t now_ns(void); /* CLOCK_MONOTONIC */
static inline void cpu_relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("isb" ::: "memory");
#endif
}

/* Sleeps while *word == value, at most timeout_ns (< 0: for ever). 0, or -EAGAIN, -ETIMEDOUT, -EINTR. */
int futex_wait(_Atomic uint32_t *word, uint32_t value, int64_t timeout_ns);
int futex_wake(_Atomic uint32_t *word, int count);

static inline void mask_set(_Atomic uint64_t *mask, unsigned bit) { atomic_fetch_or(&mask[bit / 64], UINT64_C(1) << bit % 64); }
static inline bool mask_clear(_Atomic uint64_t *mask, unsigned bit)
{
    return atomic_fetch_and(&mask[bit / 64], ~(UINT64_C(1) << bit % 64)) >> bit % 64 & 1u;
}

/* P, S or W: there is new work for one worker. `at_least_one`: wake one even where a worker spins. */
void park_wake_one(struct shared *shared, bool even_while_spinning);
void park_wake_all(struct shared *shared); /* P or S: everybody is to look */
void park_wake(struct shared *shared, unsigned worker);

/* W: nothing to do since `active` was read: spins and yields where it is patient, then sleeps until there may be
 * something. */
void park_idle(struct shared *shared, unsigned me, uint64_t active, bool patient);
/* S: the worker is dead. */
void park_forget(struct shared *shared, unsigned dead);

/* W or S: something ended that the program may wait for. */
void event_raise(struct shared *shared);
/* P: sleeps until an event after `seen`, at most timeout_ns. Register with event_enter before reading `event` and
 * looking whether what one waits for is there; leave with event_leave. */
static inline void event_enter(struct shared *shared) { atomic_fetch_add(&shared->sleepers, 1); }
static inline void event_leave(struct shared *shared) { atomic_fetch_sub(&shared->sleepers, 1); }

#endif
