/* SPDX-License-Identifier: MIT */
/* map.c: many tasks as one job. The map is dealt to the workers' lines and runs without the program; what a dead worker
 * left over, and what is to be tried again, is started here as a further round once the first is over. */
#include "pool.h"

#include <limits.h>
#include <stdlib.h>

#include "park.h"
#include "range.h"

enum { NO_ROOM = -1 };

int map_check(const struct forkpool_map *map)
{
    if (!map->range == !map->item || (map->context_bytes && !map->context)) return -EINVAL;
    if ((unsigned)map->schedule > FORKPOOL_GUIDED || map->flags & ~(unsigned)(FORKPOOL_FAIL_FAST | FORKPOOL_IN_PLACE))
        return -EINVAL;
    return 0;
}

void map_free(struct forkpool_job *job)
{
    stage_free(job->pool, job->map);
    free(job->map->attempts);
    free(job->map->redos);
    free(job->map);
    job->map = NULL;
}

/* Are workers still looking at what the place holds or held last? */
static bool inside(struct shared *shared, unsigned place)
{
    for (uint32_t i = 0; i < shared->capacity; i++)
        if ((atomic_load(&shared->workers[i].in_map) & ~IN_MAP_CONDEMNED) == place + 1) return true;
    return false;
}

static int free_place(struct forkpool *pool)
{
    for (unsigned place = 0; place < MAPS; place++)
        if (!pool->map_jobs[place] && !inside(pool->shared, place)) return (int)place;
    return NO_ROOM;
}

static void cut_into_units(struct map *map, const struct map_job *work, size_t tasks, uint32_t workers)
{
    size_t chunk = work->asked.chunk ? work->asked.chunk : 1, units = tasks / chunk + (tasks % chunk != 0);
    if (units > UNITS_MAX) {
        chunk = tasks / UNITS_MAX + 1;
        units = tasks / chunk + (tasks % chunk != 0);
    }
    map->chunk = chunk;
    map->units = (uint32_t)units;
    map->lines = workers;
    map->static_units = work->asked.chunk ? 1 : UNITS_MAX;
}

static void fill(struct map *map, const struct forkpool_job *job, size_t tasks, uint32_t workers)
{
    const struct forkpool_map *asked = &job->map->asked;
    cut_into_units(map, job->map, tasks, workers);
    map->tasks = tasks;
    map->base = job->map->base;
    map->schedule = asked->schedule;
    map->flags = asked->flags;
    map->job = job->id;
    map->limits = limits_of(&asked->limits);
    map->limited = asked->limits.soft_ns || asked->limits.hard_ns || asked->limits.cpu_ns;
    map->work = job->map->work;
    atomic_store(&map->stop, 0);
    atomic_store(&map->failed, 0);
    atomic_store(&map->dropped, 0);
    atomic_store(&map->cancelled, 0);
    atomic_store(&map->rerun, 0);
    atomic_store(&map->lost, 0);
    atomic_store(&map->limit, 0);
    atomic_store(&map->killed, 0);
}

/* Workers with a share are woken; with fewer units than workers, some have none. */
static void wake(struct forkpool *pool, unsigned place)
{
    struct shared *shared = pool->shared;
    for (uint32_t i = 0; i < pool->wanted; i++)
        if (range_left(&map_lines(shared, place)[i]) && atomic_load(&shared->workers[i].parked)) park_wake(shared, i);
    if (atomic_load(&shared->retired)) pool_recall(pool);
}

static void start(struct forkpool_job *job, size_t tasks)
{
    struct forkpool *pool = job->pool;
    struct shared *shared = pool->shared;
    unsigned place = (unsigned)job->place;
    struct map *map = &shared->maps[place];
    uint32_t state = atomic_load(&map->state);
    fill(map, job, tasks, pool->wanted);
    range_deal(map_lines(shared, place), pool->wanted, map->units);
    atomic_store(&map->state, ((state & ~3u) + 4) | MAP_ACTIVE);
    atomic_fetch_or(&shared->active, UINT64_C(1) << place);
    atomic_fetch_add(&shared->active, UINT64_C(1) << MAPS);
    wake(pool, place);
}

static bool ended(const struct map *map) { return (atomic_load(&map->state) & 3u) == MAP_ENDED; }

/* Adds this round's outcome; lost ranges that may be tried again are queued. */
static void take_round(struct forkpool_job *job, struct map *map)
{
    struct map_job *work = job->map;
    uint32_t lost = acquire(&map->lost), kept = lost < LOST_RANGES ? lost : LOST_RANGES;
    if (!work->failed) work->failed = atomic_load(&map->failed);
    work->limit += atomic_load(&map->limit);
    work->killed += atomic_load(&map->killed);
    work->skipped += atomic_load(&map->cancelled);
    if (work->asked.item || !job->retries || work->redo_attempts >= job->retries || work->cancelled) kept = 0;
    struct redo *redos = kept ? realloc(work->redos, (work->redo_count + kept) * sizeof *redos) : NULL;
    if (!redos) kept = 0;
    else work->redos = redos;
    uint32_t again = 0;
    for (uint32_t i = 0; i < kept; i++) {
        size_t begin = map->lost_ranges[i].begin, end = map->lost_ranges[i].end;
        if (begin >= end || end > work->asked.tasks) continue; /* a task has written there */
        redos[work->redo_count++] = (struct redo){begin, end, work->redo_attempts + 1};
        again++;
    }
    if (!work->asked.item) work->lost += lost - again;
}

/* Items that a lost call left over, and lost ones with tries left, become pending again. */
static bool items_again(struct forkpool_job *job)
{
    struct map_job *work = job->map;
    size_t again = 0;
    work->lost = 0;
    for (size_t i = 0; i < work->asked.tasks; i++) {
        int status = relaxed(&work->work.status[i]);
        bool retry = status == FORKPOOL_LOST && work->attempts && work->attempts[i] < job->retries;
        if (status == FORKPOOL_LOST && !retry) work->lost++;
        if (status != STATUS_RERUN && !retry) continue;
        if (retry) work->attempts[i]++;
        atomic_store_explicit(&work->work.status[i], STATUS_PENDING, memory_order_relaxed);
        again++;
    }
    return again;
}

static bool another_round(struct forkpool_job *job, const struct map *map)
{
    struct map_job *work = job->map;
    bool stopped = work->cancelled || atomic_load(&map->stop) || pool_gone(job->pool);
    if (work->asked.item) {
        if (!atomic_load(&map->lost) && !atomic_load(&map->rerun)) return false;
        if (stopped) work->lost += atomic_load(&map->lost);
        if (stopped || !items_again(job)) return false;
        start(job, work->asked.tasks);
        return true;
    }
    if (!work->redo_count) return false;
    if (stopped) {
        work->lost += (uint32_t)work->redo_count;
        return false;
    }
    struct redo redo = work->redos[--work->redo_count];
    work->base = redo.begin;
    work->redo_attempts = redo.attempts;
    start(job, redo.end - redo.begin);
    return true;
}

static int worst(const struct forkpool_job *job, bool finished)
{
    const struct map_job *map = job->map;
    if (!finished && !job->pool->terminated && atomic_load(&job->pool->shared->error)) return FORKPOOL_BROKEN;
    if (map->lost) return FORKPOOL_LOST;
    if (map->limit) return FORKPOOL_LIMIT;
    if (map->failed) return FORKPOOL_FAILED;
    return map->skipped || map->killed || !finished ? FORKPOOL_CANCELLED : 0;
}

static bool map_settle(struct forkpool_job *job)
{
    struct forkpool *pool = job->pool;
    if (job->place < 0) return job->ended;
    struct map *map = &pool->shared->maps[job->place];
    bool gone = pool_gone(pool), finished = ended(map);
    if (!finished && !gone) return false;
    if (finished) {
        bool losses = atomic_load(&map->lost) || atomic_load(&map->rerun) || job->map->redo_count;
        if (losses && inside(pool->shared, (unsigned)job->place)) return false;
        take_round(job, map);
        if (another_round(job, map)) return false;
    }
    atomic_fetch_and(&pool->shared->active, ~(UINT64_C(1) << job->place));
    if (!finished) atomic_store(&map->state, (atomic_load(&map->state) & ~3u) | MAP_ENDED);
    pool->map_jobs[job->place] = NULL;
    stage_out(job->map);
    stage_free(pool, job->map);
    job_end(job, worst(job, finished), job->map->failed);
    return true;
}

/* Its first units may be anywhere: it has started once a worker is inside. */
static bool map_started(const struct forkpool_job *job)
{
    struct shared *shared = job->pool->shared;
    const struct line *lines = map_lines(shared, (unsigned)job->place);
    const struct map *map = &shared->maps[job->place];
    for (uint32_t i = 0; i < shared->capacity && i < map->lines; i++)
        if (acquire(&lines[i].ended)) return true;
    return inside(shared, (unsigned)job->place);
}

/* What nobody has begun ends here: the workers may be busy elsewhere for long. */
static void drop_rest(struct shared *shared, unsigned place)
{
    struct map *map = &shared->maps[place];
    struct line *lines = map_lines(shared, place);
    uint32_t state = atomic_load(&map->state), count = map->lines <= shared->capacity ? map->lines : shared->capacity;
    if ((state & 3u) != MAP_ACTIVE) return;
    uint32_t dropped = range_drop(lines, count);
    atomic_fetch_add(&map->cancelled, dropped);
    atomic_fetch_add(&map->dropped, dropped);
    if (range_all_ended(lines, count, map->units, &map->dropped) &&
        atomic_compare_exchange_strong(&map->state, &state, (state & ~3u) | MAP_ENDED))
        event_raise(shared);
}

static bool map_cancel(struct forkpool_job *job, int kill)
{
    job->map->cancelled = true;
    atomic_store(&job->pool->shared->maps[job->place].stop, kill ? 2 : 1);
    drop_rest(job->pool->shared, (unsigned)job->place);
    if (kill) pool_poke(job->pool);
    return true;
}

const struct job_actions map_actions = {map_settle, map_started, map_cancel, map_free};

static int room(struct forkpool *pool, void *place, bool sleeping)
{
    (void)sleeping;
    int refused = pool_refusal(pool); /* read once: forkpool_interrupt needs no lock */
    if (refused) return refused;
    for (unsigned i = 0; i < MAPS; i++)
        if (pool->map_jobs[i]) job_settle(pool->map_jobs[i]);
    return (*(int *)place = free_place(pool)) != NO_ROOM;
}

/* $FORKPOOL_CHUNK, which somebody measured (breakeven tune --shell), goes before measuring here. */
static void take_recommended(struct forkpool_map *asked)
{
    const char *text = getenv("FORKPOOL_CHUNK");
    char *end;
    unsigned long chunk = text ? strtoul(text, &end, 10) : 0;
    if (asked->schedule != FORKPOOL_AUTO || asked->chunk || !chunk || chunk > LONG_MAX /* below 0, or too long */ || *end) return;
    asked->schedule = FORKPOOL_DYNAMIC;
    asked->chunk = chunk;
}

static int prepare(struct forkpool_job *job, const struct forkpool_map *asked)
{
    struct map_job *map = job->map = calloc(1, sizeof *job->map);
    if (!map) return -ENOMEM;
    map->asked = *asked;
    take_recommended(&map->asked);
    job->retries = asked->limits.retries > 255 ? 255 : asked->limits.retries;
    if (job->retries && asked->item && !(map->attempts = calloc(asked->tasks ? asked->tasks : 1, 1))) return -ENOMEM;
    return stage_in(job->pool, map);
}

static void begin(struct forkpool_job *job, const struct forkpool_map *asked)
{
    struct forkpool *pool = job->pool;
    struct limits limits;
    job_calls_back(job, asked->done, asked->failed, asked->user);
    job_limits(job, &asked->limits, &limits);
    if (job->retries || asked->item) {
        job->repeatable = true;
        pool->repeatable++;
    }
    pool->submitted++;
}

int forkpool_map_async(struct forkpool *pool, const struct forkpool_map *asked, struct forkpool_job **result)
{
    int place, rc = pool_foreign(pool) ? FORKPOOL_FORKED : asked->feed ? -EINVAL : map_check(asked);
    if (rc || (rc = wait_for_room(pool, room, &place))) return rc;
    struct forkpool_job *job = job_new(pool, JOB_MAP);
    rc = job ? prepare(job, asked) : -ENOMEM;
    if (rc && job) job_delete(job);
    if (!rc) {
        *result = job;
        job->place = place;
        pool->map_jobs[place] = job;
        begin(job, asked);
        if (asked->tasks) start(job, asked->tasks);
        else {
            pool->map_jobs[place] = NULL;
            job_end(job, 0, 0);
        }
    }
    pool_unlock(pool);
    return rc;
}

int forkpool_map(struct forkpool *pool, const struct forkpool_map *map)
{
    NOT_CANCELLED;
    struct forkpool_job *job;
    int rc = forkpool_map_async(pool, map, &job);
    if (rc) return rc;
    rc = forkpool_wait(job, FORKPOOL_FOREVER);
    if (!rc) rc = forkpool_status(job);
    forkpool_release(job);
    return rc;
}
