/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The pool's protocol with threads for workers, for ThreadSanitizer: ranges, steals, queue, parking. Deaths have no place
 * here (a thread can't be killed); the model and the step tests have them. */
#include "forkpool/park.h"
#include "forkpool/queue.h"
#include "forkpool/range.h"
#include "forkpool/worker.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WORKERS = 4, SLOTS = 16, TASKS = 3000, ROUNDS = 20 };

/* What worker.c does in a process. */
_Noreturn void worker_doomed(void) { abort(); }
void worker_limited_begin(struct self *self, const struct limits *limits) { (void)self, (void)limits; }
void worker_limited_end(struct self *self) { (void)self; }

static struct shared *shared;
static unsigned counts[TASKS]; /* plain: each task is one worker's alone, and published by its end */

static int count(void *context, unsigned worker, size_t begin, size_t end)
{
    (void)context, (void)worker;
    for (size_t i = begin; i < end; i++) counts[i]++;
    return 0;
}
static long triple(long x) { return 3 * x; }

static void *worker(void *number)
{
    static volatile unsigned char guard = 1;
    unsigned me = (unsigned)(uintptr_t)number;
    struct self self = {.shared = shared, .own = &shared->workers[me], .me = me, .guard = &guard, .calls_left = UINT64_MAX};
    uint64_t seen = UINT64_MAX;
    for (;;) {
        uint32_t drain = atomic_load(&shared->drain);
        uint64_t active = atomic_load(&shared->active);
        bool more = false, all = true;
        if (active != seen) self.takes = queue_takes(shared);
        struct slot *slot = queue_claim(shared, me, &more);
        if (slot) {
            if (more) park_wake_one(shared);
            task_run(&self, slot);
        } else if (active != seen) {
            for (unsigned map = 0; map < MAPS && all; map++)
                if (active >> map & 1u) all = mapper_run(&self, map);
            if (all) seen = active;
        } else if (drain) {
            return NULL;
        } else if (!park_spin(shared, me, active, false)) {
            park_sleep(shared, me, active);
        }
    }
}

static void await(bool (*ready)(void *), void *what)
{
    while (!ready(what)) {
        event_enter(shared);
        uint32_t event = atomic_load(&shared->event);
        if (!ready(what)) futex_wait(&shared->event, event, 100000000);
        event_leave(shared);
    }
}
static bool map_over(void *map) { return (atomic_load(&((struct map *)map)->state) & 3u) == MAP_ENDED; }
static bool slot_over(void *slot) { return slot_ended(acquire(&((struct slot *)slot)->state)); }

static bool workers_inside(unsigned place)
{
    for (unsigned i = 0; i < WORKERS; i++)
        if (atomic_load(&shared->workers[i].in_map) == place + 1) return true;
    return false;
}

static void run_map(unsigned place, enum forkpool_schedule schedule)
{
    struct map *map = &shared->maps[place];
    while (workers_inside(place)) {}
    memset(counts, 0, sizeof counts);
    map->units = TASKS;
    map->tasks = TASKS;
    map->chunk = 1;
    map->lines = WORKERS;
    map->schedule = schedule;
    map->static_units = 10;
    map->work = (struct work){.range = count};
    range_deal(map_lines(shared, place), WORKERS, TASKS);
    atomic_store(&map->state, ((atomic_load(&map->state) & ~3u) + 4) | MAP_ACTIVE);
    atomic_fetch_or(&shared->active, UINT64_C(1) << place);
    atomic_fetch_add(&shared->active, UINT64_C(1) << MAPS);
    park_wake_all(shared);
    await(map_over, map);
    atomic_fetch_and(&shared->active, ~(UINT64_C(1) << place));
    for (size_t i = 0; i < TASKS; i++)
        if (counts[i] != 1) printf("task %zu ran %u times\n", i, counts[i]), exit(1);
}

static void collect(long i)
{
    struct slot *slot = &shared->slots[i % SLOTS];
    atomic_fetch_or(&slot->state, SLOT_WAITED);
    await(slot_over, slot);
    if (slot->value != 3 * i) printf("call %ld gave %ld\n", i, slot->value), exit(1);
    queue_free(slot);
}

static void run_calls(void)
{
    for (long i = 0; i < TASKS + SLOTS; i++) {
        if (i >= SLOTS) collect(i - SLOTS);
        if (i >= TASKS) continue;
        struct slot *slot = &shared->slots[i % SLOTS];
        slot->kind = KIND_CALL;
        slot->run.call = triple;
        slot->value = i;
        queue_put(shared, i % 3 ? ORDINARY : URGENT, (uint32_t)(i % SLOTS), 0);
        queue_put_all(shared);
        park_wake_one(shared);
    }
}

int main(void)
{
    pthread_t threads[WORKERS];
    shared = aligned_alloc(128, (sizeof *shared + 127) / 128 * 128);
    memset(shared, 0, sizeof *shared);
    shared->capacity = WORKERS;
    shared->slot_count = SLOTS;
    shared->cpus = 2;
    shared->workers = aligned_alloc(128, WORKERS * sizeof *shared->workers);
    shared->slots = aligned_alloc(128, SLOTS * sizeof *shared->slots);
    shared->rings = calloc(QUEUES * 2 * SLOTS, sizeof *shared->rings);
    shared->lines = aligned_alloc(128, MAPS * WORKERS * sizeof *shared->lines);
    memset(shared->workers, 0, WORKERS * sizeof *shared->workers);
    memset(shared->slots, 0, SLOTS * sizeof *shared->slots);
    atomic_store(&shared->wanted, WORKERS);
    for (uintptr_t i = 0; i < WORKERS; i++) pthread_create(&threads[i], NULL, worker, (void *)i);
    for (unsigned round = 0; round < ROUNDS; round++) {
        for (int schedule = FORKPOOL_AUTO; schedule <= FORKPOOL_GUIDED; schedule++)
            run_map((round + (unsigned)schedule) % MAPS, (enum forkpool_schedule)schedule);
        run_calls();
    }
    atomic_store(&shared->drain, 1);
    park_wake_all(shared);
    for (unsigned i = 0; i < WORKERS; i++) pthread_join(threads[i], NULL);
    printf("tsan: %d maps and %d calls over %d threads, each task once\n", 4 * ROUNDS, TASKS * ROUNDS, WORKERS);
    return 0;
}
