/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a run says while it is measured. */
#include "bench/measure/progress.h"
#include "tests/fixtures/simulate.h"
#include "tests/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const int64_t SECOND = 1000000000;

START_TEST(a_line_is_due_after_20_s_and_then_at_twice_the_time)
{
    struct progress progress = {0};
    ck_assert(!progress_due(&progress, 19 * SECOND));
    ck_assert(progress_due(&progress, 21 * SECOND));
    ck_assert(!progress_due(&progress, 39 * SECOND));
    ck_assert(progress_due(&progress, 41 * SECOND));
    ck_assert(progress_due(&progress, 200 * SECOND)); /* a repetition took long: one line, not two */
    ck_assert(!progress_due(&progress, 201 * SECOND));
}
END_TEST

START_TEST(it_is_a_sentence_of_what_was_recorded)
{
    char dir[] = "/tmp/test_so_far.XXXXXX", command[64], text[512] = "";
    ck_assert_ptr_nonnull(mkdtemp(dir));
    ck_assert(!progress_read(dir, text, sizeof text));
    ck_assert_int_eq(simulate_run(dir, &simulate_small, 1, 3), 0);
    ck_assert(progress_read(dir, text, sizeof text));
    ck_assert_msg(!strncmp(text, "so far: ", 8) && strstr(text, "spin, "), "said: %s", text);
    ck_assert_int_eq(text[strlen(text) - 1], '.');
    snprintf(command, sizeof command, "rm -rf %s", dir);
    ck_assert_int_eq(system(command), 0);
}
END_TEST

/* "triad is 7.66 times as fast as serial under openmp with 1 worker": of the one repetition that was disturbed. */
START_TEST(what_was_disturbed_or_cannot_be_is_not_told)
{
    char dir[] = "/tmp/test_so_far.XXXXXX", command[256], text[512] = "";
    ck_assert_ptr_nonnull(mkdtemp(dir));
    ck_assert_int_eq(simulate_run(dir, &simulate_small, 1, 1), 0);
    ck_assert_msg(progress_read(dir, text, sizeof text), "nothing is told");
    snprintf(command, sizeof command, "sed -i 's/\"suspect\":\"\"/\"suspect\":\"preempted\"/' %s/samples.jsonl && "
             "sed -i 's/\"simulated\": true/\"simulated\": false/' %s/manifest.json", dir, dir);
    ck_assert_int_eq(system(command), 0);
    ck_assert_msg(!progress_read(dir, text, sizeof text), "said: %s", text);
    snprintf(command, sizeof command, "rm -rf %s", dir);
    ck_assert_int_eq(system(command), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("so_far");
    TCase *tests = tcase_create("so_far");
    tcase_add_test(tests, a_line_is_due_after_20_s_and_then_at_twice_the_time);
    tcase_add_test(tests, it_is_a_sentence_of_what_was_recorded);
    tcase_add_test(tests, what_was_disturbed_or_cannot_be_is_not_told);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
