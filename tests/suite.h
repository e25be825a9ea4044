/* SPDX-License-Identifier: GPL-3.0-or-later */
/* suite.h: what every test program ends with. Each main is the list of its tests, in Check's own words, a line a test: alike in
   all programs, and more is not shared, since a table of names would say the same in a language that nobody knows. */
#ifndef TESTS_SUITE_H
#define TESTS_SUITE_H

#include <check.h>
#include <stdlib.h>

/* A test's deadline where its file names no other: it ends what hangs and is no measure of speed, so long enough for a crowded
   machine and the sanitizers. Check's own, 4 s, is not. CK_DEFAULT_TIMEOUT overrides it. */
__attribute__((constructor)) static inline void suite_deadline(void)
{
    setenv("CK_DEFAULT_TIMEOUT", "300", 0);
}

/* Runs it, each test in a process of its own, and frees it. The exit status of the program. */
static inline int suite_run(Suite *suite)
{
    SRunner *runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_FORK);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

#endif
