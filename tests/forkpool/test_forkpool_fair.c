/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Maps and tasks beside each other: neither starves; a cancel that was accepted is one; times that mean never; a lost
 * task with tries left is not given up for want of room. */
#include "tests/forkpool/forkpool_board.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>

enum { LATE = 20, TRIES = 300, ROOM = 64 };
static const int64_t patience_ns = LATE * INT64_C(1000000000);
static _Atomic int over;

static long some_us(long us) { usleep((unsigned)us); return us; }
static long wait_for_gate(long x) { await(&board->gate, 1); return x; }

static void *feed(void *unused)
{
    while (!atomic_load(&over)) forkpool_release(forkpool_async(pool, some_us, 1000));
    return unused;
}

START_TEST(map_ends_beside_a_stream_of_tasks)
{
    pthread_t feeder;
    struct forkpool_job *job;
    open_workers(2);
    atomic_store(&over, 0);
    pthread_create(&feeder, NULL, feed, NULL);
    usleep(50000); /* the queue is full */
    struct forkpool_map map = {.tasks = 100, .range = count, .schedule = FORKPOOL_DYNAMIC};
    ck_assert_int_eq(forkpool_map_async(pool, &map, &job), 0);
    int rc = forkpool_wait(job, patience_ns);
    atomic_store(&over, 1);
    pthread_join(feeder, NULL);
    ck_assert_int_eq(rc, 0);
    ck_assert_int_eq(status_of(job), 0);
}
END_TEST

static int until_gate(void *context, unsigned worker, size_t begin, size_t end)
{
    (void)context, (void)worker, (void)begin, (void)end;
    if (!atomic_load(&board->gate)) usleep(1000);
    return 0;
}

START_TEST(tasks_end_beside_a_map)
{
    struct forkpool_job *job;
    open_workers(2);
    struct forkpool_map map = {.tasks = 1000000, .range = until_gate, .schedule = FORKPOOL_DYNAMIC};
    ck_assert_int_eq(forkpool_map_async(pool, &map, &job), 0);
    check_good(20);
    ck_assert_int_eq(forkpool_status(job), -EINPROGRESS);
    atomic_store(&board->gate, 1);
    ck_assert_int_eq(status_of(job), 0);
}
END_TEST

START_TEST(cancelled_map_needs_no_free_worker)
{
    struct forkpool_job *busy[2], *job;
    open_workers(2);
    for (long i = 0; i < 2; i++) busy[i] = forkpool_async(pool, here, i);
    for (long i = 0; i < 2; i++) await(&board->pids[i], 1);
    struct forkpool_map map = {.tasks = 10, .range = count};
    ck_assert_int_eq(forkpool_map_async(pool, &map, &job), 0);
    ck_assert_int_eq(forkpool_cancel(job, _i), 0);
    ck_assert_int_eq(forkpool_wait(job, patience_ns), 0);
    ck_assert_int_eq(status_of(job), FORKPOOL_CANCELLED);
    ck_assert_int_eq(forkpool_status(busy[0]), -EINPROGRESS);
    atomic_store(&board->gate, 1);
    for (int i = 0; i < 2; i++) ck_assert_int_eq(status_of(busy[i]), 0);
    for (int i = 0; i < 10; i++) ck_assert_uint_eq(atomic_load(&board->counts[i]), 0);
}
END_TEST

/* At any place: each task ran once or not at all, and as many as the status says. */
START_TEST(map_cancelled_while_it_runs)
{
    open_workers(2);
    for (unsigned i = 0; i < TRIES; i++) {
        struct forkpool_job *job;
        struct forkpool_map map = {.tasks = 20000, .range = count, .schedule = i % 2 ? FORKPOOL_DYNAMIC : FORKPOOL_GUIDED};
        memset(board->counts, 0, 20000 * sizeof board->counts[0]);
        ck_assert_int_eq(forkpool_map_async(pool, &map, &job), 0);
        usleep(i);
        forkpool_cancel(job, 0);
        unsigned ran = 0, twice = 0;
        int status = status_of(job);
        for (int k = 0; k < 20000; k++) ran += atomic_load(&board->counts[k]), twice += atomic_load(&board->counts[k]) > 1;
        ck_assert_uint_eq(twice, 0);
        ck_assert_msg(status == (ran < 20000 ? FORKPOOL_CANCELLED : 0), "%u ran, status %d", ran, status);
    }
}
END_TEST

START_TEST(accepted_cancel_is_one)
{
    open_pool(&(struct forkpool_config){.workers = 1, .restart_max = 1000000});
    for (unsigned i = 0; i < TRIES; i++) {
        struct forkpool_job *job = forkpool_async(pool, square, 2);
        for (volatile unsigned k = 0; k < 20 * i; k++) {}
        int rc = forkpool_cancel(job, 1);
        ck_assert(rc == 0 || rc == -EALREADY);
        ck_assert_int_eq(status_of(job), rc ? 0 : FORKPOOL_CANCELLED);
    }
}
END_TEST

/* Its number is put down where it is the next that ran. */
static int in_turn(const void *argument, size_t argument_bytes, void *result, size_t result_bytes)
{
    int number;
    (void)result, (void)result_bytes;
    memcpy(&number, argument, argument_bytes);
    atomic_store(&board->tries[atomic_fetch_add(&board->hits, 1)], number);
    return 0;
}

/* Eight ordinary tasks wait, two that are urgent come behind them, all in one batch; and one of them with tries left. */
START_TEST(urgent_tasks_start_first)
{
    static const int wanted[] = {8, 9, 0, 1, 2, 3, 4, 5, 6, 7};
    int numbers[10];
    struct forkpool_task tasks[10];
    struct forkpool_job *busy, *jobs[10];
    open_workers(1);
    busy = forkpool_async(pool, here, 0);
    await(&board->pids[0], 1);
    for (int i = 0; i < 10; i++) {
        numbers[i] = i;
        tasks[i] = (struct forkpool_task){.run = in_turn, .argument = &numbers[i], .argument_bytes = sizeof(int), .urgent = i >= 8};
    }
    ck_assert_int_eq(forkpool_submit_many(pool, tasks, 10, jobs), 0);
    atomic_store(&board->gate, 1);
    ck_assert_int_eq(forkpool_wait_all(jobs, 10, patience_ns), 0);
    for (int i = 0; i < 10; i++) ck_assert_int_eq(status_of(jobs[i]), 0);
    for (int i = 0; i < 10; i++) ck_assert_int_eq(atomic_load(&board->tries[i]), wanted[i]);
    ck_assert_int_eq(status_of(busy), 0);
}
END_TEST

/* A cancelled task's entry stays in its queue: it is not to let a later task, in the same slot, start before those between. */
START_TEST(order_beside_cancelled_tasks)
{
    enum { COUNT = 10 };
    struct forkpool_job *busy, *jobs[COUNT], *dropped[COUNT];
    open_workers(1);
    busy = forkpool_async(pool, here, 0);
    await(&board->pids[0], 1);
    for (int i = 0; i < COUNT; i++) {
        struct forkpool_task task = {.run = in_turn, .argument = &i, .argument_bytes = sizeof i, .urgent = i % 3 == 0};
        ck_assert_int_eq(forkpool_submit(pool, &task, &dropped[i]), 0);
    }
    for (int i = 0; i < COUNT; i++) {
        struct forkpool_task task = {.run = in_turn, .argument = &i, .argument_bytes = sizeof i};
        ck_assert_int_eq(forkpool_cancel(dropped[i], 0), 0);
        ck_assert_int_eq(status_of(dropped[i]), FORKPOOL_CANCELLED);
        if (i % 2) forkpool_release(forkpool_async(pool, square, i)); /* this one in its slot, */
        ck_assert_int_eq(forkpool_submit(pool, &task, &jobs[i]), 0);  /* or this one */
    }
    atomic_store(&board->gate, 1);
    ck_assert_int_eq(forkpool_wait_all(jobs, COUNT, patience_ns), 0);
    for (int i = 0; i < COUNT; i++) ck_assert_int_eq(status_of(jobs[i]), 0);
    for (int i = 0; i < COUNT; i++) ck_assert_int_eq(atomic_load(&board->tries[i]), i);
    ck_assert_int_eq(status_of(busy), 0);
}
END_TEST

/* More than there is room for: the batch waits for room, or says how far it came. */
START_TEST(batch_larger_than_the_room)
{
    enum { MANY_TASKS = 300 };
    static int numbers[MANY_TASKS];
    static struct forkpool_task tasks[MANY_TASKS];
    static struct forkpool_job *jobs[MANY_TASKS];
    open_pool(&(struct forkpool_config){.workers = 2, .max_inflight = 16, .would_block = _i});
    struct forkpool_job *busy[2];
    for (int i = 0; _i && i < 2; i++) busy[i] = forkpool_async(pool, here, i);
    for (int i = 0; _i && i < 2; i++) await(&board->pids[i], 1); /* else a worker that comes late takes what is urgent first */
    for (int i = 0; i < MANY_TASKS; i++)
        numbers[i] = i, tasks[i] = (struct forkpool_task){.run = in_turn, .argument = &numbers[i], .argument_bytes = sizeof(int), .urgent = i % 3 == 0};
    ck_assert_int_eq(forkpool_submit_many(pool, tasks, MANY_TASKS, jobs), _i ? -EAGAIN : 0);
    atomic_store(&board->gate, 1);
    for (int i = 0; i < MANY_TASKS; i++)
        if (_i && i >= 14) ck_assert_ptr_null(jobs[i]);
        else ck_assert_int_eq(status_of(jobs[i]), 0);
    for (int i = 0; _i && i < 2; i++) ck_assert_int_eq(status_of(busy[i]), 0);
    ck_assert_int_eq(atomic_load(&board->hits), _i ? 14 : MANY_TASKS);
    tasks[3].run = NULL;
    ck_assert_int_eq(forkpool_submit_many(pool, tasks, 10, jobs), -EINVAL);
    ck_assert_ptr_null(jobs[0]);
}
END_TEST

/* Both workers sleep: an urgent and an ordinary task that need each other, in one batch. Who sleeps beside work looks after a
 * second by itself; so three of four have to meet sooner, or nobody was woken. */
enum { MEETINGS = 20 };
static int meet(const void *argument, size_t argument_bytes, void *result, size_t result_bytes)
{
    int me;
    (void)result, (void)result_bytes;
    memcpy(&me, argument, argument_bytes);
    atomic_store(&board->pids[me], 1);
    for (int looks = 0; looks < 3000 && !atomic_load(&board->pids[!me]); looks++) usleep(100);
    atomic_fetch_add(&board->calls, !atomic_load(&board->pids[!me]));
    atomic_fetch_add(&board->hits, 1);
    return 0;
}
START_TEST(urgent_and_ordinary_meet)
{
    int numbers[] = {0, 1};
    struct forkpool_job *jobs[2];
    open_workers(2);
    for (unsigned i = 0; i < MEETINGS; i++) {
        struct forkpool_task tasks[2];
        for (int k = 0; k < 2; k++) tasks[k] = (struct forkpool_task){.run = meet, .argument = &numbers[k], .argument_bytes = sizeof(int), .urgent = k == _i};
        atomic_store(&board->pids[0], 0), atomic_store(&board->pids[1], 0);
        usleep(2000); /* both sleep */
        ck_assert_int_eq(forkpool_submit_many(pool, tasks, 2, jobs), 0);
        await(&board->hits, 2 * (int)(i + 1)); /* not in the pool, which looks after workers that sleep beside work */
        for (int k = 0; k < 2; k++) ck_assert_int_eq(status_of(jobs[k]), 0);
    }
    ck_assert_int_lt(atomic_load(&board->calls), MEETINGS / 4);
}
END_TEST

static int is_stopping(const void *argument, size_t argument_bytes, void *result, size_t result_bytes)
{
    (void)argument, (void)argument_bytes, (void)result, (void)result_bytes;
    usleep(20000);
    return forkpool_stopping();
}

static void tidy_up(int signal)
{
    (void)signal;
    usleep(20000);
    atomic_store(&board->gate, 1);
    _exit(0);
}
_Noreturn static long tidies_up(long unused)
{
    (void)unused;
    signal(SIGTERM, tidy_up);
    atomic_store(&board->hits, 1);
    for (;;) pause();
}
static int at_once(void *context, unsigned worker, const char *cpus) { (void)context, (void)worker, (void)cpus; return 0; }

static const uint64_t never[] = {INT64_MAX - 1, INT64_MAX, UINT64_C(1) << 63, UINT64_MAX};
START_TEST(times_that_mean_never)
{
    open_workers(1);
    for (int i = 0; i < 4; i++) {
        struct forkpool_limits limits = {.soft_ns = never[i], .hard_ns = never[i], .cpu_ns = never[i]};
        struct forkpool_task task = {.run = is_stopping, .limits = limits};
        ck_assert_int_eq(forkpool_call(pool, &task, NULL, INT64_MAX - (i & 1)), 0);
        ck_assert_int_eq(forkpool_map(pool, &(struct forkpool_map){.tasks = 3, .range = count, .limits = limits}), 0);
    }
}
END_TEST

/* Nobody is killed or given up before such a time is over. */
START_TEST(times_of_a_pool_that_mean_never)
{
    uint64_t ns = never[_i];
    open_pool(&(struct forkpool_config){.workers = 2, .initializer = at_once, .initializer_ns = ns, .open_ns = ns,
                                        .idle_ns = ns, .grace_ns = ns, .restart_window_ns = ns});
    check_good(20);
    struct forkpool_job *job = forkpool_async(pool, tidies_up, 0);
    await(&board->hits, 1);
    ck_assert_int_eq(forkpool_terminate(pool), 0);
    ck_assert_int_eq(forkpool_join(pool, patience_ns), 0);
    ck_assert_int_eq(atomic_load(&board->gate), 1);
    ck_assert_int_eq(status_of(job), FORKPOOL_CANCELLED);
}
END_TEST

static int die_first(const void *argument, size_t argument_bytes, void *result, size_t result_bytes)
{
    (void)argument, (void)argument_bytes, (void)result, (void)result_bytes;
    if (atomic_fetch_add(&board->calls, 1)) return 0;
    await(&board->gate, 1);
    raise(SIGKILL);
    return 1;
}

START_TEST(lost_task_is_tried_again_where_the_ring_is_full)
{
    open_pool(&(struct forkpool_config){.workers = 1, .max_inflight = ROOM, .would_block = 1});
    struct forkpool_task task = {.run = die_first, .limits.retries = 1};
    struct forkpool_job *job, *other;
    ck_assert_int_eq(forkpool_submit(pool, &task, &job), 0);
    await(&board->calls, 1);
    while ((other = forkpool_async(pool, wait_for_gate, 1))) { /* entries of cancelled tasks stay in the ring */
        ck_assert_int_eq(forkpool_cancel(other, 0), 0);
        forkpool_release(other);
    }
    ck_assert_int_eq(errno, EAGAIN);
    atomic_store(&board->gate, 1);
    ck_assert_int_eq(status_of(job), 0);
    ck_assert_int_eq(atomic_load(&board->calls), 2);
}
END_TEST

int main(void)
{
    TCase *cases = board_cases("fair");
    tcase_add_test(cases, map_ends_beside_a_stream_of_tasks);
    tcase_add_test(cases, tasks_end_beside_a_map);
    tcase_add_loop_test(cases, cancelled_map_needs_no_free_worker, 0, 2);
    tcase_add_test(cases, map_cancelled_while_it_runs);
    tcase_add_test(cases, accepted_cancel_is_one);
    tcase_add_test(cases, times_that_mean_never);
    tcase_add_loop_test(cases, times_of_a_pool_that_mean_never, 0, 4);
    tcase_add_test(cases, lost_task_is_tried_again_where_the_ring_is_full);
    tcase_add_test(cases, urgent_tasks_start_first);
    tcase_add_test(cases, order_beside_cancelled_tasks);
    tcase_add_loop_test(cases, batch_larger_than_the_room, 0, 2);
    tcase_add_loop_test(cases, urgent_and_ordinary_meet, 0, 2);
    return board_run("forkpool fair", cases);
}
