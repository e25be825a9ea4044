/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How a program learns what ended and steers what has not: the descriptor, callbacks awaited, states, cancelling all;
 * iterators that obey what a map asks for; waits that refuse what is not theirs. */
#include "tests/forkpool/forkpool_board.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

enum { LONG_MS = 20000 };

static long wait_for_gate(long x) { while (!atomic_load(&board->gate)) usleep(200); return x; }
static int readable(int fd, int timeout_ms)
{
    struct pollfd wanted = {fd, POLLIN, 0};
    return poll(&wanted, 1, timeout_ms);
}

START_TEST(descriptor_is_readable_when_something_ended)
{
    open_workers(2);
    struct forkpool_job *early = forkpool_async(pool, wait_for_gate, 1); /* before anybody asked */
    int fd = forkpool_fd(pool);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(forkpool_fd(pool), fd);
    forkpool_poll(pool);
    ck_assert_int_eq(readable(fd, 0), 0);
    atomic_store(&board->gate, 1);
    ck_assert_int_eq(readable(fd, LONG_MS), 1);
    ck_assert_int_eq(forkpool_status(early), 0);
    forkpool_release(early);
    for (long i = 0; i < 200; i++) { /* one by one: none may be missed */
        forkpool_poll(pool);
        struct forkpool_job *job = forkpool_async(pool, square, i);
        while (forkpool_status(job) == -EINPROGRESS) {
            ck_assert_int_eq(readable(fd, LONG_MS), 1);
            forkpool_poll(pool);
        }
        ck_assert_int_eq(forkpool_value(job), i * i);
        forkpool_release(job);
    }
}
END_TEST

static long close_all(long x) { for (int fd = 0; fd < 64; fd++) close(fd); return x; }

START_TEST(descriptor_survives_tasks_that_close_theirs_and_maps)
{
    open_workers(1);
    int fd = forkpool_fd(pool);
    struct forkpool_job *jobs[2] = {forkpool_async(pool, close_all, 1), NULL};
    ck_assert_int_eq(forkpool_map_async(pool, &(struct forkpool_map){.range = count, .tasks = 50}, &jobs[1]), 0);
    for (int i = 0; i < 2; i++) {
        while (forkpool_status(jobs[i]) == -EINPROGRESS) {
            ck_assert_int_eq(readable(fd, LONG_MS), 1);
            forkpool_poll(pool);
        }
        forkpool_release(jobs[i]);
    }
}
END_TEST

/* The child neither waits for a thread that it does not have nor disturbs the parent's. */
START_TEST(descriptor_in_a_child_of_the_program)
{
    open_workers(1);
    int fd = forkpool_fd(pool), status = 0;
    pid_t child = fork();
    if (!child) {
        alarm(10);
        if (forkpool_fd(pool) != FORKPOOL_FORKED || forkpool_poll_wait(pool, 0) != FORKPOOL_FORKED) _exit(1);
        forkpool_delete(pool);
        _exit(0);
    }
    waitpid(child, &status, 0);
    ck_assert_int_eq(status, 0);
    forkpool_poll(pool);
    struct forkpool_job *job = forkpool_async(pool, square, 3);
    ck_assert_int_eq(readable(fd, LONG_MS), 1);
    ck_assert_int_eq(forkpool_value(job), 9);
}
END_TEST

static int ran;
static void note(struct forkpool_job *job, int status, void *user) { (void)status, (void)user; ran++; forkpool_release(job); }
static int nothing(const void *a, size_t n, void *r, size_t m) { (void)a, (void)n, (void)r, (void)m; return 0; }

START_TEST(next_callback_is_awaited)
{
    open_workers(2);
    ck_assert_int_eq(forkpool_poll_wait(pool, FORKPOOL_FOREVER), 0); /* none is to come */
    struct forkpool_job *job, *gated = forkpool_async(pool, wait_for_gate, 1);
    ran = 0;
    for (int i = 0; i < 50; i++)
        ck_assert_int_eq(forkpool_submit(pool, &(struct forkpool_task){.run = nothing, .done = note}, &job), 0);
    int calls = 0;
    for (int rc; (rc = forkpool_poll_wait(pool, FORKPOOL_FOREVER)) != 0; calls += rc) ck_assert_int_gt(rc, 0);
    ck_assert_int_eq(calls, ran);
    ck_assert_int_eq(ran, 50);
    atomic_store(&board->gate, 1);
    ck_assert_int_eq(status_of(gated), 0);
}
END_TEST

START_TEST(queued_running_ended_and_all_cancelled)
{
    open_workers(1);
    struct forkpool_job *running = forkpool_async(pool, here, 0), *queued[3];
    for (int i = 0; i < 3; i++) queued[i] = forkpool_async(pool, square, i);
    while (!atomic_load(&board->pids[0])) usleep(200);
    ck_assert_int_eq(forkpool_started(running), 1);
    for (int i = 0; i < 3; i++) ck_assert_int_eq(forkpool_started(queued[i]), 0);
    struct forkpool_job *map;
    ck_assert_int_eq(forkpool_map_async(pool, &(struct forkpool_map){.range = count, .tasks = 50}, &map), 0);
    ck_assert_int_eq(forkpool_started(map), 0);
    ck_assert_int_eq(forkpool_cancel_all(pool, 0), 5);
    for (int i = 0; i < 3; i++) ck_assert_int_eq(forkpool_started(queued[i]), -EALREADY);
    for (int i = 0; i < 3; i++) ck_assert_int_eq(status_of(queued[i]), FORKPOOL_CANCELLED);
    ck_assert_int_eq(forkpool_started(running), 1);
    atomic_store(&board->gate, 1);
    ck_assert_int_eq(status_of(running), 0); /* told to stop, it did not care */
    ck_assert_int_eq(status_of(map), FORKPOOL_CANCELLED);
    ck_assert_int_eq(forkpool_cancel_all(pool, 1), 0);
    check_good(10);
}
END_TEST

START_TEST(waits_refuse_what_is_not_theirs)
{
    open_workers(1);
    struct forkpool *other = forkpool_open(1);
    struct forkpool_job *a = forkpool_async(pool, square, 1), *b = forkpool_async(other, square, 2);
    struct forkpool_job *mixed[2] = {a, b}, *hole[2] = {a, NULL};
    ck_assert_int_eq(forkpool_wait_any(mixed, 2, 0, NULL), -EINVAL);
    ck_assert_int_eq(forkpool_wait_any(hole, 2, 0, NULL), -EINVAL);
    ck_assert_int_eq(forkpool_wait_all(mixed, 2, 0), -EINVAL);
    ck_assert_int_eq(forkpool_wait_all(hole, 2, 0), -EINVAL);
    ck_assert_int_eq(status_of(a), 0);
    ck_assert_int_eq(status_of(b), 0);
    forkpool_delete(other);
}
END_TEST

struct scale { int factor, offset; };
static int scaled(void *context, const void *input, void *output)
{
    const struct scale *scale = context;
    *(int *)output = *(const int *)input * scale->factor + scale->offset;
    return 0;
}

/* It lies on a stack that workers do not see, and is gone while the map runs. */
START_TEST(context_of_a_map_is_copied)
{
    int input[100], output[100] = {0};
    for (int i = 0; i < 100; i++) input[i] = i;
    open_workers(2);
    struct scale scale = {3, 5};
    struct forkpool_map map = {.tasks = 100, .item = scaled, .context = &scale, .context_bytes = sizeof scale,
                               .input = input, .input_stride = sizeof *input, .output = output,
                               .output_stride = sizeof *output};
    struct forkpool_job *job;
    ck_assert_int_eq(forkpool_map_async(pool, &map, &job), 0);
    scale = (struct scale){0, 0};
    ck_assert_int_eq(status_of(job), 0);
    for (int i = 0; i < 100; i++) ck_assert_int_eq(output[i], 3 * i + 5);
    map.context = NULL;
    ck_assert_int_eq(forkpool_map(pool, &map), -EINVAL);
}
END_TEST

static int flaky(void *context, const void *input, void *output)
{
    int i = *(const int *)input, times = atomic_fetch_add(&board->tries[i], 1) + 1;
    (void)context, (void)output;
    if (i == 5 && times < 3) raise(SIGKILL);
    return i == 7 ? 9 : 0;
}

START_TEST(iterators_retry_and_fail_fast)
{
    enum { ITEMS = 400 };
    static int input[ITEMS];
    for (int i = 0; i < ITEMS; i++) input[i] = i;
    open_pool(&(struct forkpool_config){.workers = 2, .max_inflight = 8});
    struct forkpool_map map = {.tasks = ITEMS, .item = flaky, .input = input, .input_stride = sizeof *input,
                               .limits.retries = 5, .chunk = 4};
    struct forkpool_iterator *it;
    size_t index, seen = 0, cancelled = 0;
    int status;
    ck_assert_int_eq(forkpool_imap(pool, &map, 0, &it), 0);
    for (; forkpool_next(it, FORKPOOL_FOREVER, &index, &status, NULL) == 1; seen++)
        ck_assert_int_eq(status, index == 7 ? 9 : 0);
    forkpool_iterator_delete(it);
    ck_assert_uint_eq(seen, ITEMS);
    ck_assert_int_eq(atomic_load(&board->tries[5]), 3);
    map.flags = FORKPOOL_FAIL_FAST;
    ck_assert_int_eq(forkpool_imap(pool, &map, 1, &it), 0);
    for (seen = 0; forkpool_next(it, FORKPOOL_FOREVER, &index, &status, NULL) == 1; seen++)
        cancelled += status == FORKPOOL_CANCELLED;
    forkpool_iterator_delete(it);
    ck_assert_uint_eq(seen, ITEMS);
    ck_assert_uint_gt(cancelled, 0);
    map.done = note;
    ck_assert_int_eq(forkpool_imap(pool, &map, 0, &it), -EINVAL);
    ck_assert_int_eq(forkpool_next(it, 0, NULL, NULL, NULL), -EINVAL); /* NULL: there is none */
}
END_TEST

int main(void)
{
    TCase *cases = board_cases("events");
    tcase_add_test(cases, descriptor_is_readable_when_something_ended);
    tcase_add_test(cases, descriptor_survives_tasks_that_close_theirs_and_maps);
    tcase_add_test(cases, descriptor_in_a_child_of_the_program);
    tcase_add_test(cases, next_callback_is_awaited);
    tcase_add_test(cases, queued_running_ended_and_all_cancelled);
    tcase_add_test(cases, waits_refuse_what_is_not_theirs);
    tcase_add_test(cases, context_of_a_map_is_copied);
    tcase_add_test(cases, iterators_retry_and_fail_fast);
    return board_run("events", cases);
}
