/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tasks in tasks: every child runs exactly once, or its parent hears of its loss; nothing waits for ever. */
#include "tests/forkpool/forkpool_board.h"

#include <errno.h>
#include <signal.h>

/* Counts [begin, end) by halves, and who took part. */
static int halves(void *context, unsigned worker, size_t begin, size_t end)
{
    if (end - begin <= 16) {
        atomic_fetch_or(&board->pids[worker], 1);
        return count(context, worker, begin, end);
    }
    size_t middle = begin + (end - begin) / 2;
    forkpool_spawn(halves, context, begin, middle);
    int status = halves(context, worker, middle, end);
    return status ? status : forkpool_sync();
}
static int all_of_it(void *context, unsigned worker, size_t begin, size_t end)
{
    return halves(context, worker, begin * 10000, end * 10000);
}

static void counted(size_t tasks, unsigned times)
{
    for (size_t i = 0; i < tasks; i++) ck_assert_uint_eq(atomic_load(&board->counts[i]), times);
}

START_TEST(every_part_runs_once)
{
    open_workers(2 + 4 * (unsigned)_i);
    for (unsigned times = 1; times <= 6; times++) {
        ck_assert_int_eq(forkpool_map(pool, &(struct forkpool_map){.range = all_of_it, .tasks = 10, .chunk = 3}), 0);
        counted(100000, times);
    }
}
END_TEST

static int gated(void *context, unsigned worker, size_t begin, size_t end)
{
    (void)context, (void)end;
    atomic_store(&board->pids[begin], (int)worker + 1);
    await(&board->gate, 1);
    return 0;
}
/* Waits until another worker has the child. */
static int offers_one(void *context, unsigned worker, size_t begin, size_t end)
{
    (void)context, (void)begin, (void)end;
    forkpool_spawn(gated, NULL, 1, 2);
    await(&board->pids[1], 1);
    if (atomic_load(&board->pids[1]) == (int)worker + 1) return 1;
    atomic_store(&board->gate, 1);
    return forkpool_sync();
}

START_TEST(a_sleeping_worker_comes_for_a_child)
{
    open_workers(2);
    usleep(20000); /* both are asleep */
    ck_assert_int_eq(forkpool_map(pool, &(struct forkpool_map){.range = offers_one, .tasks = 1}), 0);
}
END_TEST

static int dies_elsewhere(void *context, unsigned worker, size_t begin, size_t end)
{
    (void)begin, (void)end;
    atomic_store(&board->hits, 1);
    if (context && worker + 1 != (unsigned)atomic_load(&board->pids[0])) raise(SIGKILL);
    return 5;
}
static int hears_of_it(void *context, unsigned worker, size_t begin, size_t end)
{
    (void)begin, (void)end;
    atomic_store(&board->pids[0], (int)worker + 1);
    forkpool_spawn(dies_elsewhere, context, 0, 1);
    if (context) await(&board->hits, 1);
    atomic_store(&board->calls, forkpool_sync());
    forkpool_spawn(dies_elsewhere, NULL, 0, 1); /* not waited for: its failure is the task's */
    return 0;
}

START_TEST(a_lost_or_failed_child_is_heard_of)
{
    open_workers(2);
    ck_assert_int_eq(forkpool_map(pool, &(struct forkpool_map){.range = hears_of_it, .tasks = 1, .context = board}),
                     FORKPOOL_FAILED);
    ck_assert_int_eq(atomic_load(&board->calls), FORKPOOL_LOST);
    ck_assert_int_eq(last_loss().signal, SIGKILL);
    ck_assert_int_eq(forkpool_map(pool, &(struct forkpool_map){.range = hears_of_it, .tasks = 1}), FORKPOOL_FAILED);
    ck_assert_int_eq(atomic_load(&board->calls), FORKPOOL_FAILED);
    check_good(20);
}
END_TEST

static int dies_as_parent(void *context, unsigned worker, size_t begin, size_t end)
{
    (void)context, (void)worker;
    for (size_t i = begin; i < end; i++) forkpool_spawn(count, NULL, i, i + 1);
    raise(SIGKILL);
    return 0;
}

START_TEST(children_of_a_dead_parent_are_dropped)
{
    open_workers(2);
    for (int i = 0; i < 8; i++)
        ck_assert_int_eq(forkpool_map(pool, &(struct forkpool_map){.range = dies_as_parent, .tasks = 20, .chunk = 20}),
                         FORKPOOL_LOST);
    ck_assert_int_eq(forkpool_map(pool, &(struct forkpool_map){.range = all_of_it, .tasks = 2}), 0);
    for (size_t i = 20; i < 20000; i++) ck_assert_uint_eq(atomic_load(&board->counts[i]), 1);
}
END_TEST

static int many(void *context, unsigned worker, size_t begin, size_t end)
{
    (void)context, (void)worker;
    for (size_t i = begin; i < end; i++) forkpool_spawn(count, NULL, i, i + 1);
    return forkpool_sync();
}

START_TEST(a_full_board_and_no_pool_run_at_once)
{
    open_workers(1);
    ck_assert_int_eq(forkpool_map(pool, &(struct forkpool_map){.range = many, .tasks = 1000, .chunk = 1000}), 0);
    counted(1000, 1);
    ck_assert_int_eq(halves(NULL, 0, 0, 1000), 0);
    counted(1000, 2);
    forkpool_spawn(dies_elsewhere, NULL, 0, 1);
    ck_assert_int_eq(forkpool_sync(), FORKPOOL_FAILED);
    ck_assert_int_eq(forkpool_sync(), 0);
}
END_TEST

/* A worker dies here and there: each map ends, well or LOST or FAILED (a child was lost), and the pool stays sound. */
static int dies_sometimes(void *context, unsigned worker, size_t begin, size_t end)
{
    if (end - begin > 16) {
        size_t middle = begin + (end - begin) / 2;
        forkpool_spawn(dies_sometimes, context, begin, middle);
        dies_sometimes(context, worker, middle, end);
        return forkpool_sync();
    }
    if (atomic_fetch_add(&board->hits, 1) % 1009 == 0) raise(SIGKILL);
    return 0;
}

START_TEST(deaths_anywhere)
{
    open_pool(&(struct forkpool_config){.workers = 3, .restart_max = 1000000});
    int lost = 0;
    for (int i = 0; i < 20; i++) {
        int rc = forkpool_map(pool, &(struct forkpool_map){.range = dies_sometimes, .tasks = 8000, .chunk = 4000});
        ck_assert_msg(rc == 0 || rc == FORKPOOL_LOST || rc == FORKPOOL_FAILED, "%s", forkpool_strerror(rc));
        lost += rc != 0;
    }
    ck_assert_int_gt(lost, 0);
    check_good(20);
}
END_TEST

int main(void)
{
    TCase *cases = board_cases("children");
    tcase_add_loop_test(cases, every_part_runs_once, 0, 2);
    tcase_add_test(cases, a_sleeping_worker_comes_for_a_child);
    tcase_add_test(cases, a_lost_or_failed_child_is_heard_of);
    tcase_add_test(cases, children_of_a_dead_parent_are_dropped);
    tcase_add_test(cases, a_full_board_and_no_pool_run_at_once);
    tcase_add_test(cases, deaths_anywhere);
    return board_run("children", cases);
}
