/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A debugger holds a worker, or what a task has left behind: the pool's waits end all the same. */
#include "tests/forkpool/forkpool_board.h"

#include <stdbool.h>
#include <stdlib.h>
#include <sys/ptrace.h>

/* A debugger: traces what it is told, stays until the gate opens. 0: it may not. */
static pid_t trace(pid_t traced, bool stop)
{
    pid_t tracer = fork();
    if (tracer == 0) {
        int ready = ptrace(PTRACE_SEIZE, traced, NULL, NULL) ? -1 : 1;
        if (ready > 0 && stop && !ptrace(PTRACE_INTERRUPT, traced, NULL, NULL)) waitpid(traced, NULL, __WALL);
        atomic_store(&board->calls, ready);
        while (ready > 0 && !atomic_load(&board->gate)) usleep(1000);
        _exit(0);
    }
    while (!atomic_load(&board->calls)) usleep(1000);
    if (atomic_load(&board->calls) > 0) return tracer;
    waitpid(tracer, NULL, 0);
    return 0;
}
static void end_trace(pid_t tracer)
{
    atomic_store(&board->gate, 1);
    waitpid(tracer, NULL, 0);
}
static int stay(const void *argument, size_t argument_bytes, void *result, size_t result_bytes)
{
    (void)argument, (void)argument_bytes, (void)result, (void)result_bytes;
    atomic_store(&board->pids[0], getpid());
    stay_for_ever();
}

/* 9 a debugger holds the end of a worker back: the task's limit ends it all the same */
START_TEST(traced_worker)
{
    open_workers(1);
    struct forkpool_task task = {.run = stay, .limits.hard_ns = 300000000};
    struct forkpool_job *job;
    ck_assert_int_eq(forkpool_submit(pool, &task, &job), 0);
    await(&board->pids[0], 1);
    pid_t tracer = trace(atomic_load(&board->pids[0]), false);
    if (!tracer) {
        printf("skipped: traced_worker: ptrace is refused\n");
        return;
    }
    ck_assert_int_eq(forkpool_wait(job, 20 * second_ns), 0);
    ck_assert_int_eq(forkpool_status(job), FORKPOOL_LIMIT);
    forkpool_release(job);
    check_good(4);
    end_trace(tracer);
    check_good(4);
}
END_TEST

/* A debugger stops one idle worker after the other: the others take the work that it was woken for. */
START_TEST(traced_idle_workers)
{
    open_workers(3);
    for (unsigned worker = 0; worker < 3; worker++) {
        struct forkpool_worker_stats stats;
        ck_assert_int_eq(forkpool_worker_stats(pool, worker, &stats), 0);
        atomic_store(&board->gate, 0);
        atomic_store(&board->calls, 0);
        pid_t tracer = trace(stats.pid, true);
        if (!tracer) {
            printf("skipped: traced_idle_workers: ptrace is refused\n");
            return;
        }
        for (int i = 0; i < 3; i++) check_good(1);
        check_good(4);
        end_trace(tracer);
        check_good(4);
    }
}
END_TEST

/* 10 what a task leaves behind can't be collected: join ends all the same */
static long leave_child(long unused)
{
    (void)unused;
    pid_t pid = fork();
    if (pid == 0) stay_for_ever();
    atomic_store(&board->pids[0], pid);
    return 0;
}
START_TEST(traced_stray)
{
    open_workers(1);
    ck_assert_int_eq(status_of(forkpool_async(pool, leave_child, 0)), 0);
    pid_t stray = atomic_load(&board->pids[0]), tracer = trace(stray, false);
    if (!tracer) {
        printf("skipped: traced_stray: ptrace is refused\n");
        return;
    }
    ck_assert_int_eq(forkpool_close(pool), 0);
    ck_assert_int_eq(forkpool_join(pool, 20 * second_ns), 0);
    forkpool_delete(pool);
    pool = NULL;
    end_trace(tracer);
    await_gone(stray);
}
END_TEST

int main(void)
{
    setvbuf(stdout, NULL, _IONBF, 0);
    TCase *cases = board_cases("traced");
    tcase_add_test(cases, traced_worker);
    tcase_add_test(cases, traced_idle_workers);
    tcase_add_test(cases, traced_stray);
    return board_run("forkpool traced", cases);
}
