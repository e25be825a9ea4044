/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tasks that do not end, programs and pools that end in the middle, numbers of tasks and sizes at the edge. */
#include "tests/forkpool/forkpool_board.h"

#include <signal.h>
#include <stdbool.h>
#include <sys/wait.h>

/* 15 a task that never ends, with a hard limit; with a limit of cpu time. 16 one that ignores SIGTERM */
static _Noreturn void spin(void)
{
    for (;;) __asm__ volatile("");
}
static int for_ever(const void *argument, size_t bytes, void *result, size_t result_bytes)
{
    (void)argument, (void)bytes, (void)result, (void)result_bytes;
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    for (int i = 3; i < 256; i++) close(i);
    spin();
}
START_TEST(limits)
{
    open_workers(2);
    struct forkpool_task task = {.run = for_ever};
    if (_i == 0) task.limits.hard_ns = 20000000;
    else task.limits.cpu_ns = 20000000;
    struct forkpool_job *job;
    ck_assert_int_eq(forkpool_submit(pool, &task, &job), 0);
    check_good(30);
    ck_assert_int_eq(status_of(job), FORKPOOL_LIMIT);
    ck_assert_int_eq(last_loss().cause, FORKPOOL_CAUSE_LIMIT);
    check_good(30);
}
END_TEST

static int twice(void *context, const void *input, void *output)
{
    (void)context;
    usleep(2000);
    *(long *)output = *(const long *)input * 2;
    return 0;
}
/* A child that the program forks itself, whose exit handlers or destructors delete the pool, takes nothing from the map
 * that still runs: its staged input and output are pages of their own. */
START_TEST(child_deletes)
{
    enum { N = 100, STRIDE = 4096 };
    open_workers(2);
    char *input = calloc(N, STRIDE), *output = calloc(N, STRIDE);
    for (long i = 0; i < N; i++) *(long *)(input + i * STRIDE) = i + 1;
    struct forkpool_map map = {.tasks = N, .item = twice, .input = input, .input_stride = STRIDE, .output = output, .output_stride = STRIDE};
    struct forkpool_job *job;
    ck_assert_int_eq(forkpool_map_async(pool, &map, &job), 0);
    usleep(20000);
    pid_t child = fork();
    if (!child) {
        forkpool_delete(pool);
        _exit(0);
    }
    ck_assert_int_eq(waitpid(child, NULL, 0), child);
    ck_assert_int_eq(status_of(job), 0);
    for (long i = 0; i < N; i++) ck_assert_int_eq(*(long *)(output + i * STRIDE), 2 * (i + 1));
    free(input);
    free(output);
    check_good(10);
}
END_TEST

static int soft(const void *argument, size_t bytes, void *result, size_t result_bytes)
{
    (void)argument, (void)bytes, (void)result_bytes;
    while (!forkpool_stopping()) usleep(500);
    *(int *)result = 42;
    return 0;
}
START_TEST(soft_limit)
{
    open_workers(1);
    int result = 0;
    struct forkpool_task task = {.run = soft, .result_bytes = sizeof result, .limits = {.soft_ns = 10000000}};
    ck_assert_int_eq(forkpool_call(pool, &task, &result, FORKPOOL_FOREVER), 0);
    ck_assert_int_eq(result, 42);
}
END_TEST

START_TEST(terminate_ignoring_task)
{
    open_pool(&(struct forkpool_config){.workers = 2, .grace_ns = 10000000});
    struct forkpool_task task = {.run = for_ever};
    struct forkpool_job *job, *behind[3];
    ck_assert_int_eq(forkpool_submit(pool, &task, &job), 0);
    ck_assert_int_eq(forkpool_submit(pool, &task, &behind[0]), 0);
    ck_assert_int_eq(forkpool_submit(pool, &task, &behind[1]), 0);
    ck_assert_int_eq(forkpool_terminate(pool), 0);
    ck_assert_int_eq(forkpool_join(pool, FORKPOOL_FOREVER), 0);
    ck_assert_int_eq(status_of(job), FORKPOOL_CANCELLED);
    ck_assert_int_eq(status_of(behind[0]), FORKPOOL_CANCELLED);
    ck_assert_int_eq(status_of(behind[1]), FORKPOOL_CANCELLED);
}
END_TEST

START_TEST(cancel_running)
{
    open_workers(1);
    struct forkpool_task task = {.run = for_ever};
    struct forkpool_job *running, *waiting;
    ck_assert_int_eq(forkpool_submit(pool, &task, &running), 0);
    ck_assert_int_eq(forkpool_submit(pool, &task, &waiting), 0);
    ck_assert_int_eq(forkpool_cancel(waiting, 0), 0);
    ck_assert_int_eq(status_of(waiting), FORKPOOL_CANCELLED);
    ck_assert_int_eq(forkpool_cancel(running, 1), 0);
    ck_assert_int_eq(status_of(running), FORKPOOL_CANCELLED);
    check_good(10);
}
END_TEST

static int range_for_ever(void *context, unsigned worker, size_t begin, size_t end)
{
    (void)context, (void)worker, (void)end;
    if (begin == 0) for (;;) pause();
    return count(NULL, 0, begin, end);
}
START_TEST(map_cancelled_and_limited)
{
    open_workers(2);
    struct forkpool_map map = {.tasks = 1000, .range = range_for_ever, .schedule = FORKPOOL_DYNAMIC};
    struct forkpool_job *job;
    if (_i == 0) map.limits.hard_ns = 20000000;
    ck_assert_int_eq(forkpool_map_async(pool, &map, &job), 0);
    while (atomic_load(&board->counts[999]) == 0) usleep(500);
    ck_assert_int_eq(_i ? forkpool_cancel(job, 1) : 0, 0);
    ck_assert_int_eq(status_of(job), _i ? FORKPOOL_CANCELLED : FORKPOOL_LIMIT);
    for (int i = 1; i < 1000 && !_i; i++) ck_assert_uint_eq(board->counts[i], 1);
    check_good(10);
}
END_TEST

/* 17 the program is SIGKILLed: no worker is left two seconds later; a task has cleared its own death signal */
static long hide(long unused)
{
    (void)unused;
    prctl(PR_SET_PDEATHSIG, 0);
    setsid();
    board->pids[0] = getpid();
    pid_t child = fork();
    if (!child) spin();
    board->pids[1] = child;
    spin();
}
START_TEST(program_killed)
{
    if (leftovers_skipped("program_killed", "orphans do not come to the test")) return;
    pid_t program = fork();
    if (!program) {
        struct forkpool *own = forkpool_open(3);
        forkpool_async(own, hide, 0);
        await(&board->pids[1], 1);
        atomic_store(&board->gate, 1);
        for (;;) pause();
    }
    await(&board->gate, 1);
    kill(program, SIGKILL);
    /* The test is the reaper of everything: it ends when all are gone. */
    while (waitpid(-1, NULL, 0) > 0) {}
    ck_assert_int_eq(kill(board->pids[0], 0), -1);
    ck_assert_int_eq(kill(board->pids[1], 0), -1);
}
END_TEST

/* The spawn server is SIGKILLed: the program ends what tasks have started, whether or not it is their reaper */
static long start_child(long unused)
{
    (void)unused;
    pid_t child = fork();
    if (!child) spin();
    board->pids[0] = child;
    spin();
}
START_TEST(server_killed)
{
    if (leftovers_skipped("server_killed", "orphans do not come to the test")) return;
    prctl(PR_SET_CHILD_SUBREAPER, _i);
    open_workers(2);
    struct forkpool_job *job = forkpool_async(pool, start_child, 0);
    await(&board->pids[0], 1);
    FILE *children = fopen("/proc/thread-self/children", "re");
    int server = 0;
    ck_assert(children && fscanf(children, "%d", &server) == 1);
    fclose(children);
    kill(server, SIGKILL);
    ck_assert_int_eq(forkpool_wait(job, 10000000000), 0);
    ck_assert_int_eq(forkpool_status(job), FORKPOOL_BROKEN);
    for (siginfo_t info; _i && !waitid(P_PID, (id_t)board->pids[0], &info, WEXITED);) {}
    while (!kill(board->pids[0], 0)) usleep(1000);
}
END_TEST

/* 18 Ctrl-C once: what is finished is kept; twice: out at once, status 130 */
static struct forkpool *interrupted_pool;
static void on_interrupt(int number)
{
    (void)number;
    int count = forkpool_interrupt(interrupted_pool);
    atomic_fetch_add(&board->hits, 1);
    if (count > 1) _exit(130);
}
static int deaf(const void *argument, size_t bytes, void *result, size_t result_bytes)
{
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    board->pids[0] = getpid(); /* from here on only SIGKILL ends it */
    return for_ever(argument, bytes, result, result_bytes);
}
static void interrupted_program(int times)
{
    interrupted_pool = forkpool_open_with(&(struct forkpool_config){.workers = 2, .grace_ns = times > 1 ? 60000000000 : 1000000},
                                          &pool, NULL, 0) ? NULL : pool;
    struct forkpool_job *done = forkpool_async(pool, square, 6);
    forkpool_wait(done, FORKPOOL_FOREVER);
    signal(SIGINT, on_interrupt);
    struct forkpool_task task = {.run = deaf};
    struct forkpool_job *running, *waiting[4];
    forkpool_submit(pool, &task, &running);
    for (int i = 0; i < 4; i++) forkpool_submit(pool, &task, &waiting[i]);
    await(&board->pids[0], 1);
    atomic_store(&board->gate, 1);
    forkpool_wait(running, FORKPOOL_FOREVER);
    bool good = forkpool_value(done) == 36 && forkpool_status(running) == FORKPOOL_CANCELLED;
    for (int i = 0; i < 4; i++) good &= !forkpool_wait(waiting[i], FORKPOOL_FOREVER) && forkpool_status(waiting[i]) == FORKPOOL_CANCELLED;
    good &= !forkpool_async(pool, square, 1);
    forkpool_delete(pool);
    _exit(good ? 0 : 1);
}
START_TEST(interrupt)
{
    int status, times = _i + 1;
    pid_t program = fork();
    if (!program) interrupted_program(times);
    await(&board->gate, 1);
    for (int i = 0; i < times; i++) {
        kill(program, SIGINT);
        await(&board->hits, i + 1);
    }
    ck_assert_int_eq(waitpid(program, &status, 0), program);
    ck_assert(WIFEXITED(status));
    ck_assert_int_eq(WEXITSTATUS(status), times > 1 ? 130 : 0);
    while (waitpid(-1, NULL, 0) > 0) {}
}
END_TEST

/* 19 terminate, submit and close from a callback */
static int callbacks;
static void stop_all(struct forkpool_job *job, int status, void *user)
{
    (void)job, (void)status;
    callbacks++;
    ck_assert_int_eq(user ? forkpool_terminate(pool) : forkpool_close(pool), 0);
    ck_assert_ptr_null(forkpool_async(pool, square, 2));
}
static int nothing(const void *argument, size_t bytes, void *result, size_t result_bytes)
{
    (void)argument, (void)bytes, (void)result, (void)result_bytes;
    return 0;
}
START_TEST(terminate_from_callback)
{
    open_workers(2);
    struct forkpool_task task = {.run = nothing, .done = stop_all, .user = _i ? board : NULL}, endless = {.run = for_ever};
    struct forkpool_job *job, *other = NULL;
    if (_i) ck_assert_int_eq(forkpool_submit(pool, &endless, &other), 0);
    ck_assert_int_eq(forkpool_submit(pool, &task, &job), 0);
    forkpool_release(job);
    while (!callbacks) forkpool_poll(pool);
    ck_assert_int_eq(forkpool_join(pool, FORKPOOL_FOREVER), 0);
    ck_assert_int_eq(callbacks, 1);
    if (_i) ck_assert_int_eq(status_of(other), FORKPOOL_CANCELLED);
}
END_TEST

/* 20 double close, double join, submit after close: defined */
START_TEST(repeated_ends)
{
    open_workers(2);
    ck_assert_int_eq(forkpool_join(pool, 0), -EINVAL);
    for (int i = 0; i < 2; i++) ck_assert_int_eq(forkpool_close(pool), 0);
    ck_assert_ptr_null(forkpool_async(pool, square, 1));
    ck_assert_int_eq(errno, ECANCELED);
    ck_assert_int_eq(forkpool_map(pool, &(struct forkpool_map){.tasks = 5, .range = count}), FORKPOOL_CLOSED);
    for (int i = 0; i < 2; i++) ck_assert_int_eq(forkpool_join(pool, FORKPOOL_FOREVER), 0);
    for (int i = 0; i < 2; i++) ck_assert_int_eq(forkpool_terminate(pool), 0);
    ck_assert_int_eq(forkpool_join(pool, FORKPOOL_FOREVER), 0);
    ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

/* 21 no task, one task, a million, fewer tasks than workers */
START_TEST(numbers_of_tasks)
{
    static const size_t counts[] = {0, 1, 3, 5, 1000, 1000000};
    open_workers(5);
    for (size_t s = 0; s < sizeof counts / sizeof *counts; s++)
        for (int schedule = FORKPOOL_AUTO; schedule <= FORKPOOL_GUIDED; schedule++)
            for (size_t chunk = 0; chunk < 20; chunk += 7) {
                for (size_t i = 0; i < counts[s]; i++) atomic_store(&board->counts[i], 0);
                struct forkpool_map map = {.tasks = counts[s], .range = count, .schedule = (enum forkpool_schedule)schedule, .chunk = chunk};
                ck_assert_int_eq(forkpool_map(pool, &map), 0);
                size_t once = 0;
                for (size_t i = 0; i < counts[s]; i++) once += board->counts[i] == 1;
                ck_assert_uint_eq(once, counts[s]);
            }
}
END_TEST

static long die(long code) { _exit((int)code); }
/* As many jobs as there can be: neither a death nor the end looks through all their places. */
START_TEST(largest_room)
{
    int rc = forkpool_open_with(&(struct forkpool_config){.workers = 2, .max_inflight = 1u << 24}, &pool, why, sizeof why);
    if (rc == -ENOMEM) {
        printf("skipped: largest_room: there is no memory for it\n");
        return;
    }
    ck_assert_int_eq(rc, 0);
    for (int i = 0; i < 20; i++) ck_assert_int_eq(status_of(forkpool_async(pool, die, 0)), FORKPOOL_LOST);
    check_good(20);
}
END_TEST

/* 22 recycling after one task with a backlog, and with an early close */
START_TEST(recycling)
{
    open_pool(&(struct forkpool_config){.workers = 2, .recycle_tasks = 1});
    struct forkpool_job *jobs[40];
    for (long i = 0; i < 40; i++) jobs[i] = forkpool_async(pool, square, i);
    if (_i) forkpool_close(pool);
    for (long i = 0; i < 40; i++) ck_assert_int_eq(forkpool_value(jobs[i]), i * i);
    if (!_i) {
        struct forkpool_map map = {.tasks = 40, .range = count, .schedule = FORKPOOL_DYNAMIC};
        ck_assert_int_eq(forkpool_map(pool, &map), 0);
        for (int i = 0; i < 40; i++) ck_assert_uint_eq(board->counts[i], 1);
        forkpool_close(pool);
    }
    ck_assert_int_eq(forkpool_join(pool, FORKPOOL_FOREVER), 0);
    ck_assert_uint_eq(forkpool_losses(pool, NULL, 0), 0);
    struct forkpool_stats stats;
    ck_assert_int_eq(forkpool_stats(pool, &stats), 0);
    ck_assert_uint_ge(stats.recycled, 38);
}
END_TEST

/* 23 results of more than 4 GiB; an arena too small */
static int ends_of(const void *argument, size_t argument_bytes, void *result, size_t bytes)
{
    (void)argument, (void)argument_bytes;
    ((char *)result)[0] = 3;
    ((char *)result)[bytes - 1] = 4;
    return 0;
}
START_TEST(huge_result)
{
    if (leftovers_skipped("huge_result", "to map 6 GiB takes minutes: each page has a record")) return;
    open_pool(&(struct forkpool_config){.workers = 1, .arena_bytes = (size_t)6 << 30});
    struct forkpool_task task = {.run = ends_of, .result_bytes = ((size_t)5 << 30) + 1};
    struct forkpool_job *job, *second;
    ck_assert_int_eq(forkpool_submit(pool, &task, &job), 0);
    ck_assert_int_eq(forkpool_submit(pool, &task, &second), -ENOMEM);
    ck_assert_int_eq(forkpool_wait(job, FORKPOOL_FOREVER), 0);
    size_t bytes;
    const char *result = forkpool_result(job, &bytes);
    ck_assert_uint_eq(bytes, task.result_bytes);
    ck_assert(result[0] == 3 && result[bytes - 1] == 4);
    forkpool_release(job);
    ck_assert_int_eq(forkpool_submit(pool, &task, &second), 0);
    forkpool_release(second);
}
END_TEST

int main(void)
{
    TCase *cases = board_cases("forkpool ends");
    tcase_add_loop_test(cases, limits, 0, 2);
    tcase_add_test(cases, soft_limit);
    tcase_add_test(cases, child_deletes);
    tcase_add_test(cases, terminate_ignoring_task);
    tcase_add_test(cases, cancel_running);
    tcase_add_loop_test(cases, map_cancelled_and_limited, 0, 2);
    tcase_add_test(cases, program_killed);
    tcase_add_loop_test(cases, server_killed, 0, 2);
    tcase_add_loop_test(cases, interrupt, 0, 2);
    tcase_add_loop_test(cases, terminate_from_callback, 0, 2);
    tcase_add_test(cases, repeated_ends);
    tcase_add_test(cases, numbers_of_tasks);
    tcase_add_test(cases, largest_room);
    tcase_add_loop_test(cases, recycling, 0, 2);
    tcase_add_test(cases, huge_result);
    return board_run("forkpool ends", cases);
}
