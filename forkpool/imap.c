/* SPDX-License-Identifier: MIT */
/* imap.c: results one by one. The caller keeps a window of pieces, each a hidden task, in flight. */
#include "pool.h"

#include <stdlib.h>

struct piece {
    struct forkpool_job *job; /* NULL: not started, or ended */
    size_t begin, end;        /* not yet handed out from begin on */
    bool ended;
    int status;               /* of its job, when it has ended */
};

struct forkpool_iterator {
    struct forkpool *pool;
    struct map_job map;
    struct work *work;        /* the workers' copy */
    bool ordered, stopped;    /* stopped: an item has failed, and what has not started is not to */
    bool over;                /* no input comes any more */
    size_t fed;               /* inputs that are there */
    size_t chunk, next;       /* next task to start */
    size_t window, first, count, turn; /* pieces in a ring: first, how many; where an unordered search goes on */
    struct piece *pieces;
    struct piece *given;      /* the one that items come from now */
};

static void iterator_free(struct forkpool_iterator *it)
{
    stage_free(it->pool, &it->map);
    arena_give(&it->pool->arena, it->work);
    free(it->pieces);
    free(it->map.attempts);
    free(it);
}

static int iterator_fill(struct forkpool_iterator *it)
{
    struct forkpool *pool = it->pool;
    uint32_t slots = pool->shared->config.max_inflight;
    it->chunk = it->map.asked.chunk ? it->map.asked.chunk : 1;
    it->over = !it->map.asked.feed;
    it->fed = it->over ? it->map.asked.tasks : 0;
    it->window = slots < 256 ? slots : 256;
    it->pieces = calloc(it->window, sizeof *it->pieces);
    it->work = arena_take(&pool->arena, sizeof *it->work);
    bool retries = it->map.asked.limits.retries;
    if (retries) it->map.attempts = calloc(it->map.asked.tasks + 1, 1);
    int rc = !it->pieces || !it->work || (retries && !it->map.attempts) ? -ENOMEM : stage_in(pool, &it->map);
    if (!rc) *it->work = it->map.work;
    return rc;
}

int forkpool_imap(struct forkpool *pool, const struct forkpool_map *map, int ordered, struct forkpool_iterator **result)
{
    *result = NULL;
    if (pool_foreign(pool)) return FORKPOOL_FORKED;
    if (map_check(map) || !map->item || map->done || map->failed) return -EINVAL;
    if (map->feed && (map->input || !map->input_stride)) return -EINVAL;
    struct forkpool_iterator *it = calloc(1, sizeof *it);
    if (!it) return -ENOMEM;
    it->pool = pool;
    it->map.asked = *map;
    it->ordered = ordered;
    pool_lock(pool);
    int rc = pool_refusal(pool);
    if (!rc) rc = iterator_fill(it);
    if (rc) iterator_free(it);
    else pool->iterators++, *result = it;
    pool_unlock(pool);
    return rc;
}

static struct piece *piece_at(struct forkpool_iterator *it, size_t i) { return &it->pieces[(it->first + i) % it->window]; }

/* Starts it, unless there is no room: then -EAGAIN. */
static int piece_start(struct forkpool_iterator *it, struct piece *piece)
{
    int rc = it->stopped ? FORKPOOL_CANCELLED
                         : piece_submit(it->pool, it->work, &it->map.asked.limits, piece->begin, piece->end, &piece->job);
    if (rc && rc != -EAGAIN) piece->ended = true, piece->status = rc;
    return rc;
}

/* Starts what is not started, as far as there is room. */
static void advance(struct forkpool_iterator *it)
{
    while (it->count && piece_at(it, 0)->ended && piece_at(it, 0)->begin == piece_at(it, 0)->end) {
        it->first = (it->first + 1) % it->window;
        it->count--;
        if (it->turn) it->turn--;
    }
    for (size_t i = 0; i < it->count; i++) { /* what waited for room, or is to go on after a loss */
        struct piece *piece = piece_at(it, i);
        if (piece->job || piece->ended) continue;
        if (piece_start(it, piece) == -EAGAIN) return;
    }
    while (it->count < it->window && it->next < it->fed) {
        struct piece *piece = piece_at(it, it->count);
        size_t left = it->fed - it->next;
        *piece = (struct piece){.begin = it->next, .end = it->next + (left < it->chunk ? left : it->chunk)};
        if (piece_start(it, piece) == -EAGAIN) return;
        it->next = piece->end;
        it->count++;
    }
}

/* Fail fast: what waits in the queue is cancelled, what runs is told. */
static void stop(struct forkpool_iterator *it)
{
    it->stopped = true;
    for (size_t i = 0; i < it->count; i++) {
        struct piece *piece = piece_at(it, i);
        if (piece->job) job_cancel(piece->job, 0);
    }
}

/* The item of an ended piece is to run, again or at last. */
static bool again(struct forkpool_iterator *it, size_t i)
{
    int status = relaxed(&it->map.work.status[i]);
    if (status == STATUS_RERUN) return !it->stopped;
    unsigned char *attempts = it->map.attempts;
    if (status != FORKPOOL_LOST || it->stopped || !attempts || attempts[i] >= it->map.asked.limits.retries) return false;
    attempts[i]++;
    return true;
}

/* The piece's job has ended: items behind a lost one are to run again. */
static void piece_settle(struct forkpool_iterator *it, struct piece *piece)
{
    _Atomic int *status = it->map.work.status;
    if (piece->ended || !piece->job || !job_settle(piece->job)) return;
    piece->status = piece->job->status;
    piece->job->released = true;
    job_delete(piece->job);
    piece->job = NULL;
    piece->ended = true;
    for (size_t i = piece->begin; i < piece->end; i++) {
        if (!again(it, i)) continue;
        atomic_store(&status[i], STATUS_PENDING);
        piece->ended = false; /* runs again; items that have a status are passed over */
    }
    if (piece->ended && piece->status && it->map.asked.flags & FORKPOOL_FAIL_FAST && !it->stopped) stop(it);
}

/* A piece that has ended and has items. */
static bool give(struct forkpool_iterator *it, bool sleeping)
{
    size_t looks = it->ordered && it->count ? 1 : it->count;
    for (size_t i = 0; i < looks; i++) {
        size_t turn = it->ordered ? 0 : (it->turn + i) % it->count;
        struct piece *piece = piece_at(it, turn);
        if (sleeping && piece->job) job_mark(piece->job);
        piece_settle(it, piece);
        if (!piece->ended || piece->begin == piece->end) continue;
        it->given = piece;
        it->turn = turn;
        return true;
    }
    return false;
}

/* Where other jobs take all the room, nothing is in flight and yet it is not the end: one of theirs must end first. */
static int ready(struct forkpool *pool, void *what, bool sleeping)
{
    struct forkpool_iterator *it = what;
    /* cppcheck-suppress compareBoolExpressionWithInt */
    for (int pass = 0; pass <= sleeping; pass++) { /* what runs again from one is marked by the next */
        if (sleeping) slots_mark(pool);
        advance(it);
        if (!it->count && it->over && it->next == it->fed) return 1;
        if (give(it, sleeping)) return 1;
    }
    advance(it);
    return 0;
}

static int looked(struct forkpool_iterator *it)
{
    pool_lock(it->pool);
    int answer = ready(it->pool, it, false);
    pool_unlock(it->pool);
    return answer;
}

/* The next chunk's inputs, where it could start. False: none is wanted now. Without the lock. */
static bool feed(struct forkpool_iterator *it)
{
    const struct forkpool_map *asked = &it->map.asked;
    if (it->over || it->next < it->fed || it->count == it->window) return false;
    for (size_t i = 0; i < it->chunk; i++) {
        char *input = (char *)it->map.staged_input + it->fed * asked->input_stride;
        it->over = it->stopped || it->fed == asked->tasks || !asked->feed(asked->user, it->fed, input);
        if (it->over) break;
        atomic_store_explicit(&it->map.work.status[it->fed], STATUS_PENDING, memory_order_relaxed); /* before its piece starts */
        it->fed++;
    }
    return true;
}

/* 1: a piece has items, or it is at its end. */
static int next_piece(struct forkpool_iterator *it, int64_t timeout_ns)
{
    while (it->map.asked.feed) {
        if (looked(it)) return 1;
        if (!feed(it)) break;
    }
    return wait_for(it->pool, NULL, ready, it, timeout_ns);
}

static int item_status(const struct forkpool_iterator *it, const struct piece *piece, size_t i)
{
    int status = relaxed(&it->map.work.status[i]);
    if (status > STATUS_RERUN) return status;
    if (status == STATUS_RERUN && piece->status != FORKPOOL_BROKEN) return FORKPOOL_CANCELLED; /* behind a lost one */
    return piece->status ? piece->status : FORKPOOL_CANCELLED;
}

int forkpool_next(struct forkpool_iterator *it, int64_t timeout_ns, size_t *index, int *status, void **output)
{
    if (!it) return -EINVAL;
    const struct forkpool_map *asked = &it->map.asked;
    if (pool_foreign(it->pool)) return FORKPOOL_FORKED;
    if (!it->given || it->given->begin == it->given->end) {
        it->given = NULL;
        int rc = next_piece(it, timeout_ns);
        if (rc < 0) return rc;
        if (!it->given) return 0;
    }
    size_t i = it->given->begin++;
    int good = item_status(it, it->given, i);
    char *from = it->map.work.output ? it->map.work.output + i * asked->output_stride : NULL;
    if (it->map.staged_output && !good)
        from = memcpy((char *)asked->output + i * asked->output_stride, from, asked->output_stride);
    if (asked->status) asked->status[i] = good;
    if (index) *index = i;
    if (status) *status = good;
    if (output) *output = from;
    return 1;
}

void forkpool_iterator_delete(struct forkpool_iterator *it)
{
    NOT_CANCELLED;
    if (!it) return;
    struct forkpool *pool = it->pool;
    if (pool_foreign(pool)) return;
    pool_lock(pool);
    for (size_t i = 0; i < it->count; i++)
        if (piece_at(it, i)->job) job_cancel(piece_at(it, i)->job, 1);
    pool_unlock(pool);
    for (size_t i = 0; i < it->count; i++) { /* workers must be out of its memory */
        struct piece *piece = piece_at(it, i);
        if (!piece->job) continue;
        forkpool_wait(piece->job, FORKPOOL_FOREVER);
        forkpool_release(piece->job);
    }
    pool_lock(pool);
    pool->iterators--;
    iterator_free(it);
    pool_drain_if_due(pool);
    pool_unlock(pool);
}
