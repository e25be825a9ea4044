/* queue.h: submitted tasks: slots, and a ring of slot numbers in order of submission.
 *
 * The program puts a task into a free slot, sets it ready and appends its number to the ring. A worker looks at the
 * entry at head: where the slot is ready it swaps the state to "running in me", which is the claim; then it moves head
 * on. Where the slot is not ready any more, the task was claimed or cancelled, and head is moved on for whoever died or
 * dawdled. So claim and claimant are one word: when a worker dies, its tasks are the slots that name it.
 * An entry may be stale and its slot hold a later task that is ready too: claiming it out of turn is harmless.
 */
#ifndef FORKPOOL_QUEUE_H
#define FORKPOOL_QUEUE_H

#include "shared.h"

static inline enum phase slot_phase(uint64_t state) { return (enum phase)(state & SLOT_PHASE); }
static inline unsigned slot_worker(uint64_t state) { return (unsigned)(state >> 16) & 0xffffu; }
static inline bool slot_ended(uint64_t state) { return slot_phase(state) >= SLOT_DONE; }
static inline bool queue_empty(struct shared *shared)
{
    return acquire(&shared->head) >= atomic_load_explicit(&shared->tail, memory_order_seq_cst);
}

/* P: the slot is filled; it becomes ready and joins the ring. `flags`: 0 or SLOT_WAITED. */
void queue_put(struct shared *shared, uint32_t slot, uint64_t flags);
/* P: a slot that has ended becomes free, with a new generation. */
void queue_free(struct slot *slot);

/* W: the slot claimed, NULL where there is none. `tail`: as last seen, looked at anew only where it was reached, since
 * the program's cpu owns that line. *more is set where other tasks wait. */
struct slot *queue_claim(struct shared *shared, unsigned me, uint64_t *tail, bool *more);
/* W: the task has ended: its result stands. True: somebody sleeps for it, wake them. Never returns to a worker that was
 * condemned: *condemned is set instead. */
bool queue_finish(struct slot *slot, bool *condemned);

/* P or S: state `from` becomes `to`, flags and worker kept. False: it was in another phase. */
bool slot_turn(struct slot *slot, enum phase from, enum phase to);

#endif
