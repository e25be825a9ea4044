/* SPDX-License-Identifier: MIT */
/* park.h: how workers and the program fall asleep and are woken, without a lost wake-up and without a system call where
 * nobody sleeps.
 *
 * A worker that found nothing spins a little, then parks: it sets its futex and its bit in `parked`, looks for work once
 * more, sleeps. Whoever brings work looks at the bits afterwards. All of these are sequentially consistent, so either
 * the worker sees the work or the other sees the bit; a full fence at each submission would cost more than the rest of
 * it, so where the system offers it whoever parks makes the program fence (membarrier), and the program need not. A worker
 * that spins will look once more after it has cleared its bit, so while one does nobody needs waking; but its bit may be
 * seen set while the new work is still in the store buffer of whoever brought it, and it take another task without seeing
 * that one. So a bit that is seen set counts only if it is still set after a fence, which pairs with the one after the
 * clearing. A worker that takes a task and leaves others behind wakes the next.
 */
#ifndef FORKPOOL_PARK_H
#define FORKPOOL_PARK_H

#include "shared.h"

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

/* P, before it forks: may it do without fences? Then, after it: 0, or -errno where it must fence after all. */
bool park_expedited_offered(void);
int park_expedited_register(void);
/* S or W: what P did before is seen by what follows. False: it may not be. */
bool park_fence(struct shared *shared);

/* P or W: there is new work for one worker. */
void park_wake_parked(struct shared *shared, unsigned word);
static inline unsigned mask_words(const struct shared *shared) { return (shared->capacity + 63) / 64; }
static inline void park_wake_one(struct shared *shared)
{
    for (unsigned i = 0; i < mask_words(shared); i++)
        if (atomic_load(&shared->spinning[i])) {
            atomic_thread_fence(memory_order_seq_cst);
            if (atomic_load(&shared->spinning[i])) return;
        }
    for (unsigned i = 0; i < mask_words(shared); i++)
        if (atomic_load(&shared->parked[i])) {
            park_wake_parked(shared, i);
            return;
        }
}
void park_wake_all(struct shared *shared); /* P or S: everybody is to look */
/* S: the same where a worker has died, maybe half-way through waking another: its bit taken, its word cleared, and no call. */
void park_wake_after_death(struct shared *shared);
void park_wake(struct shared *shared, unsigned worker);

/* W: nothing to do since `active` was read. Looks for news for some microseconds: true where there are any. Where the
 * program and the workers do not have a cpu each it yields meanwhile, and with more workers than cpus it hardly looks.
 * `stream`: many tasks may come; the first look may be a little later. */
bool park_spin(struct shared *shared, unsigned me, uint64_t active, bool stream);
/* W: sleeps until there may be something to do. */
void park_sleep(struct shared *shared, unsigned me, uint64_t active);
/* S: the worker is dead. */
void park_forget(struct shared *shared, unsigned dead);

/* W or S: something ended that the program may wait for. */
void event_raise(struct shared *shared);
/* P: sleeps until an event after `seen`, at most timeout_ns. Register with event_enter before reading `event` and
 * looking whether what one waits for is there; leave with event_leave. */
static inline void event_enter(struct shared *shared) { atomic_fetch_add(&shared->sleepers, 1); }
static inline void event_leave(struct shared *shared) { atomic_fetch_sub(&shared->sleepers, 1); }

#endif
