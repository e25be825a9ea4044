/* SPDX-License-Identifier: MIT */
/* queue.h: submitted tasks: slots, and two rings of slot numbers in order of submission, urgent tasks and the others.
 *
 * The program puts a task into a free slot, sets it ready and appends its number to a ring. A worker looks at the
 * entry at head: where the slot is ready it swaps the state to "running in me", which is the claim; then it moves head
 * on. Where the slot is not ready any more, the task was claimed or cancelled, and head is moved on for whoever died or
 * dawdled. So claim and claimant are one word: when a worker dies, its tasks are the slots that name it.
 * That word also says where in which ring the task waits: an entry may be stale, and its slot hold a later task that is
 * ready too, which is not to start before those between.
 */
#ifndef FORKPOOL_QUEUE_H
#define FORKPOOL_QUEUE_H

#include "shared.h"

static inline enum phase slot_phase(uint64_t state) { return (enum phase)(state & SLOT_PHASE); }
static inline unsigned slot_worker(uint64_t state) { return (unsigned)(state >> 16) & 0xffffu; }
static inline bool slot_ended(uint64_t state) { return slot_phase(state) >= SLOT_DONE; }
static inline _Atomic uint64_t *queue_entry(const struct shared *shared, unsigned queue, uint64_t place)
{
    uint64_t size = 2 * (uint64_t)shared->slot_count;
    return &shared->rings[queue * size + (place & (size - 1))];
}
/* The number of the slot that was put at this place of the ring; NOTHING: it was not yet, or another one since. */
enum { NOTHING = -1 };
static inline int queue_at(const struct shared *shared, unsigned queue, uint64_t place)
{
    uint64_t entry = atomic_load_explicit(queue_entry(shared, queue, place), memory_order_seq_cst);
    return (uint32_t)(entry >> 32) == (uint32_t)(place + 1) ? (int)(uint32_t)entry : NOTHING;
}
/* Nobody reads `tail` for this: the entry itself tells, and one line less travels between cpus for each task. */
static inline bool queue_empty(const struct shared *shared)
{
    for (unsigned i = 0; i < QUEUES; i++)
        if (queue_at(shared, i, acquire(&shared->queues[i].head)) != NOTHING) return false;
    return true;
}
/* How many entries were put in, and how many taken out. */
static inline uint64_t queue_puts(const struct shared *shared)
{
    return relaxed(&shared->queues[URGENT].tail) + relaxed(&shared->queues[ORDINARY].tail);
}
static inline uint64_t queue_takes(const struct shared *shared)
{
    return acquire(&shared->queues[URGENT].head) + acquire(&shared->queues[ORDINARY].head);
}

/* The state of a slot whose task waits there, without its flags. */
static inline uint64_t slot_waiting(unsigned queue, uint64_t place)
{
    return place << 32 | (queue == URGENT ? SLOT_URGENT : 0) | SLOT_READY;
}
/* P: the slot is filled; it becomes ready and joins the ring. `flags`: 0 or SLOT_WAITED. queue_put_all follows. */
static inline void queue_put(struct shared *shared, unsigned queue, uint32_t number, uint64_t flags)
{
    struct slot *slot = &shared->slots[number];
    uint64_t tail = relaxed(&shared->queues[queue].tail);
    publish(&slot->state, slot_waiting(queue, tail) | flags);
    publish(queue_entry(shared, queue, tail), (tail + 1) << 32 | number);
    publish(&shared->queues[queue].tail, tail + 1);
}
/* P: the caller now looks for sleeping workers, and they for work before they sleep: one of them has to fence. */
static inline void queue_put_all(const struct shared *shared)
{
    if (!shared->expedited) atomic_thread_fence(memory_order_seq_cst);
    atomic_signal_fence(memory_order_seq_cst);
}
/* P: a slot that has ended becomes free. */
static inline void queue_free(struct slot *slot) { publish(&slot->state, SLOT_FREE); }

/* W: the slot claimed, NULL where there is none. *more is set where other tasks wait, in either queue. */
struct slot *queue_claim(struct shared *shared, unsigned me, bool *more);
/* W: the task has ended: its result stands. True: somebody sleeps for it, wake them. Never returns to a worker that was
 * condemned: *condemned is set instead. */
bool queue_finish(struct slot *slot, bool *condemned);

/* P or S: state `from` becomes `to`, flags and worker kept. False: it was in another phase. */
bool slot_turn(struct slot *slot, enum phase from, enum phase to);

#endif
