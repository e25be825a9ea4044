/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What must never happen, whatever a task does: workers that die, starts that fail, tasks that misbehave; each under a
 * deadline, and nothing left behind afterwards. Limits and ends are in test_forkpool_ends. */
#include "tests/forkpool/forkpool_board.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/resource.h>

/* 1, 2, 3 and more ways in which a task ends its worker */
#if defined(__x86_64__) || defined(__i386__)
static volatile int zero;
#endif
static int *volatile nowhere;
static int deep(int n)
{
    volatile char block[4096];
    block[0] = (char)n;
    return n > 1 << 30 ? 0 : deep(n + 1) + block[0];
}
static void *thread_waits(void *unused) { (void)unused; pause(); return NULL; }
enum { END_KILL, END_SEGV, END_FPE, END_ABORT, END_EXIT0, END_EXIT3, END_STACK, END_PTHREAD_EXIT, END_EXEC, END_TERM, END_WAYS };
static long end_by(long way)
{
    char *arguments[] = {(char *)"sh", (char *)"-c", (char *)"exit 7", NULL};
    pthread_t thread;
    switch (way) {
    case END_KILL: kill(getpid(), SIGKILL); break;
    case END_SEGV: **(int *volatile *)&nowhere = 1; break;
#if defined(__x86_64__) || defined(__i386__)
    case END_FPE: return 7 / zero;
#else /* where a division by zero is no fault */
    case END_FPE: return raise(SIGFPE);
#endif
    case END_ABORT: abort();
    case END_EXIT0: exit(0);
    case END_EXIT3: _exit(3);
    case END_STACK: return deep(0);
    case END_PTHREAD_EXIT: pthread_create(&thread, NULL, thread_waits, NULL); pthread_exit(NULL);
    case END_EXEC: execv("/bin/sh", arguments); break;
    case END_TERM: kill(getpid(), SIGTERM); pause(); break;
    }
    return 0;
}
static const struct { int signal, code; enum forkpool_cause cause; } ends[END_WAYS] = {
    [END_KILL] = {SIGKILL, 0, FORKPOOL_CAUSE_KILLED}, [END_SEGV] = {SIGSEGV, 0, FORKPOOL_CAUSE_CRASH},
    [END_FPE] = {SIGFPE, 0, FORKPOOL_CAUSE_CRASH}, [END_ABORT] = {SIGABRT, 0, FORKPOOL_CAUSE_CRASH},
    [END_EXIT0] = {0, 0, FORKPOOL_CAUSE_EXIT}, [END_EXIT3] = {0, 3, FORKPOOL_CAUSE_EXIT},
    [END_STACK] = {SIGSEGV, 0, FORKPOOL_CAUSE_STACK_OVERFLOW}, [END_PTHREAD_EXIT] = {0, 0, FORKPOOL_CAUSE_EXIT},
    [END_EXEC] = {0, 7, FORKPOOL_CAUSE_EXIT}, [END_TERM] = {SIGTERM, 0, FORKPOOL_CAUSE_KILLED}};

START_TEST(task_ends_its_worker)
{
#ifdef __SANITIZE_ADDRESS__
    if (_i == END_SEGV || _i == END_FPE || _i == END_STACK) {
        printf("skipped: task_ends_its_worker %d: a sanitizer turns this signal into a report and an exit\n", _i);
        return;
    }
#endif
    open_workers(2);
    struct forkpool_job *siblings[20], *bad = NULL;
    for (long i = 0; i < 20; i++) {
        if (i == 7) bad = forkpool_async(pool, end_by, _i);
        siblings[i] = forkpool_async(pool, square, i);
    }
    uint64_t id = forkpool_job_id(bad);
    ck_assert_int_eq(status_of(bad), FORKPOOL_LOST);
    for (long i = 0; i < 20; i++) ck_assert_int_eq(forkpool_value(siblings[i]), i * i);
    struct forkpool_loss loss = last_loss();
    ck_assert_int_eq(loss.signal, ends[_i].signal);
    ck_assert_int_eq(loss.code, ends[_i].code);
    ck_assert_msg(loss.cause == ends[_i].cause, "%s", loss.text);
    ck_assert_uint_eq(loss.job, id);
    ck_assert_int_gt(loss.max_rss_bytes, 0);
    ck_assert_uint_eq(forkpool_losses(pool, NULL, 0), 1);
    check_good(20);
}
END_TEST

/* 4 is in test_forkpool_steps: a worker dies at every step of the protocol. */

/* 5 killed in the middle of a large result */
static int half(const void *argument, size_t argument_bytes, void *result, size_t bytes)
{
    (void)argument, (void)argument_bytes;
    memset(result, 1, bytes / 2);
    return kill(getpid(), SIGKILL);
}
/* As fill of test_forkpool_bounds.c, which is a program of its own. */
static int whole(const void *argument, size_t argument_bytes, void *result, size_t bytes)
{
    (void)argument, (void)argument_bytes;
    memset(result, 1, bytes);
    return 0;
}
START_TEST(killed_in_a_large_result)
{
    open_workers(2);
    struct forkpool_task task = {.run = half, .result_bytes = 1 << 24};
    struct forkpool_job *job;
    ck_assert_int_eq(forkpool_submit(pool, &task, &job), 0);
    ck_assert_int_eq(forkpool_wait(job, FORKPOOL_FOREVER), 0);
    ck_assert_int_eq(forkpool_status(job), FORKPOOL_LOST);
    ck_assert_ptr_null(forkpool_result(job, NULL));
    forkpool_release(job);
    task.run = whole;
    ck_assert_int_eq(forkpool_submit(pool, &task, &job), 0);
    ck_assert_int_eq(forkpool_wait(job, FORKPOOL_FOREVER), 0);
    size_t bytes = 0;
    const char *result = forkpool_result(job, &bytes);
    ck_assert_uint_eq(bytes, 1 << 24);
    size_t good = 0;
    for (size_t i = 0; i < bytes; i++) good += result[i] == 1;
    ck_assert_uint_eq(good, bytes);
    forkpool_release(job);
}
END_TEST

/* 6 killed just after its result: the result counts. 7 an idle worker killed: replaced, nothing lost. */
static long my_pid(long unused) { (void)unused; return getpid(); }
START_TEST(idle_worker_killed)
{
    open_workers(1);
    struct forkpool_job *job = forkpool_async(pool, my_pid, 0);
    forkpool_wait(job, FORKPOOL_FOREVER);
    kill((pid_t)forkpool_value(job), SIGKILL);
    ck_assert_int_eq(forkpool_status(job), 0);
    pid_t first = (pid_t)forkpool_value(job);
    forkpool_release(job);
    job = forkpool_async(pool, my_pid, 0);
    int status = forkpool_wait(job, FORKPOOL_FOREVER) ? 1 : forkpool_status(job);
    if (!status) ck_assert_int_ne(forkpool_value(job), first);
    else ck_assert_int_eq(status, FORKPOOL_LOST); /* it took the task before the signal reached it */
    forkpool_release(job);
    ck_assert_int_eq(last_loss().signal, SIGKILL);
    check_good(10);
}
END_TEST

/* 8 all killed at once */
START_TEST(all_killed)
{
    open_workers(4);
    struct forkpool_job *jobs[4];
    for (long i = 0; i < 4; i++) jobs[i] = forkpool_async(pool, here, i);
    for (int i = 0; i < 4; i++) await(&board->pids[i], 1);
    for (int i = 0; i < 4; i++) kill(board->pids[i], SIGKILL);
    for (int i = 0; i < 4; i++) ck_assert_int_eq(status_of(jobs[i]), FORKPOOL_LOST);
    check_good(20);
    ck_assert_uint_eq(forkpool_losses(pool, NULL, 0), 4);
}
END_TEST

/* A pointer to what the program has mapped since: the report says so */
static long read_there(long address) { return *(volatile char *)address; }
START_TEST(pointer_newer_than_the_pool)
{
#ifdef __SANITIZE_ADDRESS__
    printf("skipped: pointer_newer_than_the_pool: a sanitizer turns this signal into a report and an exit\n");
    (void)read_there;
#else
    if (leftovers_skipped("pointer_newer_than_the_pool", "the emulator itself has memory there")) return;
    open_workers(1);
    void *newer = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ck_assert_int_eq(status_of(forkpool_async(pool, read_there, (long)newer)), FORKPOOL_LOST);
    ck_assert_msg(strstr(last_loss().text, "where nothing was mapped when the pool opened"), "%s", last_loss().text);
    munmap(newer, 1 << 20);
#endif
}
END_TEST

/* 9 a crash after close and before join, with work behind it */
START_TEST(crash_after_close)
{
    open_workers(1);
    struct forkpool_job *held = forkpool_async(pool, here, 0), *behind[5];
    for (long i = 0; i < 5; i++) behind[i] = forkpool_async(pool, square, i);
    await(&board->pids[0], 1);
    ck_assert_int_eq(forkpool_close(pool), 0);
    kill(board->pids[0], SIGKILL);
    ck_assert_int_eq(forkpool_join(pool, FORKPOOL_FOREVER), 0);
    ck_assert_int_eq(status_of(held), FORKPOOL_LOST);
    for (long i = 0; i < 5; i++) ck_assert_int_eq(forkpool_value(behind[i]), i * i);
}
END_TEST

/* 10 the initializer fails in one worker, in all; 11 it crashes at every start */
enum { INITIALIZER_ONE, INITIALIZER_ALL, INITIALIZER_CRASH, INITIALIZER_EXIT, INITIALIZERS };
static int initializer(void *context, unsigned worker, const char *cpus)
{
    (void)cpus;
    switch (*(int *)context) {
    case INITIALIZER_ONE: return worker == 2 ? -5 : 0;
    case INITIALIZER_ALL: return -5;
    case INITIALIZER_CRASH: abort();
    case INITIALIZER_EXIT: exit(0);
    }
    return 0;
}
START_TEST(initializer_fails)
{
    int mode = _i;
    struct forkpool_config config = {.workers = 4, .initializer = initializer, .context = &mode};
    int rc = forkpool_open_with(&config, &pool, why, sizeof why);
    ck_assert_int_eq(rc, _i < INITIALIZER_CRASH ? FORKPOOL_INITIALIZER : FORKPOOL_BROKEN);
    ck_assert_ptr_nonnull(strstr(why, _i < INITIALIZER_CRASH ? "it returned -5" : "in a row died while starting"));
    ck_assert_ptr_null(pool);
}
END_TEST

static int later_initializer(void *context, unsigned worker, const char *cpus)
{
    (void)context, (void)worker, (void)cpus;
    return atomic_load(&board->gate) ? -9 : 0;
}
START_TEST(initializer_fails_at_replacement)
{
    open_pool(&(struct forkpool_config){.workers = 2, .initializer = later_initializer});
    atomic_store(&board->gate, 1);
    ck_assert_int_eq(status_of(forkpool_async(pool, end_by, END_KILL)), FORKPOOL_LOST);
    while (!*forkpool_reason(pool)) usleep(1000);
    ck_assert_ptr_nonnull(strstr(forkpool_reason(pool), "failed: it returned -9"));
    ck_assert_ptr_null(forkpool_async(pool, square, 1));
    ck_assert_int_eq(forkpool_close(pool), 0);
    ck_assert_int_eq(forkpool_join(pool, FORKPOOL_FOREVER), 0);
}
END_TEST

START_TEST(restart_storm)
{
    open_pool(&(struct forkpool_config){.workers = 2, .restart_max = 5, .restart_window_ns = 3600000000000});
    int lost = 0, broken = 0;
    for (int i = 0; i < 20 && !broken; i++) {
        struct forkpool_job *job = forkpool_async(pool, end_by, END_KILL);
        int status = job ? status_of(job) : FORKPOOL_BROKEN;
        lost += status == FORKPOOL_LOST;
        broken += status == FORKPOOL_BROKEN;
    }
    ck_assert_int_ge(lost, 6);
    ck_assert_int_le(lost, 7); /* the other worker may take one more before it is ended */
    ck_assert_ptr_nonnull(strstr(forkpool_reason(pool), "more than 5 workers died"));
}
END_TEST

/* 13 no descriptors left */
START_TEST(no_descriptors)
{
    struct rlimit old, none;
    getrlimit(RLIMIT_NOFILE, &old);
    int lowest = dup(0);
    close(lowest);
    none = (struct rlimit){(rlim_t)lowest + (rlim_t)_i, old.rlim_max};
    setrlimit(RLIMIT_NOFILE, &none);
    int rc = forkpool_open_with(&(struct forkpool_config){.workers = 2}, &pool, why, sizeof why);
    setrlimit(RLIMIT_NOFILE, &old);
    if (rc) {
        ck_assert_int_eq(rc, -EMFILE);
        ck_assert_ptr_nonnull(strstr(why, "no descriptor"));
    } else {
        ck_assert_int_ge(_i, 3);
        check_good(5);
    }
}
END_TEST

/* 14 no memory for the mapping */
START_TEST(no_memory)
{
    int rc = forkpool_open_with(&(struct forkpool_config){.workers = 2, .arena_bytes = (size_t)1 << 60}, &pool, why, sizeof why);
    ck_assert_int_eq(rc, -ENOMEM);
    ck_assert_ptr_nonnull(strstr(why, "arena_bytes"));
}
END_TEST

/* 26 opened from one thread, which ends, used from another */
static void *open_in_thread(void *unused)
{
    (void)unused;
    open_workers(2);
    return NULL;
}
START_TEST(opened_in_another_thread)
{
    pthread_t thread;
    pthread_create(&thread, NULL, open_in_thread, NULL);
    pthread_join(thread, NULL);
    check_good(30);
    ck_assert_int_eq(status_of(forkpool_async(pool, end_by, END_SEGV)), FORKPOOL_LOST);
    check_good(30);
    ck_assert_uint_eq(forkpool_losses(pool, NULL, 0), 1);
}
END_TEST

/* Beyond the list: what a task may do to its descriptors, signals, children; to the server */
static long closes_all(long x) { for (int i = 0; i < 1024; i++) close(i); return x; }
static long stops_itself(long x) { raise(SIGSTOP); return x; }
static long forks_and_returns(long x) { fork(); return x; }
static long leaves_children(long x)
{
    for (int i = 0; i < 3; i++)
        if (!fork()) {
            if (i == 1) setsid();
            if (i == 2 && fork()) _exit(0);
            for (;;) pause();
        }
    return x;
}
static long blocks_signals(long x) { sigset_t all; sigfillset(&all); sigprocmask(SIG_SETMASK, &all, NULL); return x; }
static long ignores_all(long x) { for (int i = 1; i < 65; i++) signal(i, SIG_IGN); return x; }
static long alarms(long x) { alarm(1); return x; }
static long waits_for_any(long x) { while (wait(NULL) > 0) {} return x; }
static long (*const nuisances[])(long) = {closes_all, stops_itself, forks_and_returns, leaves_children, blocks_signals,
                                          ignores_all, alarms, waits_for_any};
START_TEST(nuisance)
{
    open_workers(2);
    for (int i = 0; i < 4; i++) {
        struct forkpool_job *job = forkpool_async(pool, nuisances[_i], 77);
        ck_assert_int_eq(forkpool_value(job), 77);
        forkpool_release(job);
    }
    check_good(30);
    struct forkpool_map map = {.tasks = 1000, .range = count, .schedule = FORKPOOL_DYNAMIC};
    ck_assert_int_eq(forkpool_map(pool, &map), 0);
    for (int i = 0; i < 1000; i++) ck_assert_uint_eq(board->counts[i], 1);
}
END_TEST

/* The next task may stop the worker before the server has seen that it went on. */
START_TEST(stopped_again_and_again)
{
    open_workers(2);
    for (int i = 0; i < 2000; i++) {
        struct forkpool_job *jobs[4];
        for (int k = 0; k < 4; k++) ck_assert_ptr_nonnull(jobs[k] = forkpool_async(pool, stops_itself, i));
        ck_assert_msg(!forkpool_wait_all(jobs, 4, INT64_C(20000000000)), "round %d: a stopped worker was left alone", i);
        for (int k = 0; k < 4; k++) forkpool_release(jobs[k]);
    }
}
END_TEST

static long kills_server(long x) { kill(getppid(), SIGKILL); pause(); return x; }
START_TEST(server_killed)
{
    open_workers(2);
    struct forkpool_job *job = forkpool_async(pool, kills_server, 1);
    ck_assert_int_eq(status_of(job), FORKPOOL_BROKEN);
    ck_assert_ptr_nonnull(strstr(forkpool_reason(pool), "spawn server was killed by signal 9"));
    ck_assert_ptr_null(forkpool_async(pool, square, 1));
    forkpool_delete(pool);
    pool = NULL;
    while (waitpid(-1, NULL, 0) > 0) {} /* its workers die with it, and are ours to reap here */
}
END_TEST

static void kill_server(void *context, unsigned worker) { (void)context; if (worker == 0) kill(getppid(), SIGKILL); }
START_TEST(server_killed_while_joining)
{
    open_pool(&(struct forkpool_config){.workers = 2, .finalizer = kill_server});
    check_good(4);
    ck_assert_int_eq(forkpool_close(pool), 0);
    ck_assert_int_eq(forkpool_join(pool, FORKPOOL_FOREVER), 0);
    ck_assert_ptr_nonnull(strstr(forkpool_reason(pool), "spawn server was killed by signal 9"));
    forkpool_delete(pool);
    pool = NULL;
    while (waitpid(-1, NULL, 0) > 0) {}
}
END_TEST

START_TEST(used_in_a_child)
{
    int status;
    open_workers(2);
    pid_t child = fork();
    if (!child) {
        bool good = !forkpool_async(pool, square, 1) && forkpool_close(pool) == FORKPOOL_FORKED;
        forkpool_delete(pool);
        _exit(good ? 0 : 1);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    check_good(20);
}
END_TEST

/* 27 a kill of a random worker every now and then under load: the short form of make soak is test_forkpool_soak. */

int main(void)
{
    TCase *cases = board_cases("forkpool faults");
    tcase_add_loop_test(cases, task_ends_its_worker, 0, END_WAYS);
    tcase_add_test(cases, killed_in_a_large_result);
    tcase_add_test(cases, idle_worker_killed);
    tcase_add_test(cases, all_killed);
    tcase_add_test(cases, crash_after_close);
    tcase_add_loop_test(cases, initializer_fails, 0, INITIALIZERS);
    tcase_add_test(cases, initializer_fails_at_replacement);
    tcase_add_test(cases, restart_storm);
    tcase_add_loop_test(cases, no_descriptors, 0, 6);
    tcase_add_test(cases, no_memory);
    tcase_add_test(cases, opened_in_another_thread);
    tcase_add_loop_test(cases, nuisance, 0, (int)(sizeof nuisances / sizeof *nuisances));
    tcase_add_test(cases, stopped_again_and_again);
    tcase_add_test(cases, server_killed);
    tcase_add_test(cases, server_killed_while_joining);
    tcase_add_test(cases, used_in_a_child);
    tcase_add_test(cases, pointer_newer_than_the_pool);
    return board_run("forkpool faults", cases);
}
