/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Isolation, with programs of the system in the repetition's place. */
#include "bench/base/interrupt.h"
#include "bench/base/isolate.h"
#include "kernels/reason.h"
#include "tests/suite.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static struct isolate_result result;

static void isolate_shell(const char *script, double deadline_s, uint64_t memory_bytes)
{
    const char *const words[] = {"-c", script, NULL};
    struct isolate isolate = {.words = words,
                              .input = "question",
                              .input_size = 8,
                              .deadline_ns = (int64_t)(deadline_s * 1e9),
                              .memory_bytes = memory_bytes,
                              .padding_bytes = 100,
                              .program = "/bin/sh"};
    struct reason why = {""};
    ck_assert_int_eq(isolate_run(&isolate, &result, &why), 0);
}

static void free_result(void)
{
    isolate_result_free(&result);
}

START_TEST(input_goes_in_and_output_comes_out)
{
    isolate_shell("cat <&3 >&4; echo noise; echo ${#BREAKEVEN_PADDING} >&4", 20, 0);
    ck_assert_int_eq(result.end, ISOLATE_DONE);
    ck_assert_str_eq(result.output, "question100\n");
    ck_assert_str_eq(result.cause, "");
}
END_TEST

static const struct {
    const char *script;
    enum isolate_end end;
    const char *cause;
} ends[] = {
    {"exit 3", ISOLATE_EXITED, "exit code 3"},
    {"echo 'last words' >&2; exit 3", ISOLATE_EXITED, "exit code 3: last words"},
    {"printf 'runtime: no thread\\n\\nruntime: ' >&2; exit 3", ISOLATE_EXITED, "exit code 3: runtime: no thread"},
    {"printf 'one\\ntwo' >&2; exit 3", ISOLATE_EXITED, "exit code 3: two"},
    {"kill -SEGV $$", ISOLATE_SIGNALED, "signal 11 (Segmentation fault)"},
    {"kill -KILL $$", ISOLATE_SIGNALED, "signal 9 (Killed)"},
    {"(sleep 60) & (sleep 60) & exit 0", ISOLATE_LEFT, "left 2 processes behind"},
    {"setsid sleep 60 & exit 0", ISOLATE_LEFT, "left 1 process behind"},
    {"(sleep 0.01) & exit 0", ISOLATE_DONE, ""}, /* it ends by itself */
    {"(sleep 60) & exit 5", ISOLATE_EXITED, "exit code 5"},
};

START_TEST(each_end_has_its_cause_and_leaves_nobody)
{
    isolate_shell(ends[_i].script, 20, 0);
    ck_assert_int_eq(result.end, ends[_i].end);
    ck_assert_str_eq(result.cause, ends[_i].cause);
    ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1); /* nobody is left */
    ck_assert_int_eq(errno, ECHILD);
}
END_TEST

/* A job's end reaches the repetition first, this process 50 ms later. */
START_TEST(a_signal_for_the_whole_job_is_no_fault_of_the_repetition)
{
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGTERM};
    struct itimerspec soon = {.it_value = {.tv_nsec = 50000000}};
    timer_t timer;
    interrupt_watch();
    ck_assert_int_eq(timer_create(CLOCK_MONOTONIC, &event, &timer), 0);
    ck_assert_int_eq(timer_settime(timer, 0, &soon, NULL), 0);
    isolate_shell("kill -TERM $$", 20, 0);
    ck_assert_int_eq(result.end, ISOLATE_INTERRUPTED);
    timer_delete(timer);
}
END_TEST

START_TEST(a_deadline_kills_all_of_it)
{
    isolate_shell("trap '' TERM INT; setsid sleep 60 & sleep 60 & while :; do sleep 1; done", 0.5, 0);
    ck_assert_int_eq(result.end, ISOLATE_TIMED_OUT);
    ck_assert_str_eq(result.cause, "deadline of 0.5 s passed");
    ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
    ck_assert_int_eq(errno, ECHILD);
}
END_TEST

START_TEST(a_flood_of_output_is_cut_and_blocks_nobody)
{
    isolate_shell("head -c 20000000 /dev/zero >&4; head -c 1000000 /dev/zero >&2; exit 0", 30, 0);
    ck_assert_int_eq(result.end, ISOLATE_DONE);
    ck_assert_uint_eq(result.output_size, ISOLATE_OUTPUT_MAX);
}
END_TEST

START_TEST(descriptors_do_not_leak_in_or_out)
{
    int stray = dup(1); /* without close-on-exec */
    isolate_shell("ls /proc/$$/fd | tr '\\n' ' ' >&4", 20, 0);
    ck_assert_ptr_nonnull(result.output);
    ck_assert_msg(!strncmp(result.output, "0 1 2 3 4 ", 10), "%s", result.output);
    char text[16];
    snprintf(text, sizeof text, " %d ", stray);
    if (stray > 4) ck_assert_ptr_null(strstr(result.output, text));
    close(stray);
    int lowest = dup(1);
    ck_assert_int_eq(lowest, stray); /* none of ours stayed open */
    close(lowest);
}
END_TEST

START_TEST(a_program_that_is_not_there)
{
    const char *const words[] = {"x", NULL};
    struct isolate isolate = {.words = words, .deadline_ns = 1000000000, .program = "/nowhere"};
    struct reason why = {""};
    ck_assert_int_eq(isolate_run(&isolate, &result, &why), -ENOENT);
    ck_assert_ptr_nonnull(strstr(why.text, "exec"));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("isolate");
    TCase *isolate = tcase_create("isolate");
    tcase_add_checked_fixture(isolate, NULL, free_result);
    tcase_add_test(isolate, input_goes_in_and_output_comes_out);
    tcase_add_loop_test(isolate, each_end_has_its_cause_and_leaves_nobody, 0, (int)(sizeof ends / sizeof *ends));
    tcase_add_test(isolate, a_deadline_kills_all_of_it);
    tcase_add_test(isolate, a_signal_for_the_whole_job_is_no_fault_of_the_repetition);
    tcase_add_test(isolate, a_flood_of_output_is_cut_and_blocks_nobody);
    tcase_add_test(isolate, descriptors_do_not_leak_in_or_out);
    tcase_add_test(isolate, a_program_that_is_not_there);
    suite_add_tcase(suite, isolate);
    return suite_run(suite);
}
