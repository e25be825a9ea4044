/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The machine's level by its sentinels: a step is marked, noise of single ones is not. */
#include "results/record/record.h"
#include "tests/suite.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { PROBLEMS = 3, BLOCKS = 12 };

/* Three problems, each a serial cell and a team; wall of block b is 1 ms * speed[b]. */
static struct run *make(const double *speed)
{
    struct run *run = calloc(1, sizeof *run);
    run->cell_count = 2 * PROBLEMS;
    run->cells = calloc(run->cell_count, sizeof *run->cells);
    run->samples = calloc(run->cell_count * BLOCKS, sizeof *run->samples);
    for (unsigned i = 0; i < run->cell_count; i++)
        run->cells[i] = (struct cell){.id = i, .baseline = i / 2 * 2, .duplicate = i, .processes = 1, .threads = 1};
    for (unsigned block = 0; block < BLOCKS; block++)
        for (unsigned i = 0; i < run->cell_count; i++)
            run->samples[run->sample_count++] = (struct observation){.cell = i,
                                                                     .block = block,
                                                                     .order = i,
                                                                     .status = "ok",
                                                                     .suspect = "",
                                                                     .wall_ns = (int64_t)(1e6 * (i + 1) * speed[block])};
    return run;
}

static unsigned marked(const struct run *run, unsigned block)
{
    unsigned count = 0;
    for (size_t i = 0; i < run->sample_count; i++)
        count += run->samples[i].block == block && strstr(run->samples[i].suspect, "drift");
    return count;
}

START_TEST(a_step_is_marked_in_all_samples_of_its_blocks)
{
    double speed[BLOCKS] = {1, 1, 1, 1, 1, 1, 1, 1, 1.3, 1.3, 1.3, 1.3};
    struct run *run = make(speed);
    ck_assert_int_eq(drift_mark(run), 0);
    ck_assert_int_eq(drift_mark(run), 0); /* once more: no second word */
    for (unsigned block = 0; block < BLOCKS; block++)
        ck_assert_uint_eq(marked(run, block), speed[block] > 1 ? 2 * PROBLEMS : 0);
    ck_assert_str_eq(run->samples[run->sample_count - 1].suspect, "drift");
    run_free(run);
    free(run);
}
END_TEST

START_TEST(one_disturbed_block_is_no_drift)
{
    double speed[BLOCKS] = {1, 1, 1, 1, 1.5, 1, 1, 1, 1, 1.01, 1, 1};
    struct run *run = make(speed);
    ck_assert_int_eq(drift_mark(run), 0);
    for (unsigned block = 0; block < BLOCKS; block++) ck_assert_uint_eq(marked(run, block), 0);
    run_free(run);
    free(run);
}
END_TEST

START_TEST(too_few_sentinels_tell_nothing)
{
    double speed[BLOCKS] = {1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2};
    struct run *run = make(speed);
    for (size_t i = 0; i < run->sample_count; i++)
        if (run->samples[i].cell) strcpy(run->samples[i].status, "killed"); /* one sentinel a block is left */
    ck_assert_int_eq(drift_mark(run), 0);
    for (unsigned block = 0; block < BLOCKS; block++) ck_assert_uint_eq(marked(run, block), 0);
    run_free(run);
    free(run);
}
END_TEST

START_TEST(nothing_at_all_is_no_error)
{
    struct run run = {0};
    ck_assert_int_eq(drift_mark(&run), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("drift");
    TCase *all = tcase_create("all");
    tcase_add_test(all, a_step_is_marked_in_all_samples_of_its_blocks);
    tcase_add_test(all, one_disturbed_block_is_no_drift);
    tcase_add_test(all, too_few_sentinels_tell_nothing);
    tcase_add_test(all, nothing_at_all_is_no_error);
    suite_add_tcase(suite, all);
    return suite_run(suite);
}
