/* SPDX-License-Identifier: MIT */
/* range.h: how the units of a map are claimed, stolen and recovered.
 *
 * Each worker owns one line with a range of unclaimed units. Its owner claims from the low end, thieves take the upper
 * half, both by compare-and-swap on one word. Units end in the order in which their owner claimed them, so the line
 * says at any moment which units are running: [ended + offset, begin).
 *
 * A thief announces the steal in its own line (intent), swaps the victim's word and leaves its tag there, then installs
 * the stolen range as its own with its first unit claimed; one store switches range and offset together (parity).
 * Whoever overwrites a tag first makes sure that its thief needs it no more, or acknowledges the steal in the thief's
 * line (ack). So the server can tell, after a thief has died, whether the stolen range is the thief's.
 *
 * A word never returns to an earlier value: the first unit of an installed range is claimed already, and a range's
 * begin rises, its end falls. model/range.pml checks all of this with workers dying at every step.
 */
#ifndef FORKPOOL_RANGE_H
#define FORKPOOL_RANGE_H

#include "shared.h"

#define UNITS_MAX ((UINT32_C(1) << 26) - 1)

struct units {
    uint32_t begin, end;
};

/* P, before the map is active: deals units to `lines` lines in equal shares, line 0 first. */
void range_deal(struct line *lines, uint32_t count, uint32_t units);

static inline uint32_t range_begin(uint64_t word) { return (uint32_t)word & UNITS_MAX; }
static inline uint32_t range_end(uint64_t word) { return (uint32_t)(word >> 26) & UNITS_MAX; }

/* W, own line: claims up to `most` units from the low end; an empty answer: none left. */
static inline struct units range_claim(struct line *own, uint32_t most)
{
    uint64_t word = relaxed(&own->word);
    for (;;) {
        uint32_t begin = range_begin(word), end = range_end(word);
        if (begin >= end) return (struct units){0, 0};
        uint32_t count = most < end - begin ? most : end - begin;
        STEP();
        if (atomic_compare_exchange_weak_explicit(&own->word, &word, word + count, memory_order_acq_rel,
                                                  memory_order_relaxed)) {
            STEP();
            return (struct units){begin, begin + count};
        }
    }
}

/* The tasks that these units of a map are; the last unit may be a short one, and of a huge map lie near the end of size_t. */
struct tasks {
    size_t begin, end;
};
static inline struct tasks range_tasks(const struct map *map, struct units units)
{
    size_t begin = units.begin * map->chunk, left = map->tasks - begin, count;
    if (__builtin_mul_overflow((size_t)(units.end - units.begin), map->chunk, &count) || count > left) count = left;
    return (struct tasks){map->base + begin, map->base + begin + count};
}

static inline uint32_t range_left(struct line *own)
{
    uint64_t word = relaxed(&own->word);
    return range_end(word) - range_begin(word);
}

/* Are these units of the map? Else a task has written over the line that they came from. */
static inline bool range_sound(const struct map *map, struct units units)
{
    return __builtin_expect(units.begin <= units.end && units.end <= map->units, 1);
}

/* W: the claimed units have ended, their results stand. */
static inline void range_finish(struct line *own, uint32_t count)
{
    STEP();
    publish(&own->ended, relaxed(&own->ended) + count);
    STEP();
}

/* W, own range empty: takes the upper half of somebody's range and claims its first unit (the answer); the rest is the
 * own range now. Empty: nothing to take; *busy is set where a steal under way may bring units to light. */
struct units range_steal(struct line *lines, uint32_t count, uint32_t me, bool *busy);

/* P: takes all units that nobody has claimed, as a thief takes half of one range. Returns how many. A steal under way may
 * bring further ones to light. */
uint32_t range_drop(struct line *lines, uint32_t count);

/* Have all units ended, but those that were dropped? Never where a line holds what can be no range of the map. */
bool range_all_ended(struct line *lines, uint32_t count, uint32_t units, _Atomic uint32_t *dropped);

/* S, worker `dead` is dead: settles its steal and returns the units that it was running, which range_finish is to end
 * once their loss is recorded. */
struct units range_recover(struct line *lines, uint32_t dead);

#endif
