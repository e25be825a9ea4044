/* SPDX-License-Identifier: MIT */
/* mapper.c: a worker takes part in a map. */
#include "worker.h"

#include <sched.h>

#include "park.h"
#include "queue.h"
#include "range.h"
#include "spread.h"

enum { AUTO_CALL_NS = 50000, LOOKS_FOR_UNITS = 64 };

/* What a call in one map needs, at hand. */
struct visit {
    struct self *self;
    struct map *map;
    struct line *own;
    uint32_t batch; /* units per call of an automatic schedule, grows */
    struct spread spread;
};

static void map_failed(struct map *map, int status)
{
    int none = 0;
    atomic_compare_exchange_strong(&map->failed, &none, status);
    if (map->flags & FORKPOOL_FAIL_FAST) atomic_store(&map->stop, 1);
}

static inline void call_ended(struct visit *visit, struct units units, int status)
{
    if (__builtin_expect(status != 0, 0)) map_failed(visit->map, status);
    range_finish(visit->own, units.end - units.begin);
    worker_count(visit->self);
    if (__builtin_expect(!--visit->spread.calls, 0)) spread_look(&visit->spread, visit->self->shared, visit->self->me);
}

static void call_units(struct visit *visit, struct units units)
{
    struct map *map = visit->map;
    struct tasks tasks = range_tasks(map, units);
    if (map->limited) worker_limited_begin(visit->self, &map->limits);
    int status = work_call(visit->self, &map->work, tasks.begin, tasks.end);
    if (map->limited) worker_limited_end(visit->self);
    call_ended(visit, units, status);
}

/* Stopped: units end without a call. */
static void skip_units(struct visit *visit, struct units units)
{
    atomic_fetch_add(&visit->map->cancelled, units.end - units.begin);
    range_finish(visit->own, units.end - units.begin);
}

static void call_measured(struct visit *visit, struct units units)
{
    int64_t start = now_ns();
    call_units(visit, units);
    int64_t took = now_ns() - start;
    uint32_t count = units.end - units.begin;
    int64_t fits = took > 0 ? AUTO_CALL_NS * (int64_t)count / took : 2 * (int64_t)count;
    if (fits > 2 * (int64_t)count) fits = 2 * (int64_t)count;
    visit->batch = fits < 1 ? 1 : fits > UNITS_MAX ? UNITS_MAX : (uint32_t)fits;
}

static uint32_t next_batch(const struct visit *visit)
{
    uint32_t quarter = range_left(visit->own) / 4;
    switch (visit->map->schedule) {
    case FORKPOOL_STATIC: return visit->map->static_units;
    case FORKPOOL_GUIDED: return quarter ? quarter : 1;
    case FORKPOOL_AUTO: return visit->batch < quarter ? visit->batch : quarter ? quarter : 1;
    case FORKPOOL_DYNAMIC: break;
    }
    return 1;
}

static inline bool interrupted(const struct visit *visit)
{
    return worker_leaving(visit->self) || queue_puts(visit->self->shared) != visit->self->takes;
}

static void run_units(struct visit *visit, struct units units)
{
    if (__builtin_expect(relaxed(&visit->map->stop) != 0, 0)) skip_units(visit, units);
    else if (visit->map->schedule == FORKPOOL_AUTO) call_measured(visit, units);
    else call_units(visit, units);
}

/* Ranges of a size that never changes, without limits: what a task of a dynamic map costs is this loop. It is one
 * function, since each store in it, of a saved register too, has to leave the cpu before the next claim. */
static bool is_plain(const struct map *map)
{
    return map->work.range && !map->limited && (map->schedule == FORKPOOL_DYNAMIC || map->schedule == FORKPOOL_STATIC);
}

/* The own range until it is empty or the map is stopped. False: interrupted. */
static bool run_plain(struct visit *visit)
{
    struct map *map = visit->map;
    forkpool_range_fn *range = map->work.range;
    uint32_t most = map->schedule == FORKPOOL_STATIC ? map->static_units : 1;
    while (__builtin_expect(!relaxed(&map->stop), 1)) {
        struct units units = range_claim(visit->own, most);
        if (!units.end || !range_sound(map, units)) return true;
        struct tasks tasks = range_tasks(map, units);
        int status = range(map->work.context, visit->self->me, tasks.begin, tasks.end);
        worker_check(visit->self);
        call_ended(visit, units, status);
        if (interrupted(visit)) return false;
    }
    return true;
}

/* The own range until it is empty. False: interrupted. */
static bool run_own(struct visit *visit)
{
    if (is_plain(visit->map) && !run_plain(visit)) return false;
    for (;;) {
        struct units units = range_claim(visit->own, relaxed(&visit->map->stop) ? UNITS_MAX : next_batch(visit));
        if (!units.end || !range_sound(visit->map, units)) return true;
        run_units(visit, units);
        if (interrupted(visit)) return false;
    }
}

/* Others' ranges while there are any. */
static bool run_others(struct visit *visit, struct line *lines)
{
    for (int looks = 0; looks < LOOKS_FOR_UNITS;) {
        bool busy = false;
        struct units units = range_steal(lines, visit->map->lines, visit->self->me, &busy);
        if (!range_sound(visit->map, units)) return true;
        if (units.end) {
            atomic_fetch_add_explicit(&visit->self->own->steals, 1, memory_order_relaxed);
            run_units(visit, units);
            if (interrupted(visit) || !run_own(visit)) return false;
            looks = 0;
        } else if (!busy) {
            return true;
        } else {
            looks++;
            sched_yield();
        }
    }
    return true;
}

static bool leave(struct self *self, unsigned number)
{
    uint32_t inside = number + 1;
    self->map = NULL;
    atomic_store_explicit(&self->own->busy, 0, memory_order_relaxed);
    return atomic_compare_exchange_strong(&self->own->in_map, &inside, 0);
}

bool mapper_run(struct self *self, unsigned number)
{
    bool exhausted = true;
    struct map *map = &self->shared->maps[number];
    uint32_t state = atomic_load(&map->state);
    if ((state & 3u) != MAP_ACTIVE || self->me >= map->lines) return true;
    atomic_store(&self->own->in_map, number + 1); /* from here the program does not use the map anew */
    STEP();
    if (atomic_load(&map->state) == state) {
        struct line *lines = map_lines(self->shared, number);
        struct visit visit = {self, map, &lines[self->me], 1, {0}};
        self->map = map;
        atomic_store_explicit(&self->own->busy, BUSY_NO_SLOT, memory_order_relaxed);
        spread_look(&visit.spread, self->shared, self->me);
        exhausted = run_own(&visit) && (map->schedule == FORKPOOL_STATIC || run_others(&visit, lines));
        STEP();
        if (range_all_ended(lines, map->lines, map->units, &map->dropped) &&
            atomic_compare_exchange_strong(&map->state, &state, (state & ~3u) | MAP_ENDED))
            event_raise(self->shared);
    }
    STEP();
    if (!leave(self, number)) worker_doomed();
    /* Who waits for us to be out entered `sleepers` before it looked. */
    if (atomic_load(&self->shared->sleepers) && (atomic_load(&map->state) & 3u) == MAP_ENDED) event_raise(self->shared);
    return exhausted;
}
