/* SPDX-License-Identifier: MIT */
/* queue.c: see queue.h. */
#include "queue.h"

enum { AHEAD = 8 }; /* a slot takes as long from another cpu as so many empty tasks */

/* Nobody looks through all slots for what a dead worker ran. */
static inline void busy_with(struct shared *shared, unsigned me, uint32_t what)
{
    atomic_store_explicit(&shared->workers[me].busy, what, memory_order_relaxed);
}

static struct slot *claim(struct shared *shared, unsigned queue, unsigned me, bool *more)
{
    bool named = false;
    _Atomic uint64_t *const at = &shared->queues[queue].head;
    for (uint64_t head = acquire(at);;) {
        int number = queue_at(shared, queue, head);
        if (number == NOTHING) { /* or others have moved head on, and the ring has gone round */
            uint64_t now = acquire(at);
            if (now == head) break;
            head = now;
            continue;
        }
        struct slot *slot = &shared->slots[number];
        prefetch_to_write(slot);
        int next = queue_at(shared, queue, head + 1);
        int ahead = queue_at(shared, queue, head + AHEAD);
        if (ahead != NOTHING) prefetch_to_write(&shared->slots[ahead]);
        else if (next != NOTHING) prefetch_to_write(&shared->slots[next]);
        uint64_t state = acquire(&slot->state);
        STEP();
        bool claimed = false;
        busy_with(shared, me, (uint32_t)number + 1); /* before the claim, which releases it */
        named = true;
        while (!claimed && (state & ~SLOT_FLAGS) == slot_waiting(queue, head)) /* a flag may be set meanwhile */
            claimed = atomic_compare_exchange_weak_explicit(&slot->state, &state,
                                                            (state & ~SLOT_PHASE) | SLOT_RUNNING | (uint64_t)me << 16,
                                                            memory_order_acq_rel, memory_order_acquire);
        STEP();
        uint64_t expected = head;
        bool moved = atomic_compare_exchange_strong_explicit(at, &expected, head + 1, memory_order_acq_rel,
                                                             memory_order_acquire);
        STEP();
        *more = next != NOTHING;
        if (claimed) return slot;
        head = moved ? head + 1 : expected;
    }
    if (named) busy_with(shared, me, 0);
    return NULL;
}

struct slot *queue_claim(struct shared *shared, unsigned me, bool *more)
{
    struct slot *slot = claim(shared, URGENT, me, more);
    if (!slot) return claim(shared, ORDINARY, me, more);
    if (!*more) *more = queue_at(shared, ORDINARY, acquire(&shared->queues[ORDINARY].head)) != NOTHING;
    return slot;
}

bool queue_finish(struct slot *slot, bool *condemned)
{
    uint64_t state = relaxed(&slot->state);
    do {
        STEP();
        if (slot_phase(state) != SLOT_RUNNING) {
            *condemned = true;
            return false;
        }
    } while (!atomic_compare_exchange_weak(&slot->state, &state, (state & ~SLOT_PHASE) | SLOT_DONE));
    STEP();
    return state & SLOT_WAITED;
}

bool slot_turn(struct slot *slot, enum phase from, enum phase to)
{
    uint64_t state = atomic_load(&slot->state);
    while (slot_phase(state) == from)
        if (atomic_compare_exchange_weak(&slot->state, &state, (state & ~SLOT_PHASE) | to)) return true;
    return false;
}
