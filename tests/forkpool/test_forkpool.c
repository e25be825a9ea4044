/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the pool offers, function by function. Maps are in test_forkpool_maps, faults in test_forkpool_faults. */
#include "tests/forkpool/forkpool_board.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

static long wait_for_gate(long x) { while (!atomic_load(&board->gate)) usleep(200); return x; }
static int reverse(const void *argument, size_t argument_bytes, void *result, size_t result_bytes)
{
    if (argument_bytes != result_bytes) return 7;
    for (size_t i = 0; i < argument_bytes; i++) ((char *)result)[i] = ((const char *)argument)[argument_bytes - 1 - i];
    return 0;
}

START_TEST(arguments_and_results_of_any_size)
{
    static const size_t sizes[] = {0, 1, 60, 64, 65, 100, 128, 129, 4095, 4096, 100000};
    static char text[100000], got[100000];
    open_pool(&(struct forkpool_config){.workers = 2});
    for (size_t i = 0; i < sizeof text; i++) text[i] = (char)(i * 7);
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        struct forkpool_task task = {.run = reverse, .argument = text, .argument_bytes = sizes[s], .result_bytes = sizes[s]};
        ck_assert_int_eq(forkpool_call(pool, &task, got, FORKPOOL_FOREVER), 0);
        for (size_t i = 0; i < sizes[s]; i++) ck_assert(got[i] == text[sizes[s] - 1 - i]);
    }
    struct forkpool_stats stats;
    forkpool_stats(pool, &stats);
    size_t used = stats.arena_used_bytes;
    for (int i = 0; i < 100; i++) {
        struct forkpool_task task = {.run = reverse, .argument = text, .argument_bytes = 5000, .result_bytes = 5000};
        ck_assert_int_eq(forkpool_call(pool, &task, got, FORKPOOL_FOREVER), 0);
    }
    forkpool_stats(pool, &stats);
    ck_assert_uint_eq(stats.arena_used_bytes, used); /* nothing leaks in the arena */
}
END_TEST

/* Of what was declared, as many bytes as the argument says. */
static int some(const void *argument, size_t argument_bytes, void *result, size_t result_bytes)
{
    size_t bytes;
    memcpy(&bytes, argument, argument_bytes);
    memset(result, 5, bytes < result_bytes ? bytes : result_bytes);
    forkpool_result_is(bytes);
    return 0;
}
START_TEST(results_of_variable_length)
{
    static const size_t most[] = {100, 1000, 1 << 20}, lengths[] = {0, 1, 99, SIZE_MAX};
    char got[100];
    open_workers(1);
    for (size_t i = 0; i < 12; i++) {
        size_t length = lengths[i % 4], wanted = length < most[i / 4] ? length : most[i / 4], bytes = 7;
        struct forkpool_task task = {.run = some, .argument = &length, .argument_bytes = sizeof length, .result_bytes = most[i / 4]};
        struct forkpool_job *job;
        ck_assert_int_eq(forkpool_submit(pool, &task, &job), 0);
        ck_assert_int_eq(forkpool_wait(job, FORKPOOL_FOREVER), 0);
        const char *result = forkpool_result(job, &bytes);
        ck_assert_uint_eq(bytes, wanted);
        for (size_t k = 0; k < bytes; k++) ck_assert_int_eq(result[k], 5);
        ck_assert_int_eq(forkpool_get(job, got, wanted + 1, 0), -EINVAL);
        forkpool_release(job);
        task.result_bytes = sizeof got;
        if (i / 4 == 0) ck_assert_int_eq(forkpool_call(pool, &task, got, FORKPOOL_FOREVER), 0);
        if (i / 4 == 0 && wanted) ck_assert_int_eq(got[wanted - 1], 5);
    }
}
END_TEST

START_TEST(failed_task)
{
    open_pool(&(struct forkpool_config){.workers = 1});
    struct forkpool_job *job;
    ck_assert_int_eq(forkpool_submit(pool, &(struct forkpool_task){.run = reverse, .result_bytes = 3}, &job), 0);
    ck_assert_int_eq(forkpool_wait(job, FORKPOOL_FOREVER), 0);
    ck_assert_int_eq(forkpool_status(job), FORKPOOL_FAILED);
    ck_assert_int_eq(forkpool_task_status(job), 7);
    ck_assert_ptr_null(forkpool_result(job, NULL));
    forkpool_release(job);
}
END_TEST

/* More outstanding jobs than slots, collected in order only at the end. */
START_TEST(many_jobs)
{
    enum { JOBS = 20000 };
    static struct forkpool_job *jobs[JOBS];
    open_pool(&(struct forkpool_config){.workers = 2, .max_inflight = 16});
    for (long i = 0; i < JOBS; i++) ck_assert_ptr_nonnull(jobs[i] = forkpool_async(pool, square, i));
    ck_assert_int_eq(forkpool_wait_all(jobs, JOBS, FORKPOOL_FOREVER), 0);
    for (long i = 0; i < JOBS; i++) {
        if (forkpool_value(jobs[i]) != i * i) ck_abort_msg("job %ld", i);
        forkpool_release(jobs[i]);
    }
}
END_TEST

START_TEST(would_block)
{
    open_pool(&(struct forkpool_config){.workers = 1, .max_inflight = 2, .would_block = 1});
    struct forkpool_job *a = forkpool_async(pool, wait_for_gate, 1), *b = forkpool_async(pool, square, 2);
    ck_assert_ptr_null(forkpool_async(pool, square, 3));
    ck_assert_int_eq(errno, EAGAIN);
    ck_assert_int_eq(forkpool_status(b), -EINPROGRESS);
    ck_assert_int_eq(forkpool_wait(b, 1000000), -ETIMEDOUT);
    atomic_store(&board->gate, 1);
    ck_assert_int_eq(forkpool_value(a), 1);
    ck_assert_int_eq(forkpool_value(b), 4);
}
END_TEST

START_TEST(waiting_for_any)
{
    open_pool(&(struct forkpool_config){.workers = 2});
    size_t index = 9;
    struct forkpool_job *jobs[2] = {forkpool_async(pool, wait_for_gate, 1), forkpool_async(pool, square, 3)};
    ck_assert_int_eq(forkpool_wait_any(jobs, 2, FORKPOOL_FOREVER, &index), 0);
    ck_assert_uint_eq(index, 1);
    ck_assert_int_eq(forkpool_wait_any(jobs, 1, 1000000, &index), -ETIMEDOUT);
    atomic_store(&board->gate, 1);
    ck_assert_int_eq(forkpool_wait_all(jobs, 2, FORKPOOL_FOREVER), 0);
}
END_TEST

static int done_calls, failed_calls;
static void done(struct forkpool_job *job, int status, void *user)
{
    struct forkpool_task *task = user;
    ck_assert_int_eq(status, 0);
    if (++done_calls >= 10) return;
    ck_assert_int_eq(forkpool_submit(pool, task, &job), 0); /* a callback may submit */
    forkpool_release(job);
}
static void failed(struct forkpool_job *job, int status, void *user)
{
    (void)job, (void)user;
    ck_assert_int_eq(status, FORKPOOL_FAILED);
    failed_calls++;
}
START_TEST(callbacks)
{
    open_pool(&(struct forkpool_config){.workers = 2});
    struct forkpool_task good = {.run = reverse, .done = done, .failed = failed, .user = &good}, bad = good;
    struct forkpool_job *job;
    bad.result_bytes = 1;
    ck_assert_int_eq(forkpool_submit(pool, &good, &job), 0);
    forkpool_release(job);
    ck_assert_int_eq(forkpool_submit(pool, &bad, &job), 0);
    forkpool_release(job);
    while (done_calls < 10 || failed_calls < 1) ck_assert_int_ge(forkpool_poll(pool), 0);
    ck_assert_int_eq(done_calls, 10);
    ck_assert_int_eq(failed_calls, 1);
}
END_TEST

/* Lost twice, good the third time. */
static int third_time(const void *argument, size_t argument_bytes, void *result, size_t result_bytes)
{
    (void)argument_bytes, (void)result_bytes;
    int number = *(const int *)argument;
    if (atomic_fetch_add(&board->tries[number], 1) < 2) kill(getpid(), SIGKILL);
    *(int *)result = number;
    return 0;
}
static int third_time_item(void *context, const void *input, void *output)
{
    (void)context;
    return third_time(input, sizeof(int), output, sizeof(int));
}
static int third_time_range(void *context, unsigned worker, size_t begin, size_t end)
{
    (void)context, (void)worker;
    for (size_t i = begin; i < end; i++)
        if (i % 10 == 3 && atomic_fetch_add(&board->tries[i], 1) < 2) kill(getpid(), SIGKILL);
    return 0;
}
START_TEST(retries)
{
    open_pool(&(struct forkpool_config){.workers = 2, .restart_max = 1000});
    int number = 5, result = 0, numbers[20], results[20], status[20];
    struct forkpool_task task = {.run = third_time, .argument = &number, .argument_bytes = sizeof number,
                                 .result_bytes = sizeof result, .limits = {.retries = 1}};
    ck_assert_int_eq(forkpool_call(pool, &task, &result, FORKPOOL_FOREVER), FORKPOOL_LOST);
    number = 6;
    task.limits.retries = 2;
    ck_assert_int_eq(forkpool_call(pool, &task, &result, FORKPOOL_FOREVER), 0);
    ck_assert_int_eq(result, 6);
    for (int i = 0; i < 20; i++) numbers[i] = 100 + i;
    struct forkpool_map map = {.tasks = 20, .item = third_time_item, .input = numbers, .input_stride = sizeof(int), .output = results,
                               .output_stride = sizeof(int), .status = status, .chunk = 3, .limits = {.retries = 2}};
    ck_assert_int_eq(forkpool_map(pool, &map), 0);
    for (int i = 0; i < 20; i++) ck_assert_int_eq(results[i], 100 + i);
    struct forkpool_map range = {.tasks = 50, .range = third_time_range, .schedule = FORKPOOL_DYNAMIC, .chunk = 2, .limits = {.retries = 2}};
    ck_assert_int_eq(forkpool_map(pool, &range), 0);
    for (int i = 3; i < 50; i += 10) ck_assert_int_eq(board->tries[i], 3);
}
END_TEST

static int enter(void *context, unsigned worker, const char *cpus)
{
    ck_assert_ptr_eq(context, board);
    snprintf(board->cpus[worker], sizeof board->cpus[worker], "%s", cpus);
    atomic_fetch_add(&board->initialised, 1);
    return 0;
}
static void leave(void *context, unsigned worker)
{
    (void)context, (void)worker;
    atomic_fetch_add(&board->finalised, 1);
}
START_TEST(initializer_cpus_finalizer)
{
    cpu_set_t allowed;
    char first[16] = "";
    sched_getaffinity(0, sizeof allowed, &allowed);
    for (int cpu = 0; cpu < CPU_SETSIZE && !*first; cpu++)
        if (CPU_ISSET((size_t)cpu, &allowed)) snprintf(first, sizeof first, "%d", cpu);
    const char *cpus[3] = {first, first, first};
    open_pool(&(struct forkpool_config){.workers = 3, .initializer = enter, .finalizer = leave, .context = board, .cpus = cpus});
    ck_assert_int_eq(board->initialised, 3);
    for (int i = 0; i < 3; i++) ck_assert_str_eq(board->cpus[i], first);
    forkpool_close(pool);
    ck_assert_int_eq(forkpool_join(pool, FORKPOOL_FOREVER), 0);
    ck_assert_int_eq(board->finalised, 3);
}
END_TEST

START_TEST(bad_configurations)
{
    static const char *const lists[] = {"", "x", "1-", "3-1", "1,,2", "99999", "1 "};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        int rc = forkpool_open_with(&(struct forkpool_config){.workers = 1, .cpus = &lists[i]}, &pool, why, sizeof why);
        ck_assert_msg(rc == -EINVAL, "\"%s\": %d", lists[i], rc);
        ck_assert_ptr_nonnull(strstr(why, "is no list"));
    }
    ck_assert_int_eq(forkpool_open_with(&(struct forkpool_config){.workers = 5000}, &pool, why, sizeof why), -EINVAL);
    ck_assert_ptr_null(pool);
}
END_TEST

/* Not an initializer that failed, where there is one as where there is none. */
START_TEST(cpus_that_are_not_there)
{
    char none[16];
    snprintf(none, sizeof none, "%ld", sysconf(_SC_NPROCESSORS_CONF));
    const char *cpus[1] = {none};
    for (int with = 0; with < 2; with++) {
        struct forkpool_config config = {.workers = 1, .cpus = cpus, .context = board};
        if (with) config.initializer = enter;
        ck_assert_int_eq(forkpool_open_with(&config, &pool, why, sizeof why), -EINVAL);
        ck_assert_ptr_nonnull(strstr(why, "worker 0 cannot be bound to cpus "));
        ck_assert_ptr_nonnull(strstr(why, strerror(EINVAL)));
    }
    ck_assert_str_eq(board->cpus[0], "");
}
END_TEST

static unsigned living(void)
{
    struct forkpool_stats stats;
    ck_assert_int_eq(forkpool_stats(pool, &stats), 0);
    return stats.workers;
}
static long pid_here(long x) { (void)x; return getpid(); }
START_TEST(resizing)
{
    open_pool(&(struct forkpool_config){.workers = 2, .workers_max = 6});
    ck_assert_int_eq(forkpool_resize(pool, 7), -EINVAL);
    for (int round = 0; round < 2; round++) {
        ck_assert_int_eq(forkpool_resize(pool, 6), 0);
        while (living() != 6) usleep(500);
        struct forkpool_job *jobs[20];
        for (long i = 0; i < 20; i++) jobs[i] = forkpool_async(pool, square, i);
        ck_assert_int_eq(forkpool_resize(pool, 1), 0);
        for (long i = 0; i < 20; i++) ck_assert_int_eq(forkpool_value(jobs[i]), i * i);
        while (living() != 1) usleep(500);
        ck_assert_int_eq(forkpool_value(forkpool_async(pool, square, 9)), 81);
    }
    ck_assert_uint_eq(forkpool_losses(pool, NULL, 0), 0);
}
END_TEST

START_TEST(idle_workers_retire)
{
    open_pool(&(struct forkpool_config){.workers = 4, .idle_ns = 5000000});
    while (living() != 1) usleep(500);
    struct forkpool_job *jobs[8];
    for (long i = 0; i < 8; i++) jobs[i] = forkpool_async(pool, wait_for_gate, i);
    while (living() != 4) usleep(500);
    atomic_store(&board->gate, 1);
    for (long i = 0; i < 8; i++) ck_assert_int_eq(forkpool_value(jobs[i]), i);
    while (living() != 1) usleep(500);
    ck_assert_uint_eq(forkpool_losses(pool, NULL, 0), 0);
}
END_TEST

static int linger(void *unused, unsigned worker, const char *cpus)
{
    (void)unused, (void)cpus;
    return worker ? usleep(50000) : 0;
}
START_TEST(one_retires_before_others_are_up)
{
    open_pool(&(struct forkpool_config){.workers = 3, .idle_ns = 1000000, .initializer = linger});
    for (long i = 0; i < 8; i++) ck_assert_int_eq(forkpool_value(forkpool_async(pool, square, i)), i * i);
    ck_assert_uint_eq(forkpool_losses(pool, NULL, 0), 0);
}
END_TEST

static long grow(long bytes)
{
    static char *volatile kept;
    kept = malloc((size_t)bytes);
    memset(kept, 1, (size_t)bytes);
    return getpid();
}
START_TEST(recycled_for_memory)
{
    open_pool(&(struct forkpool_config){.workers = 1, .recycle_rss_bytes = 64 << 20});
    long first = forkpool_value(forkpool_async(pool, grow, 128 << 20)), second = first;
    while (second == first) {
        usleep(1000);
        second = forkpool_value(forkpool_async(pool, pid_here, 0));
    }
    ck_assert_uint_eq(forkpool_losses(pool, NULL, 0), 0);
}
END_TEST

START_TEST(arena)
{
    open_pool(&(struct forkpool_config){.workers = 1, .arena_bytes = 1 << 22});
    char *blocks[64];
    ck_assert_ptr_null(forkpool_alloc(pool, (1 << 22) + 1));
    for (int round = 0; round < 3; round++) {
        size_t bytes = 1;
        for (int i = 0; i < 64; i++, bytes = bytes * 3 % 50021) {
            ck_assert_ptr_nonnull(blocks[i] = forkpool_alloc(pool, bytes));
            ck_assert_uint_eq((uintptr_t)blocks[i] % 64, 0);
            for (size_t k = 0; k < bytes; k++)
                if (blocks[i][k]) ck_abort_msg("block %d is not zeroed", i);
            memset(blocks[i], 0x55, bytes);
        }
        for (int i = 0; i < 64; i++) forkpool_free(pool, blocks[(i * 37 + round) % 64]);
    }
    void *most = forkpool_alloc(pool, (1 << 22) - (1 << 19)); /* small blocks keep an extent each */
    ck_assert_ptr_nonnull(most);
    forkpool_free(pool, most);
    forkpool_free(pool, NULL);
}
END_TEST

START_TEST(default_size)
{
    unsigned count = forkpool_default_workers();
    ck_assert_uint_ge(count, 1);
    setenv("FORKPOOL_WORKERS", "1", 1);
    ck_assert_uint_eq(forkpool_default_workers(), 1);
    setenv("FORKPOOL_WORKERS", "100000", 1);
    ck_assert_uint_eq(forkpool_default_workers(), count);
    setenv("FORKPOOL_WORKERS", "many", 1);
    ck_assert_uint_eq(forkpool_default_workers(), count);
}
END_TEST

START_TEST(phrases)
{
    for (int error = -6000; error < 10; error++) ck_assert_ptr_nonnull(forkpool_strerror(error));
    ck_assert_str_eq(forkpool_strerror(FORKPOOL_LOST), "the task's worker died");
    ck_assert_int_eq(forkpool_worker(), -1);
    ck_assert_int_eq(forkpool_stopping(), 0);
}
END_TEST

int main(void)
{
    TCase *cases = board_cases("forkpool");
    tcase_add_test(cases, arguments_and_results_of_any_size);
    tcase_add_test(cases, results_of_variable_length);
    tcase_add_test(cases, failed_task);
    tcase_add_test(cases, many_jobs);
    tcase_add_test(cases, would_block);
    tcase_add_test(cases, waiting_for_any);
    tcase_add_test(cases, callbacks);
    tcase_add_test(cases, retries);
    tcase_add_test(cases, initializer_cpus_finalizer);
    tcase_add_test(cases, bad_configurations);
    tcase_add_test(cases, cpus_that_are_not_there);
    tcase_add_test(cases, resizing);
    tcase_add_test(cases, idle_workers_retire);
    tcase_add_test(cases, one_retires_before_others_are_up);
    tcase_add_test(cases, recycled_for_memory);
    tcase_add_test(cases, arena);
    tcase_add_test(cases, default_size);
    tcase_add_test(cases, phrases);
    return board_run("forkpool", cases);
}
