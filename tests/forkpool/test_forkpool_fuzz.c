/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Random programs of submits, maps, iterators, cancels, resizes, deaths and signals, each told by a seed, against what the
 * same program computes serially. Each runs in a process of its own with a deadline and must leave nothing behind.
 * FORKPOOL_FUZZ_SECONDS: how long (make fuzz-pool); FORKPOOL_FUZZ_SEED: the first seed. */
#include "tests/suite.h"

#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/forkpool/forkpool_programs.h"

enum { DEADLINE_S = 60, SHORT_S = 2 };

/* 0, or what went wrong. */
static int run_seed(unsigned long seed)
{
    fflush(NULL);
    pid_t child = fork();
    if (!child) _exit(program_run(seed));
    int status = 0;
    for (int waited_ms = 0; waitpid(child, &status, WNOHANG) == 0; waited_ms += 2) {
        if (waited_ms > DEADLINE_S * 1000) {
            printf("seed %lu: still there after %d s\n", seed, DEADLINE_S);
            kill(child, SIGKILL);
            waitpid(child, &status, 0);
            return 1;
        }
        poll(NULL, 0, 2);
    }
    if (status) printf("seed %lu: the program ended with status %#x\n", seed, (unsigned)status);
    /* Whatever the program left comes here. */
    for (int tries = 0; waitpid(-1, NULL, WNOHANG) >= 0 && tries < 2500; tries++) poll(NULL, 0, 2);
    if (waitpid(-1, NULL, WNOHANG) >= 0) return printf("seed %lu: a process is left\n", seed), 1;
    return status != 0;
}

START_TEST(random_programs_do_what_serial_ones_do)
{
    const char *asked = getenv("FORKPOOL_FUZZ_SECONDS"), *first = getenv("FORKPOOL_FUZZ_SEED");
    unsigned long seed = first ? strtoul(first, NULL, 10) : 1, begin = seed;
    time_t end = time(NULL) + (asked ? atol(asked) : SHORT_S);
    int failed = 0;
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    if (asked) printf("fuzz-pool: seeds from %lu; SEED=N SECONDS=1 repeats one\n", seed);
    do failed += run_seed(seed++);
    while (time(NULL) < end && failed < 5);
    if (asked) printf("%lu programs, %d failed\n", seed - begin, failed);
    ck_assert_int_eq(failed, 0);
}
END_TEST

int main(void)
{
    const char *asked = getenv("FORKPOOL_FUZZ_SECONDS");
    TCase *cases = tcase_create("fuzz");
    tcase_set_timeout(cases, (asked ? atof(asked) : SHORT_S) + 3 * DEADLINE_S);
    tcase_add_test(cases, random_programs_do_what_serial_ones_do);
    Suite *suite = suite_create("forkpool fuzz");
    suite_add_tcase(suite, cases);
    return suite_run(suite);
}
