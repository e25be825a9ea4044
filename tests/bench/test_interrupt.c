/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Requests to end: watched while something is measured, and the system's again after it. */
#include "bench/base/interrupt.h"
#include "tests/suite.h"

#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* How a child ends that is asked to while it watches, and once more: by a timer `later_ns` afterwards, or, 0, when the signals are
 * the system's again. */
static int end_of(long later_ns)
{
    int status;
    pid_t child = fork();
    if (!child) {
        struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGINT};
        timer_t timer;
        interrupt_watch();
        raise(SIGINT);
        if (later_ns && (timer_create(CLOCK_MONOTONIC, &event, &timer) ||
                         timer_settime(timer, 0, &(struct itimerspec){.it_value.tv_nsec = later_ns}, NULL)))
            _exit(2);
        interrupt_unwatch();
        if (later_ns) sleep(1);
        else raise(SIGINT);
        _exit(interrupt_seen() ? 0 : 1);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    return status;
}

/* timeout(1) signals the program, then its group: the second killed one that was writing its last words. */
START_TEST(one_request_that_comes_twice_is_one)
{
    int status = end_of(10000000);
    ck_assert(WIFEXITED(status));
    ck_assert_int_eq(WEXITSTATUS(status), 0);
}
END_TEST

START_TEST(a_second_request_ends_the_program)
{
    int status = end_of(0);
    ck_assert(WIFSIGNALED(status));
    ck_assert_int_eq(WTERMSIG(status), SIGINT);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("interrupt");
    TCase *tests = tcase_create("interrupt");
    tcase_add_test(tests, one_request_that_comes_twice_is_one);
    tcase_add_test(tests, a_second_request_ends_the_program);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
