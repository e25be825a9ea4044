/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Searches that end early or whose points do: failures, interrupts, limits of time. */
#include "tests/bench/search_fake.h"

START_TEST(points_that_fail_are_results)
{
    struct fake fake = {0};
    for (unsigned i = 0; i < 16; i++) fake.cost[i] = i >= 9 ? -1 : 20.0 / (i + 1); /* fails from ten workers on */
    struct search_space space = space_of(&fake, 16, false);
    struct search_result result;
    ck_assert_int_eq(search_run(&space, &search_defaults, &result), 0);
    ck_assert_uint_ge(level_of(&result, result.recommended), 7);
    ck_assert_uint_le(level_of(&result, result.recommended), 8);
    for (unsigned i = 9; i < 16; i++) ck_assert_uint_le(fake.measured[i], 1); /* nobody asks again */
    search_free(&result);
}
END_TEST

START_TEST(where_all_fail_nothing_is_recommended)
{
    struct fake fake = {0};
    struct search_space space = space_of(&fake, 16, false);
    struct search_result result;
    ck_assert_int_eq(search_run(&space, &search_defaults, &result), 0);
    ck_assert_uint_eq(result.recommended, result.entry_count);
    ck_assert_uint_eq(result.winner, result.entry_count);
    ck_assert_uint_ge(result.entry_count, 1);
    search_free(&result);
}
END_TEST

START_TEST(an_interrupted_search_keeps_what_it_has)
{
    struct fake fake = {.fail_after = 3};
    for (unsigned i = 0; i < 16; i++) fake.cost[i] = 20.0 / (i + 1);
    struct search_space space = space_of(&fake, 16, false);
    struct search_result result;
    ck_assert_int_eq(search_run(&space, &search_defaults, &result), -EINTR);
    ck_assert_uint_eq(result.blocks, 3);
    ck_assert_uint_eq(level_of(&result, result.recommended), 15);
    ck_assert(!result.entries[result.recommended].confirmed);
    search_free(&result);
}
END_TEST

START_TEST(a_time_limit_is_kept_but_for_one_measurement)
{
    for (int limit = 1; limit <= 400; limit += limit < 20 ? 1 : 20) {
        struct fake fake = {.serial = 20, .noise = 1.02, .state = 5};
        for (unsigned i = 0; i < LEVELS; i++) fake.cost[i] = 3 + 10.0 / (i + 1) + 0.2 * i;
        struct search_space space = space_of(&fake, LEVELS, true);
        struct search_options options = limit % 2 ? search_defaults : search_commands;
        struct search_result result;
        space.axis[0].workers = limit % 3; /* 0: where all values are words, many are looked at at once */
        options.budget_s = limit;
        ck_assert_int_eq(search_run(&space, &options, &result), 0);
        ck_assert_double_le(result.spent_s, limit + 20 * 1.02);
        ck_assert_uint_lt(result.recommended, result.entry_count);
        ck_assert(result.entries[result.recommended].count > 0);
        search_free(&result);
    }
}
END_TEST

START_TEST(slow_points_are_stopped_and_counted_as_slow)
{
    struct fake fake = {0};
    for (unsigned i = 0; i < LEVELS; i++) fake.cost[i] = 64.0 / (i + 1);
    struct search_space space = space_of(&fake, LEVELS, false);
    struct search_result result;
    ck_assert_int_eq(search_run(&space, &search_defaults, &result), 0);
    ck_assert_uint_eq(level_of(&result, result.recommended), LEVELS - 1);
    ck_assert_uint_eq(fake.measured[0], 0); /* beyond one that hit the limit */
    double worst = 0;
    for (size_t id = 0; id < result.entry_count; id++) worst = fmax(worst, result.entries[id].estimate);
    ck_assert_double_le(worst, search_defaults.limit * 2 + 1e-9);
    search_free(&result);
}
END_TEST

/* 64 tasks of 50 ms by so many processes, and a start that takes more of them longer. */
static void sleep_costs(struct fake *fake)
{
    for (unsigned i = 0; i < LEVELS; i++) fake->cost[i] = 0.05 * ceil(64.0 / (i + 1)) + 0.06 + 0.002 * i;
}

START_TEST(a_cold_first_run_sets_no_limit_for_the_others)
{
    for (unsigned cold = 1; cold <= 8; cold *= 2) {
        struct fake fake = {.cold = cold, .noise = 1.03};
        double all = 0, best = INFINITY;
        sleep_costs(&fake);
        for (unsigned i = 0; i < LEVELS; i++) all += fake.cost[i], best = fmin(best, fake.cost[i]);
        struct search_space space = space_of(&fake, LEVELS, false);
        space.also_count = 1;
        space.also[0] = (struct search_point){.level = {1}};
        struct search_result result;
        ck_assert_int_eq(search_run(&space, &search_commands, &result), 0);
        ck_assert_double_le(fake.cost[level_of(&result, result.recommended)], 1.05 * best);
        ck_assert_double_le(result.spent_s, 0.25 * all + (cold - 1) * fake.cost[LEVELS - 1]);
        search_free(&result);
    }
}
END_TEST

/* Of so few milliseconds that its share of the grid, and fourteen of its runs, were over before anything was known. */
START_TEST(a_command_of_milliseconds_has_an_interval)
{
    for (uint64_t state = 1; state <= 50; state++) {
        struct fake fake = {.noise = 1.6, .state = state, .cost = {0.010, 0.020, 0.030}};
        struct search_space space = space_of(&fake, 3, false);
        struct search_result result;
        ck_assert_int_eq(search_run(&space, &search_commands, &result), 0);
        ck_assert_uint_eq(level_of(&result, result.recommended), 0);
        ck_assert_uint_ge(result.entries[result.recommended].cost.n, STATS_INTERVAL_MIN);
        ck_assert(!result.short_of_budget);
        ck_assert_double_le(result.spent_s, search_commands.least_s);
        search_free(&result);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("search ends");
    TCase *tests = tcase_create("search ends");
    tcase_add_test(tests, points_that_fail_are_results);
    tcase_add_test(tests, where_all_fail_nothing_is_recommended);
    tcase_add_test(tests, an_interrupted_search_keeps_what_it_has);
    tcase_add_test(tests, a_time_limit_is_kept_but_for_one_measurement);
    tcase_add_test(tests, slow_points_are_stopped_and_counted_as_slow);
    tcase_add_test(tests, a_cold_first_run_sets_no_limit_for_the_others);
    tcase_add_test(tests, a_command_of_milliseconds_has_an_interval);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
