/* How far a task reaches: not beyond its own job, not into the spawn server, not to other workers' processes. */
#include "tests/forkpool_board.h"

#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>

static const int64_t second_ns = 1000000000;

static void open_patient(unsigned workers, unsigned deaths_most)
{
    open_pool(&(struct forkpool_config){.workers = workers, .restart_max = deaths_most});
}

/* 1 longjmp to where an earlier task of the same worker called setjmp: the job is lost, not left running for ever */
static jmp_buf earlier;
static volatile int marked;
static long jump_back(long unused)
{
    (void)unused;
    if (marked) longjmp(earlier, 1);
    marked = 1;
    (void)setjmp(earlier);
    return 0;
}
START_TEST(longjmp_into_an_earlier_task)
{
    open_workers(1);
    ck_assert_int_eq(status_of(forkpool_async(pool, jump_back, 0)), 0);
    check_good(8); /* so that the next task has another slot */
    struct forkpool_job *job = forkpool_async(pool, jump_back, 0);
    ck_assert_int_eq(forkpool_wait(job, 10 * second_ns), 0);
    ck_assert_int_eq(forkpool_status(job), FORKPOOL_LOST);
    forkpool_release(job);
    check_good(8);
}
END_TEST

/* 2 what the program asks for itself, cancels and limits, is no storm of crashes */
_Noreturn static int stay_for_ever(void)
{
    for (;;) pause();
}
static int stay(const void *argument, size_t argument_bytes, void *result, size_t result_bytes)
{
    (void)argument, (void)argument_bytes, (void)result, (void)result_bytes;
    atomic_fetch_add(&board->hits, 1);
    return stay_for_ever();
}
enum { ASKED = 12, DEATHS_MOST = 3 };
START_TEST(asked_for_deaths_are_no_storm)
{
    bool by_limit = _i;
    open_patient(2, DEATHS_MOST);
    struct forkpool_task task = {.run = stay, .limits.hard_ns = by_limit ? 1000000 : 0};
    for (int i = 0; i < ASKED; i++) {
        struct forkpool_job *job;
        ck_assert_int_eq(forkpool_submit(pool, &task, &job), 0);
        if (!by_limit) {
            await(&board->hits, i + 1);
            forkpool_cancel(job, 1);
        }
        ck_assert_int_eq(status_of(job), by_limit ? FORKPOOL_LIMIT : FORKPOOL_CANCELLED);
    }
    ck_assert_str_eq(forkpool_reason(pool), "");
    check_good(8);
}
END_TEST

/* 3 a task stops the spawn server: it goes on once the program looks */
static long stop_server(long unused) { (void)unused; return kill(getppid(), SIGSTOP); }
START_TEST(server_stopped)
{
    open_workers(2);
    struct forkpool_task task = {.run = stay, .limits.hard_ns = 1000000};
    struct forkpool_job *job;
    ck_assert_int_eq(status_of(forkpool_async(pool, stop_server, 0)), 0);
    ck_assert_int_eq(forkpool_submit(pool, &task, &job), 0);
    ck_assert_int_eq(forkpool_wait(job, 10 * second_ns), 0); /* a limit needs the server */
    ck_assert_int_eq(forkpool_status(job), FORKPOOL_LIMIT);
    forkpool_release(job);
    ck_assert_int_eq(status_of(forkpool_async(pool, stop_server, 0)), 0);
} /* deleting ends too: teardown */
END_TEST

int main(void)
{
    TCase *cases = board_cases("reach");
    tcase_add_test(cases, longjmp_into_an_earlier_task);
    tcase_add_loop_test(cases, asked_for_deaths_are_no_storm, 0, 2);
    tcase_add_test(cases, server_stopped);
    return board_run("forkpool reach", cases);
}
