/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Another program as a child: what it writes arrives, what it is given is there, and past its deadline nothing is left. */
#include "runners/child.h"
#include "tests/suite.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static char heard[2][64];

static void hear(void *context, int from, const char *bytes, size_t size)
{
    (void)context;
    strncat(heard[from - 1], bytes, size);
}

static int run_shell(const char *line, const char *dir, const int *kept, int deadline_ms, int *status)
{
    char *const words[] = {"sh", "-c", (char *)line, NULL};
    memset(heard, 0, sizeof heard);
    return child_run(&(struct child_program){.words = words, .dir = dir, .kept = kept}, deadline_ms, hear, NULL, status);
}

START_TEST(both_outputs_arrive_and_the_exit_code_too)
{
    int status;
    ck_assert_int_eq(run_shell("cat; pwd; echo bad >&2; exit 3", "/usr", NULL, 100000, &status), 0);
    ck_assert_int_eq(WEXITSTATUS(status), 3);
    ck_assert_str_eq(heard[0], "/usr\n");
    ck_assert_str_eq(heard[1], "bad\n");
}
END_TEST

START_TEST(with_standard_output_and_error_closed_it_is_the_same)
{
    int status;
    close(0), close(1), close(2);
    ck_assert_int_eq(run_shell("echo out; echo bad >&2", NULL, NULL, 100000, &status), 0);
    ck_assert_str_eq(heard[0], "out\n");
    ck_assert_str_eq(heard[1], "bad\n");
}
END_TEST

START_TEST(only_kept_descriptors_are_open)
{
    int ends[2], other = open("/dev/null", O_RDONLY), status;
    char line[100];
    ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
    snprintf(line, sizeof line, "echo kept >&%d; test ! -e /proc/self/fd/%d", ends[1], other);
    ck_assert_int_eq(run_shell(line, NULL, (const int[]){ends[1], -1}, 100000, &status), 0);
    ck_assert_int_eq(status, 0);
    ck_assert_int_eq(read(ends[0], line, sizeof line), 5);
}
END_TEST

START_TEST(past_its_deadline_its_whole_group_is_killed)
{
    int ends[2], status;
    char byte;
    ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
    ck_assert_int_eq(run_shell("sleep 1000 & sleep 1000", NULL, (const int[]){ends[1], -1}, 50, &status), -ETIME);
    ck_assert_int_eq(WTERMSIG(status), SIGKILL);
    close(ends[1]);
    ck_assert_int_eq(read(ends[0], &byte, 1), 0); /* nobody holds the other end */
}
END_TEST

START_TEST(who_holds_back_an_interrupt_does_not_wait_for_it)
{
    sigset_t held;
    int status;
    sigemptyset(&held);
    sigaddset(&held, SIGINT);
    sigprocmask(SIG_BLOCK, &held, NULL);
    ck_assert_int_eq(run_shell("sleep 0.3; echo whole", NULL, NULL, 1000000, &status), 0);
    ck_assert_str_eq(heard[0], "whole\n");
    raise(SIGINT);
    ck_assert_int_eq(run_shell("sleep 1000", NULL, NULL, 1000000, &status), -ETIME); /* the test's own deadline ends it otherwise */
}
END_TEST

START_TEST(a_program_that_is_not_there)
{
    char *const words[] = {"/no/such/program", NULL};
    int status;
    ck_assert_int_eq(child_run(&(struct child_program){.words = words}, 100000, hear, NULL, &status), 0);
    ck_assert_int_eq(WEXITSTATUS(status), CHILD_MISSING);
}
END_TEST

START_TEST(an_answer_is_standard_output_alone_and_cut_to_fit)
{
    char text[8];
    int status;
    ck_assert_int_eq(child_ask((const char *[]){"sh", "-c", "echo bad >&2; printf one; printf two3456; exit 4", NULL}, 100000,
                               text, sizeof text, &status),
                     0);
    ck_assert_str_eq(text, "onetwo3");
    ck_assert_int_eq(WEXITSTATUS(status), 4);
    ck_assert_int_eq(child_ask((const char *[]){"true", NULL}, 100000, text, sizeof text, &status), 0);
    ck_assert_str_eq(text, "");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("child");
    TCase *all = tcase_create("all");
    tcase_add_test(all, both_outputs_arrive_and_the_exit_code_too);
    tcase_add_test(all, with_standard_output_and_error_closed_it_is_the_same);
    tcase_add_test(all, only_kept_descriptors_are_open);
    tcase_add_test(all, past_its_deadline_its_whole_group_is_killed);
    tcase_add_test(all, who_holds_back_an_interrupt_does_not_wait_for_it);
    tcase_add_test(all, a_program_that_is_not_there);
    tcase_add_test(all, an_answer_is_standard_output_alone_and_cut_to_fit);
    suite_add_tcase(suite, all);
    return suite_run(suite);
}
