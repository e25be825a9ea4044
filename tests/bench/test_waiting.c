/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a runner's own children ran is told apart from what others did: a Python interpreter beside its workers was taken for
 * a disturbance in each repetition. Durations of the cpu's own clock: a crowded machine takes longer, and counts the same. */
#include "bench/base/waiting.h"
#include "tests/suite.h"

#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { BUSY_NS = 20000000 };

static bool nobody(int tid, const void *context)
{
    (void)tid, (void)context;
    return false;
}

static bool that_one(int tid, const void *context)
{
    return tid == *(const int *)context;
}

static int64_t cpu_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* Uses a cpu for so long, says so, and stays. */
static pid_t child_start(int *ready)
{
    int ends[2];
    ck_assert_int_eq(pipe(ends), 0);
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (!child) {
        while (cpu_ns() < BUSY_NS) continue;
        (void)!write(ends[1], "", 1);
        for (;;) pause();
    }
    close(ends[1]);
    *ready = ends[0];
    return child;
}

START_TEST(what_children_ran_is_counted_but_for_those_left_out)
{
    int ready;
    char byte;
    int64_t before_ns = waiting_children_ran_ns(nobody, NULL);
    pid_t child = child_start(&ready);
    ck_assert_int_eq(read(ready, &byte, 1), 1);
    bool told = waiting_read(child, child).ran_ns >= 0;
    int64_t with_ns = waiting_children_ran_ns(nobody, NULL), without_ns = waiting_children_ran_ns(that_one, &child);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    close(ready);
    if (!told) {
        puts("skipped: children's cpu time: the kernel has no schedstat");
        return;
    }
    ck_assert_int_ge(with_ns, BUSY_NS);
    ck_assert_int_eq(before_ns, 0);
    ck_assert_int_eq(without_ns, 0);
    ck_assert_int_eq(waiting_children_ran_ns(nobody, NULL), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("waiting");
    TCase *tests = tcase_create("waiting");
    tcase_add_test(tests, what_children_ran_is_counted_but_for_those_left_out);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
