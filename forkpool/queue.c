/* queue.c: see queue.h. */
#include "queue.h"

void queue_put(struct shared *shared, uint32_t number, uint64_t flags)
{
    struct slot *slot = &shared->slots[number];
    uint64_t state = relaxed(&slot->state), tail = relaxed(&shared->tail);
    publish(&slot->state, (state & ~UINT64_C(0xffffffff)) | flags | SLOT_READY);
    atomic_store_explicit(&shared->ring[tail & (2 * shared->slot_count - 1)], number, memory_order_relaxed);
    atomic_store(&shared->tail, tail + 1); /* a full barrier: the caller now looks for sleeping workers */
}

void queue_free(struct slot *slot)
{
    publish(&slot->state, (relaxed(&slot->state) & ~UINT64_C(0xffffffff)) + (UINT64_C(1) << 32));
}

struct slot *queue_claim(struct shared *shared, unsigned me, uint64_t *tail, bool *more)
{
    for (;;) {
        uint64_t head = acquire(&shared->head);
        if (head >= *tail && head >= (*tail = acquire(&shared->tail))) return NULL;
        uint32_t number = relaxed(&shared->ring[head & (2 * shared->slot_count - 1)]);
        struct slot *slot = &shared->slots[number];
        uint64_t state = acquire(&slot->state);
        STEP();
        bool claimed = false;
        while (!claimed && slot_phase(state) == SLOT_READY) /* a flag may be set meanwhile: then it is still ready */
            claimed = atomic_compare_exchange_weak_explicit(&slot->state, &state,
                                                            (state & ~SLOT_PHASE) | SLOT_RUNNING | (uint64_t)me << 16,
                                                            memory_order_acq_rel, memory_order_acquire);
        STEP();
        uint64_t expected = head;
        atomic_compare_exchange_strong_explicit(&shared->head, &expected, head + 1, memory_order_acq_rel,
                                                memory_order_relaxed);
        STEP();
        *more = head + 1 < *tail;
        if (claimed) return slot;
    }
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
