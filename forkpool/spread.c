/* SPDX-License-Identifier: MIT */
/* spread.c: see spread.h. */
#include "spread.h"

#include <sched.h>

#include "machine/machine.h"
#include "park.h"

enum { LOOK_NS = 200000, PACE = 16, PACE_MOST = 1 << 20 };

/* Are so many workers at work that, none being where the program is, two must share another cpu? */
static bool must_share(const struct shared *shared)
{
    uint32_t alive = relaxed(&shared->alive), idle = 0;
    for (unsigned i = 0; i < mask_words(shared); i++)
        idle += (uint32_t)__builtin_popcountll(relaxed(&shared->parked[i]) | relaxed(&shared->spinning[i]));
    return alive >= shared->cpus + idle;
}

void spread_offer(struct shared *shared)
{
    int cpu = must_share(shared) ? sched_getcpu() : -1;
    if (cpu >= 0) atomic_store(&shared->offer, (uint32_t)cpu + 1);
}

void spread_accept(struct shared *shared)
{
    uint32_t offer = atomic_exchange(&shared->offer, 0);
    if (offer) cpus_move(offer - 1);
}

bool spread_shares(const struct shared *shared, unsigned me, unsigned cpu, bool late)
{
    for (unsigned i = 0; i < shared->capacity; i++) {
        const struct worker *other = &shared->workers[i];
        if (i == me || relaxed(&other->cpu) != cpu + 1) continue;
        if (relaxed(&other->busy) ? i < me : late && !relaxed(&other->parked)) return true;
    }
    return false;
}

int spread_target(const struct shared *shared, const struct cpus *allowed)
{
    struct cpus open = *allowed;
    for (unsigned i = 0; i < shared->capacity; i++) {
        uint32_t cpu = relaxed(&shared->workers[i].cpu);
        if (cpu && relaxed(&shared->workers[i].busy)) cpus_drop(&open, cpu - 1);
    }
    return cpus_first(&open);
}

static void note(struct worker *own, int cpu) { atomic_store_explicit(&own->cpu, (uint32_t)cpu + 1, memory_order_relaxed); }

int spread_note(struct shared *shared, unsigned me)
{
    int cpu = sched_getcpu();
    if (cpu >= 0) note(&shared->workers[me], cpu);
    return cpu;
}

void spread_look(struct spread *spread, struct shared *shared, unsigned me)
{
    struct cpus allowed;
    int64_t now = now_ns(), past = now - spread->looked_ns;
    bool first = !spread->pace;
    if (first) spread->pace = PACE;
    else if (past < LOOK_NS / 2 && spread->pace < PACE_MOST) spread->pace *= 2;
    else if (past > LOOK_NS && spread->pace > 1) spread->pace /= 2;
    spread->calls = spread->pace;
    spread->looked_ns = now;
    int cpu = spread_note(shared, me);
    if (cpu < 0 || !relaxed(&shared->sleepers) || relaxed(&shared->wanted) > shared->cpus) return;
    if (!spread_shares(shared, me, (unsigned)cpu, !first && past > LOOK_NS / 2) || cpus_get(&allowed)) return;
    int target = spread_target(shared, &allowed);
    if (target < 0) return;
    note(&shared->workers[me], target);
    cpus_move((unsigned)target);
}
