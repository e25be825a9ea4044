/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Requests to end: watched while something is measured, and the system's again after it. */
#include "bench/base/interrupt.h"
#include "tests/suite.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

/* How a child ends that is asked to after `interrupt_watch`, and once more `later_us` after the first time. */
static int end_of(useconds_t later_us)
{
    int status;
    pid_t child = fork();
    if (!child) {
        interrupt_watch();
        raise(SIGINT);
        pid_t self = getpid();
        if (!fork()) {
            usleep(later_us);
            kill(self, SIGINT);
            _exit(0);
        }
        interrupt_unwatch();
        sleep(1);
        _exit(interrupt_seen() ? 0 : 1);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    return status;
}

/* timeout(1) signals the program, then its group: the second killed one that was writing its last words. */
START_TEST(one_request_that_comes_twice_is_one)
{
    int status = end_of(10000);
    ck_assert(WIFEXITED(status));
    ck_assert_int_eq(WEXITSTATUS(status), 0);
}
END_TEST

START_TEST(a_second_request_ends_the_program)
{
    int status = end_of(500000);
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
