/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Callbacks that submit do not run inside each other; one that joins does not wait for others'; one that does not return
 * leaves the pool sound. */
#include "tests/forkpool/forkpool_board.h"

#include <errno.h>
#include <pthread.h>

enum { NODES = 2000, ROOM = 4 };

static int nothing(const void *argument, size_t argument_bytes, void *result, size_t result_bytes)
{
    (void)argument, (void)argument_bytes, (void)result, (void)result_bytes;
    return 0;
}

static long left, depth, deepest, ended;
static forkpool_done_fn submit_two;
static void submit_one(void)
{
    struct forkpool_job *job;
    if (left-- <= 0) return;
    ck_assert_int_eq(forkpool_submit(pool, &(struct forkpool_task){.run = nothing, .done = submit_two, .failed = submit_two}, &job), 0);
    forkpool_release(job);
}
static void submit_two(struct forkpool_job *job, int status, void *user)
{
    (void)job, (void)user;
    ck_assert_int_eq(status, 0);
    if (++depth > deepest) deepest = depth;
    ended++;
    submit_one();
    submit_one();
    ck_assert_int_eq(forkpool_poll(pool), 0);
    ck_assert_int_eq(forkpool_poll_wait(pool, FORKPOOL_FOREVER), -EDEADLK);
    depth--;
}

START_TEST(a_tree_of_jobs_is_no_deep_stack)
{
    open_pool(&(struct forkpool_config){.workers = 2, .max_inflight = ROOM});
    left = NODES;
    submit_one();
    while (ended < NODES) ck_assert_int_gt(forkpool_poll_wait(pool, FORKPOOL_FOREVER), 0);
    ck_assert_int_eq(deepest, 1);
}
END_TEST

static int called;
static void count_call(struct forkpool_job *job, int status, void *user) { (void)job, (void)status, (void)user, called++; }
static void end_thread(struct forkpool_job *job, int status, void *user)
{
    count_call(job, status, user);
    pthread_exit(NULL); /* unwinds as an exception does */
}
static void *wait_for_callbacks(void *unused)
{
    while (forkpool_poll_wait(pool, FORKPOOL_FOREVER) > 0) {}
    return unused;
}

START_TEST(a_callback_that_does_not_return_leaves_the_pool_sound)
{
    struct forkpool_job *job;
    pthread_t thread;
    open_workers(2);
    for (int i = 0; i < 10; i++) {
        ck_assert_int_eq(forkpool_submit(pool, &(struct forkpool_task){.run = nothing, .done = i ? count_call : end_thread}, &job), 0);
        forkpool_release(job);
    }
    pthread_create(&thread, NULL, wait_for_callbacks, NULL);
    pthread_join(thread, NULL);
    wait_for_callbacks(NULL);
    ck_assert_int_eq(called, 10);
    check_good(20);
}
END_TEST

static void close_and_join(struct forkpool_job *job, int status, void *user)
{
    count_call(job, status, user);
    ck_assert_int_eq(forkpool_close(pool), 0);
    ck_assert_int_eq(forkpool_join(pool, *(const int64_t *)user), 0);
}

/* The others' callbacks wait for this one to return: it waited for them. */
static void join_in_one_of(int count, int64_t timeout_ns)
{
    struct forkpool_task task = {.run = nothing, .done = close_and_join, .user = &timeout_ns};
    struct forkpool_job *job[ROOM];
    open_workers(2);
    called = 0;
    for (int i = 0; i < count; i++) ck_assert_int_eq(forkpool_submit(pool, &task, &job[i]), 0);
    ck_assert_int_eq(forkpool_wait_all(job, (size_t)count, FORKPOOL_FOREVER), 0);
    while (forkpool_poll(pool)) {}
    ck_assert_int_eq(called, count);
    for (int i = 0; i < count; i++) forkpool_release(job[i]);
    forkpool_delete(pool);
    pool = NULL;
}

START_TEST(joining_in_a_callback_ends_though_others_wait_behind_it)
{
    join_in_one_of(1, FORKPOOL_FOREVER);
    join_in_one_of(ROOM, FORKPOOL_FOREVER);
    join_in_one_of(ROOM, INT64_C(20000000000));
}
END_TEST

int main(void)
{
    TCase *cases = board_cases("callbacks");
    tcase_add_test(cases, a_tree_of_jobs_is_no_deep_stack);
    tcase_add_test(cases, a_callback_that_does_not_return_leaves_the_pool_sound);
    tcase_add_test(cases, joining_in_a_callback_ends_though_others_wait_behind_it);
    return board_run("forkpool callbacks", cases);
}
