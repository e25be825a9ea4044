/* SPDX-License-Identifier: MIT */
/* children.c: see worker.h. */
#include "worker.h"

#include "park.h"

enum child_phase { CHILD_FREE, CHILD_READY, CHILD_RUNNING, CHILD_DONE, CHILD_FAILED, CHILD_LOST };
/* state: phase: 3 | CHILD_WAITED | worker: 10 at bit 4 | generation: 18 at bit 14 */
#define CHILD_WAITED UINT32_C(8)
#define GENERATION (UINT32_C(1) << 14)
enum { GLANCES = 200, NAP_NS = 1000000, TRIES = 64 };

static enum child_phase phase_of(uint32_t state) { return (enum child_phase)(state & 7u); }
static unsigned worker_of(uint32_t state) { return state >> 4 & 1023u; }
static inline uint32_t with(uint32_t state, enum child_phase phase, unsigned worker)
{
    return (state & ~(GENERATION - 1)) | worker << 4 | (uint32_t)phase;
}
static uint32_t freed(uint32_t state) { return with(state + GENERATION, CHILD_FREE, 0); }

static bool turn(struct child *child, uint32_t from, uint32_t to)
{
    return atomic_compare_exchange_strong(&child->state, &from, to);
}

static int worse(int a, int b)
{
    if (a == FORKPOOL_LOST || b == FORKPOOL_LOST) return FORKPOOL_LOST;
    return a ? a : b;
}

/* A call with children of its own, which it need not wait for itself. */
static int call_run(struct self *self, const struct call *call)
{
    unsigned base = self->base;
    int failed = self->children_failed;
    self->base = self->top;
    self->children_failed = 0;
    int status = call->run(call->context, self->me, call->begin, call->end);
    worker_check(self);
    int children = children_sync(self);
    self->base = base;
    self->children_failed = failed;
    return worse(status ? FORKPOOL_FAILED : 0, children);
}

void children_spawn(struct self *self, const struct call *call)
{
    struct shared *shared = self->shared;
    if (self->top == CHILDREN) {
        self->children_failed = worse(self->children_failed, call_run(self, call));
        return;
    }
    struct child *child = &shared->boards[self->me].children[self->top++];
    child->run = call->run;
    child->context = call->context;
    child->begin = call->begin;
    child->end = call->end;
    if (self->top == 1) mask_set(shared->boarded, self->me); /* before the first entry: S looks there */
    atomic_store(&child->state, with(relaxed(&child->state), CHILD_READY, 0));
    mask_set(shared->offering, self->me); /* a full fence: who parks sees it, or is seen by what follows */
    park_wake_one(shared);
}

/* One of that worker's children, the oldest first: mostly the largest. */
static bool steal(struct self *self, unsigned victim)
{
    struct board *board = &self->shared->boards[victim];
    for (unsigned i = 0; i < CHILDREN; i++) {
        struct child *child = &board->children[i];
        uint32_t state = acquire(&child->state), mine = with(state, CHILD_RUNNING, self->me);
        if (phase_of(state) != CHILD_READY || !turn(child, state, mine)) continue;
        mask_set(self->shared->offering, victim); /* there may be more */
        struct call call = {child->run, child->context, child->begin, child->end};
        int status = call_run(self, &call);
        uint32_t end = with(mine, status == FORKPOOL_LOST ? CHILD_LOST : status ? CHILD_FAILED : CHILD_DONE, self->me);
        if (!turn(child, mine, end) && turn(child, mine | CHILD_WAITED, end)) futex_wake(&child->state, 1);
        return true;
    }
    return false;
}

bool children_help(struct self *self)
{
    struct shared *shared = self->shared;
    for (unsigned word = 0; word < mask_words(shared); word++)
        for (uint64_t bits = atomic_load(&shared->offering[word]); bits; bits &= bits - 1) {
            unsigned victim = word * 64 + (unsigned)__builtin_ctzll(bits);
            mask_clear(shared->offering, victim); /* first: what comes after the look sets it again */
            atomic_store_explicit(&self->own->busy, BUSY_NO_SLOT, memory_order_relaxed);
            bool found = victim < shared->capacity && steal(self, victim);
            atomic_store_explicit(&self->own->busy, 0, memory_order_relaxed);
            if (!found) continue;
            worker_count(self);
            return true;
        }
    return false;
}

/* Somebody has it. */
static int await(struct self *self, struct child *child)
{
    for (int looks = 0;; looks++) {
        uint32_t state = atomic_load(&child->state);
        enum child_phase phase = phase_of(state);
        if (phase != CHILD_RUNNING) {
            publish(&child->state, freed(state));
            return phase == CHILD_DONE ? 0 : phase == CHILD_FAILED ? FORKPOOL_FAILED : FORKPOOL_LOST;
        }
        if (worker_of(state) < self->shared->capacity && steal(self, worker_of(state))) continue;
        if (looks < GLANCES) cpu_relax();
        else if (state & CHILD_WAITED || turn(child, state, state | CHILD_WAITED))
            futex_wait(&child->state, state | CHILD_WAITED, NAP_NS);
    }
}

int children_sync(struct self *self)
{
    struct board *board = &self->shared->boards[self->me];
    int failed = self->children_failed;
    for (unsigned i = self->top; i > self->base; i--) { /* what nobody has taken; others may take the rest meanwhile */
        struct child *child = &board->children[i - 1];
        uint32_t state = acquire(&child->state);
        struct call call = {child->run, child->context, child->begin, child->end};
        if (phase_of(state) == CHILD_READY && turn(child, state, freed(state)))
            failed = worse(failed, call_run(self, &call));
    }
    for (; self->top > self->base; self->top--) {
        struct child *child = &board->children[self->top - 1];
        if (phase_of(acquire(&child->state)) != CHILD_FREE) failed = worse(failed, await(self, child));
    }
    self->children_failed = 0;
    return failed;
}

void children_forget(struct shared *shared, unsigned dead)
{
    for (unsigned owner = 0; owner < shared->capacity; owner++) {
        if (!(relaxed(&shared->boarded[owner / 64]) >> owner % 64 & 1u)) continue;
        for (unsigned i = 0; i < CHILDREN; i++) {
            struct child *child = &shared->boards[owner].children[i];
            uint32_t state = acquire(&child->state);
            bool own = owner == dead && phase_of(state) != CHILD_FREE;
            bool ran = phase_of(state) == CHILD_RUNNING && worker_of(state) == dead;
            for (int tries = 0; (own || ran) && tries < TRIES; tries++) { /* its owner may begin to wait meanwhile */
                if (turn(child, state, own ? freed(state) : with(state, CHILD_LOST, dead))) break;
                state = acquire(&child->state);
            }
            if (ran && !own) futex_wake(&child->state, 1);
        }
    }
}
