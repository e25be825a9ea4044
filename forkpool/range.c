/* SPDX-License-Identifier: MIT */
/* range.c: see range.h. */
#include "range.h"

/* word: begin 26 | end 26 | tag 10 | parity 1. intent: victim 10 | mid 26 | end 26 | parity 1 | 1. */
#define PARITY (UINT64_C(1) << 62)

static uint64_t word_make(uint32_t begin, uint32_t end, uint32_t tag, uint64_t parity)
{
    return begin | (uint64_t)end << 26 | (uint64_t)tag << 52 | parity;
}
static uint32_t word_tag(uint64_t word) { return (uint32_t)(word >> 52) & 1023u; }
static unsigned word_bank(uint64_t word) { return (word & PARITY) != 0; }

static uint64_t intent_make(uint32_t victim, uint32_t mid, uint32_t end, uint64_t word)
{
    return 1u | (uint64_t)word_bank(word) << 1 | (uint64_t)mid << 2 | (uint64_t)end << 28 | (uint64_t)victim << 54;
}
static uint32_t intent_victim(uint64_t intent) { return (uint32_t)(intent >> 54); }
static uint32_t intent_mid(uint64_t intent) { return (uint32_t)(intent >> 2) & UNITS_MAX; }
static uint32_t intent_end(uint64_t intent) { return (uint32_t)(intent >> 28) & UNITS_MAX; }
static unsigned intent_bank(uint64_t intent) { return (unsigned)(intent >> 1) & 1u; } /* before the steal */

void range_deal(struct line *lines, uint32_t count, uint32_t units)
{
    for (uint32_t i = 0; i < count; i++) {
        uint32_t begin = (uint32_t)((uint64_t)units * i / count), end = (uint32_t)((uint64_t)units * (i + 1) / count);
        atomic_store_explicit(&lines[i].intent, 0, memory_order_relaxed);
        atomic_store_explicit(&lines[i].ended, 0, memory_order_relaxed);
        atomic_store_explicit(&lines[i].offset[0], begin, memory_order_relaxed);
        atomic_store_explicit(&lines[i].ack, 0, memory_order_relaxed);
        publish(&lines[i].word, word_make(begin, end, 0, 0));
    }
}

/* Before `word`, seen in line `owner`, is replaced: if the thief whose tag it bears is still at it, note in the thief's
 * line that it succeeded. ack is read before intent, so an older acknowledgement can't replace a newer one. */
static void acknowledge(struct line *lines, uint32_t owner, uint64_t word)
{
    uint32_t thief = word_tag(word);
    if (!thief) return;
    struct line *line = &lines[thief - 1];
    uint32_t mid = range_end(word);
    for (;;) {
        uint32_t ack = atomic_load(&line->ack);
        STEP();
        uint64_t intent = atomic_load(&line->intent);
        if (!intent || intent_victim(intent) != owner || intent_mid(intent) != mid || ack == mid + 1) return;
        STEP();
        if (atomic_compare_exchange_strong(&line->ack, &ack, mid + 1)) return;
    }
}

/* The stolen range becomes the own one; units below `begin` of it count as claimed. The own range is empty, so nobody
 * else writes the word. */
static void install(struct line *lines, uint32_t me, uint32_t mid, uint32_t begin, uint32_t end)
{
    struct line *own = &lines[me];
    uint64_t word = atomic_load(&own->word);
    acknowledge(lines, me, word);
    STEP();
    publish(&own->offset[!word_bank(word)], mid - relaxed(&own->ended));
    STEP();
    atomic_store(&own->word, word_make(begin, end, 0, ~word & PARITY));
    STEP();
}

static struct units steal_from(struct line *lines, uint32_t victim, uint32_t me)
{
    struct line *own = &lines[me];
    uint64_t word = atomic_load(&lines[victim].word);
    while (range_begin(word) < range_end(word)) {
        uint32_t begin = range_begin(word), end = range_end(word), mid = begin + (end - begin) / 2;
        acknowledge(lines, victim, word);
        STEP();
        atomic_store(&own->intent, intent_make(victim, mid, end, relaxed(&own->word)));
        STEP();
        uint64_t wanted = word_make(begin, mid, me + 1, word & PARITY);
        bool swapped = atomic_compare_exchange_strong(&lines[victim].word, &word, wanted);
        STEP();
        if (swapped) install(lines, me, mid, mid + 1, end);
        atomic_store(&own->intent, 0);
        STEP();
        if (swapped) return (struct units){mid, mid + 1};
    }
    return (struct units){0, 0};
}

struct units range_steal(struct line *lines, uint32_t count, uint32_t me, bool *busy)
{
    for (uint32_t i = 1; i < count; i++) {
        uint32_t victim = me + i < count ? me + i : me + i - count;
        struct units units = steal_from(lines, victim, me);
        if (units.end) return units;
        if (acquire(&lines[victim].intent)) *busy = true;
    }
    return (struct units){0, 0};
}

uint32_t range_drop(struct line *lines, uint32_t count)
{
    uint32_t dropped = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint64_t word = atomic_load(&lines[i].word);
        while (range_begin(word) != range_end(word)) {
            uint32_t begin = range_begin(word), left = range_end(word) - begin;
            acknowledge(lines, i, word);
            STEP();
            if (!atomic_compare_exchange_strong(&lines[i].word, &word, word_make(begin, begin, 0, word & PARITY))) continue;
            STEP();
            dropped += left;
            break;
        }
    }
    return dropped;
}

bool range_all_ended(struct line *lines, uint32_t count, uint32_t units, _Atomic uint32_t *dropped)
{
    atomic_thread_fence(memory_order_seq_cst); /* of two that end last, one sees both */
    uint64_t sum = acquire(dropped);
    for (uint32_t i = 0; i < count; i++) sum += acquire(&lines[i].ended);
    for (uint32_t i = 0; sum == units && i < count; i++) { /* the sum may be right by chance where a task wrote over them */
        uint64_t word = acquire(&lines[i].word);
        if (range_begin(word) > range_end(word) || range_end(word) > units) return false;
    }
    return sum == units;
}

struct units range_recover(struct line *lines, uint32_t dead)
{
    struct line *line = &lines[dead];
    uint64_t word = atomic_load(&line->word), intent = atomic_load(&line->intent);
    if (intent && word_bank(word) == intent_bank(intent)) { /* not installed */
        uint32_t mid = intent_mid(intent);
        uint64_t theirs = atomic_load(&lines[intent_victim(intent)].word); /* before ack: it is acknowledged, then replaced */
        bool swapped = (word_tag(theirs) == dead + 1 && range_end(theirs) == mid) || atomic_load(&line->ack) == mid + 1;
        if (swapped) install(lines, dead, mid, mid, intent_end(intent));
        atomic_store(&line->intent, 0);
        return (struct units){0, 0};
    }
    atomic_store(&line->intent, 0);
    word = atomic_load(&line->word);
    return (struct units){relaxed(&line->ended) + relaxed(&line->offset[word_bank(word)]), range_begin(word)};
}
