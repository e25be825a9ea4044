/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Maps and iterators. */
#include "tests/forkpool/forkpool_board.h"

#include <stdbool.h>
#include <stdlib.h>

static int odd_fails(void *context, const void *input, void *output)
{
    (void)context;
    *(int *)output = 2 * *(const int *)input;
    return *(const int *)input % 2 ? 11 : 0;
}
START_TEST(map_collects_or_fails_fast)
{
    enum { N = 1000 };
    static int in[N], out[N], status[N];
    open_pool(&(struct forkpool_config){.workers = 2});
    for (int i = 0; i < N; i++) in[i] = i, out[i] = -1;
    struct forkpool_map map = {.tasks = N, .item = odd_fails, .input = in, .input_stride = sizeof *in, .output = out,
                               .output_stride = sizeof *out, .status = status, .flags = _i ? FORKPOOL_FAIL_FAST : 0,
                               .schedule = FORKPOOL_DYNAMIC};
    ck_assert_int_eq(forkpool_map(pool, &map), FORKPOOL_FAILED);
    int cancelled = 0;
    for (int i = 0; i < N; i++) {
        cancelled += status[i] == FORKPOOL_CANCELLED;
        ck_assert(status[i] == (i % 2 ? 11 : 0) || (_i && status[i] == FORKPOOL_CANCELLED));
        ck_assert_int_eq(out[i], status[i] ? -1 : 2 * i);
    }
    ck_assert_int_eq(!!cancelled, _i);
}
END_TEST

START_TEST(iterators)
{
    enum { N = 2000 };
    static int in[N];
    static bool seen[N];
    static const size_t chunks[] = {1, 7, 64};
    open_pool(&(struct forkpool_config){.workers = 2});
    for (int i = 0; i < N; i++) in[i] = i;
    for (int c = 0; c < 3; c++) {
        struct forkpool_iterator *it;
        struct forkpool_map map = {.tasks = N, .item = odd_fails, .input = in, .input_stride = sizeof *in,
                                   .output = board->tries, .output_stride = 0, .chunk = chunks[c]};
        int *out = forkpool_alloc(pool, N * sizeof *out);
        map.output = out;
        map.output_stride = sizeof *out;
        memset(seen, 0, sizeof seen);
        ck_assert_int_eq(forkpool_imap(pool, &map, _i, &it), 0);
        size_t index, count = 0;
        int status, rc;
        void *output;
        while ((rc = forkpool_next(it, FORKPOOL_FOREVER, &index, &status, &output)) == 1) {
            if (_i) ck_assert_uint_eq(index, count);
            if (seen[index] || status != (index % 2 ? 11 : 0)) ck_abort_msg("item %zu", index);
            if (!status) ck_assert_int_eq(*(int *)output, 2 * (int)index);
            seen[index] = true;
            count++;
        }
        ck_assert_int_eq(rc, 0);
        ck_assert_uint_eq(count, N);
        forkpool_iterator_delete(it);
        forkpool_free(pool, out);
    }
}
END_TEST

static int seventh_dies(void *context, const void *input, void *output)
{
    (void)context;
    if (*(const int *)input % 50 == 7) abort();
    *(int *)output = *(const int *)input;
    return 0;
}
START_TEST(iterator_with_losses_and_early_end)
{
    int in[200], lost = 0, count = 0, status;
    size_t index;
    open_pool(&(struct forkpool_config){.workers = 2, .restart_max = 1000});
    for (int i = 0; i < 200; i++) in[i] = i;
    int *out = forkpool_alloc(pool, sizeof in);
    struct forkpool_map map = {.tasks = 200, .item = seventh_dies, .input = in, .input_stride = sizeof(int), .output = out,
                               .output_stride = sizeof(int), .chunk = 8};
    struct forkpool_iterator *it;
    ck_assert_int_eq(forkpool_imap(pool, &map, _i, &it), 0);
    while (forkpool_next(it, FORKPOOL_FOREVER, &index, &status, NULL) == 1) {
        count++;
        ck_assert_int_eq(status, index % 50 == 7 ? FORKPOOL_LOST : 0);
        lost += status != 0;
    }
    ck_assert_int_eq(count, 200);
    ck_assert_int_eq(lost, 4);
    forkpool_iterator_delete(it);
    ck_assert_int_eq(forkpool_imap(pool, &map, _i, &it), 0);
    ck_assert_int_eq(forkpool_next(it, FORKPOOL_FOREVER, &index, &status, NULL), 1);
    forkpool_iterator_delete(it);
    forkpool_free(pool, out);
}
END_TEST

/* FAIL_FAST: one item fails, another then loses its worker: what stands behind it in its call has not started. */
static int first_fails_ninth_dies(void *context, const void *input, void *output)
{
    (void)context, (void)output;
    if (*(const int *)input == 8) usleep(50000), abort();
    return *(const int *)input == 0 ? 5 : 0;
}
START_TEST(iterator_fails_fast)
{
    int in[16], status;
    size_t index;
    open_workers(2);
    for (int i = 0; i < 16; i++) in[i] = i;
    struct forkpool_map map = {.tasks = 16, .item = first_fails_ninth_dies, .input = in, .input_stride = sizeof(int), .output = in,
                               .output_stride = sizeof(int), .chunk = 8, .flags = FORKPOOL_FAIL_FAST};
    struct forkpool_iterator *it;
    ck_assert_int_eq(forkpool_imap(pool, &map, 1, &it), 0);
    while (forkpool_next(it, FORKPOOL_FOREVER, &index, &status, NULL) == 1)
        ck_assert_msg(status == (index == 0 ? 5 : index < 8 ? 0 : index == 8 ? FORKPOOL_LOST : FORKPOOL_CANCELLED) ||
                          status == FORKPOOL_CANCELLED, "item %zu: %d", index, status);
    forkpool_iterator_delete(it);
}
END_TEST

/* It said that it was at its end and had handed out nothing. */
static int square_item(void *context, const void *input, void *output)
{
    (void)context;
    *(long *)output = *(const long *)input * *(const long *)input;
    return 0;
}
/* Inputs as they come: each is asked for once the one before has started, never further ahead than there is room. */
static struct { size_t fed, given, most, last; } feeding;
static int feed_next(void *user, size_t index, void *input)
{
    ck_assert_ptr_eq(user, &feeding);
    ck_assert_uint_eq(index, feeding.fed);
    if (feeding.fed == feeding.last) return 0;
    *(long *)input = (long)index;
    feeding.fed++;
    if (feeding.fed - feeding.given > feeding.most) feeding.most = feeding.fed - feeding.given;
    return 1;
}
START_TEST(iterator_takes_its_inputs_as_it_goes)
{
    enum { ROOM = 4 };
    struct forkpool_map map = {.item = square_item, .tasks = 1000000, .input_stride = sizeof(long), .output_stride = sizeof(long),
                               .output = NULL, .chunk = (size_t)_i + 1, .feed = feed_next, .user = &feeding};
    struct forkpool_iterator *it;
    size_t index;
    int status, rc;
    void *output;
    open_pool(&(struct forkpool_config){.workers = 2, .max_inflight = ROOM});
    ck_assert_int_eq(forkpool_map(pool, &map), -EINVAL);
    map.output = forkpool_alloc(pool, map.tasks * sizeof(long));
    for (feeding.last = 0; feeding.last < 2000; feeding.last += 997) {
        feeding.fed = feeding.given = feeding.most = 0;
        ck_assert_int_eq(forkpool_imap(pool, &map, 1, &it), 0);
        while ((rc = forkpool_next(it, FORKPOOL_FOREVER, &index, &status, &output)) == 1) {
            ck_assert_uint_eq(index, feeding.given++);
            ck_assert_int_eq(status, 0);
            ck_assert_int_eq(*(long *)output, (long)(index * index));
        }
        ck_assert_int_eq(rc, 0);
        ck_assert_uint_eq(feeding.given, feeding.last);
        ck_assert_uint_le(feeding.most, ROOM * map.chunk);
        forkpool_iterator_delete(it);
    }
}
END_TEST

START_TEST(iterator_waits_while_other_jobs_take_all_the_room)
{
    int in[5] = {0, 2, 4, 6, 8}, out[5], status, rc;
    size_t index, count = 0;
    open_pool(&(struct forkpool_config){.workers = 2, .max_inflight = 2});
    struct forkpool_job *jobs[2] = {forkpool_async(pool, here, 0), forkpool_async(pool, here, 1)};
    struct forkpool_map map = {.tasks = 5, .item = odd_fails, .input = in, .input_stride = sizeof *in, .output = out,
                               .output_stride = sizeof *out};
    struct forkpool_iterator *it;
    ck_assert_int_eq(forkpool_imap(pool, &map, _i, &it), 0);
    ck_assert_int_eq(forkpool_next(it, 0, &index, &status, NULL), -ETIMEDOUT);
    ck_assert_int_eq(forkpool_next(it, 20000000, &index, &status, NULL), -ETIMEDOUT);
    atomic_store(&board->gate, 1);
    while ((rc = forkpool_next(it, FORKPOOL_FOREVER, &index, &status, NULL)) == 1) count += status == 0 && out[index] == 2 * in[index];
    ck_assert_int_eq(rc, 0);
    ck_assert_uint_eq(count, 5);
    forkpool_iterator_delete(it);
    for (int i = 0; i < 2; i++) ck_assert_int_eq(forkpool_value(jobs[i]), i);
}
END_TEST

/* A static map counts on all workers there were, those that have left as idle too; fewer are wanted before they are back. */
START_TEST(static_map_of_workers_that_left)
{
    struct forkpool_stats stats;
    open_pool(&(struct forkpool_config){.workers = 4, .idle_ns = 1000000});
    for (int round = 0; round < 8; round++) {
        struct forkpool_map map = {.tasks = 8, .range = count, .schedule = FORKPOOL_STATIC};
        struct forkpool_job *job;
        ck_assert_int_eq(forkpool_resize(pool, 4), 0);
        for (int tries = 0; tries < 2000 && !forkpool_stats(pool, &stats) && stats.workers > 1; tries++) usleep(1000);
        ck_assert_int_eq(forkpool_map_async(pool, &map, &job), 0);
        ck_assert_int_eq(forkpool_resize(pool, 1), 0);
        ck_assert_int_eq(forkpool_wait(job, INT64_C(10000000000)), 0);
        ck_assert_int_eq(forkpool_status(job), 0);
        forkpool_release(job);
        for (int i = 0; i < 8; i++) ck_assert_int_eq((int)board->counts[i], round + 1);
    }
}
END_TEST

/* What `breakeven tune --shell` prints for a shell to set. */
static int longest_call(void *context, unsigned worker, size_t begin, size_t end)
{
    _Atomic int *longest = context;
    int length = (int)(end - begin), seen = atomic_load(longest);
    (void)worker;
    while (seen < length && !atomic_compare_exchange_weak(longest, &seen, length)) {}
    atomic_fetch_add(&board->calls, 1);
    return 0;
}
static int longest_with(const char *chunk, struct forkpool_map map)
{
    atomic_store(&board->gate, 0);
    atomic_store(&board->calls, 0);
    setenv("FORKPOOL_CHUNK", chunk, 1);
    map.tasks = 10000;
    map.range = longest_call;
    map.context = (void *)&board->gate;
    ck_assert_int_eq(forkpool_map(pool, &map), 0);
    unsetenv("FORKPOOL_CHUNK");
    return atomic_load(&board->gate);
}
START_TEST(saved_chunk)
{
    open_pool(&(struct forkpool_config){.workers = 2});
    ck_assert_int_eq(longest_with("100", (struct forkpool_map){0}), 100);
    ck_assert_int_eq(board->calls, 100);
    ck_assert_int_eq(longest_with("250", (struct forkpool_map){.schedule = FORKPOOL_DYNAMIC}), 1);  /* only for AUTO ... */
    ck_assert_int_eq(longest_with("250", (struct forkpool_map){.schedule = FORKPOOL_DYNAMIC, .chunk = 40}), 40);
    static const char *const no_chunks[] = {"", "0", "-5", "12x", "many", "99999999999999999999999999"};
    for (size_t i = 0; i < sizeof no_chunks / sizeof *no_chunks; i++) { /* ... and else it is measured: a quarter of a worker's part at most */
        int longest = longest_with(no_chunks[i], (struct forkpool_map){0});
        ck_assert_msg(longest > 0 && longest <= 10000 / 2 / 4, "\"%s\": calls of up to %d tasks", no_chunks[i], longest);
    }
}
END_TEST

/* Several maps and calls at once, more maps than places. */
static int tally(void *context, unsigned worker, size_t begin, size_t end)
{
    (void)worker;
    atomic_fetch_add((_Atomic long *)context, (long)(end - begin));
    return 0;
}
START_TEST(maps_at_once)
{
    enum { MAPS = 20, N = 5000 };
    struct forkpool_job *maps[MAPS], *calls[MAPS];
    open_pool(&(struct forkpool_config){.workers = 3});
    _Atomic long *sums = forkpool_alloc(pool, MAPS * sizeof *sums);
    for (long i = 0; i < MAPS; i++) {
        struct forkpool_map map = {.tasks = N, .range = tally, .context = (void *)&sums[i], .schedule = (enum forkpool_schedule)(i % 4)};
        ck_assert_int_eq(forkpool_map_async(pool, &map, &maps[i]), 0);
        calls[i] = forkpool_async(pool, square, i);
    }
    for (long i = 0; i < MAPS; i++) {
        ck_assert_int_eq(forkpool_wait(maps[i], FORKPOOL_FOREVER), 0);
        ck_assert_int_eq(forkpool_status(maps[i]), 0);
        ck_assert_int_eq(sums[i], N);
        ck_assert_int_eq(forkpool_value(calls[i]), i * i);
    }
}
END_TEST

int main(void)
{
    TCase *cases = board_cases("forkpool maps");
    tcase_add_loop_test(cases, map_collects_or_fails_fast, 0, 2);
    tcase_add_loop_test(cases, iterators, 0, 2);
    tcase_add_loop_test(cases, iterator_with_losses_and_early_end, 0, 2);
    tcase_add_test(cases, iterator_fails_fast);
    tcase_add_loop_test(cases, iterator_waits_while_other_jobs_take_all_the_room, 0, 2);
    tcase_add_loop_test(cases, iterator_takes_its_inputs_as_it_goes, 0, 2);
    tcase_add_test(cases, static_map_of_workers_that_left);
    tcase_add_test(cases, saved_chunk);
    tcase_add_test(cases, maps_at_once);
    return board_run("forkpool maps", cases);
}
