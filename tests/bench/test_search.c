/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the search answers, over fakes. What ends it early or goes wrong: test_search_ends.c. */
#include "tests/bench/search_fake.h"

START_TEST(the_minimum_is_found_without_trying_everything)
{
    for (unsigned best = 0; best < LEVELS; best++) {
        struct fake fake = {.serial = LEVELS};
        for (unsigned i = 0; i < LEVELS; i++) fake.cost[i] = fmax((i + 1.0) / (best + 1.0), (best + 1.0) / (i + 1.0));
        struct search_space space = space_of(&fake, LEVELS, true);
        struct search_result result;
        ck_assert_int_eq(search_run(&space, &search_defaults, &result), 0);
        ck_assert_double_le(fake.cost[level_of(&result, result.recommended)], fake.cost[best] * 1.15);
        ck_assert_uint_lt(result.entry_count, 24);
        ck_assert_uint_ge(result.entries[result.recommended].cost.n, STATS_INTERVAL_MIN);
        search_free(&result);
    }
}
END_TEST

START_TEST(blocks_interleave_and_rotate)
{
    struct fake fake = {.serial = 2};
    for (unsigned i = 0; i < 4; i++) fake.cost[i] = 1 + 0.001 * i;
    fake.noise = 1.02;
    struct search_space space = space_of(&fake, 4, true);
    struct search_result result;
    ck_assert_int_eq(search_run(&space, &search_defaults, &result), 0);
    size_t last =
        fake.logged - 1; /* the fresh blocks: equal in size, each with another first point than the one before */
    ck_assert_uint_ge(result.blocks - result.fresh, STATS_INTERVAL_MIN);
    for (size_t i = 0; i + 1 < result.blocks - result.fresh; i++) {
        ck_assert_uint_eq(fake.count[last - i], fake.count[last]);
        ck_assert_uint_ne(fake.first[last - i], fake.first[last - i - 1]);
    }
    ck_assert_uint_eq(result.blocks, fake.logged);
    search_free(&result);
}
END_TEST

/* From four workers on all are equal. Chance makes one look more than thrift's 1 % slower now and then: not often. */
START_TEST(of_what_is_equal_the_fewest_workers_are_recommended)
{
    enum { SEEDS = 100 };
    unsigned few = 0;
    for (unsigned seed = 0; seed < SEEDS; seed++) {
        struct fake fake = {.serial = 50, .noise = 1.02, .state = seed * 7919 + 1};
        for (unsigned i = 0; i < 16; i++) fake.cost[i] = i < 4 ? 40.0 / (i + 1) : 10;
        struct search_space space = space_of(&fake, 16, true);
        struct search_result result;
        ck_assert_int_eq(search_run(&space, &search_defaults, &result), 0);
        const struct search_entry *entry = &result.entries[result.recommended];
        ck_assert_double_ge(entry->workers, 4);
        ck_assert(entry->tied || result.recommended == result.winner);
        few += entry->workers <= 6;
        search_free(&result);
    }
    ck_assert_uint_ge(few, SEEDS * 7 / 10);
}
END_TEST

/* Two workers are as fast as four in the middle, but vary so much that they are not told apart from the serial loop. */
START_TEST(what_is_tied_with_the_winner_is_recommended_only_where_it_gains_itself)
{
    enum { SEEDS = 100 };
    unsigned gains = 0;
    for (unsigned seed = 0; seed < SEEDS; seed++) {
        struct fake fake = {.serial = 12, .noise = 1.01, .state = seed * 7919 + 1};
        fake.cost[0] = 30, fake.cost[1] = fake.cost[3] = 10, fake.cost[2] = 11, fake.noise_of[1] = 2;
        struct search_space space = space_of(&fake, 4, true);
        struct search_result result;
        ck_assert_int_eq(search_run(&space, &search_defaults, &result), 0);
        const struct search_entry *serial = &result.entries[result.serial], *winner = &result.entries[result.winner],
                                  *advised = &result.entries[result.recommended];
        if (search_ratio(&result, winner, serial).high < 1) {
            gains++;
            ck_assert(advised->point.serial || search_ratio(&result, advised, serial).high < 1);
        }
        search_free(&result);
    }
    ck_assert_uint_ge(gains, SEEDS / 4);
}
END_TEST

START_TEST(within_takes_fewer_workers_for_a_price)
{
    struct fake fake = {.serial = 50};
    for (unsigned i = 0; i < 16; i++) fake.cost[i] = 10 + 8.0 / (i + 1) / (i + 1); /* 8 is within 2 %, 4 within 5 % */
    struct search_space space = space_of(&fake, 16, true);
    struct search_options options = search_defaults;
    options.within = 0.05;
    struct search_result result;
    ck_assert_int_eq(search_run(&space, &options, &result), 0);
    const struct search_entry *entry = &result.entries[result.recommended];
    ck_assert_double_le(fake.cost[level_of(&result, result.recommended)], 1.05 * fake.cost[15]);
    ck_assert_double_le(entry->workers, 8);
    search_free(&result);
}
END_TEST

START_TEST(staying_serial_is_an_answer)
{
    struct fake fake = {.serial = 1, .noise = 1.05};
    for (unsigned i = 0; i < 8; i++) fake.cost[i] = 1.3 + 0.1 * i;
    struct search_space space = space_of(&fake, 8, true);
    struct search_result result;
    ck_assert_int_eq(search_run(&space, &search_defaults, &result), 0);
    ck_assert(result.entries[result.recommended].point.serial);
    ck_assert_uint_eq(result.recommended, result.serial);
    search_free(&result);
}
END_TEST

/* With three spikes among six fresh figures of the winner nothing is resolved, and a tie is no reason to take what another
 * rival beats by half. */
START_TEST(spikes_do_not_make_a_slow_point_a_tie)
{
    unsigned serial = 0;
    for (unsigned seed = 0; seed < 100; seed++) {
        struct fake fake = {.serial = 2, .noise = 1.02, .spikes = 0.3, .state = seed * 7919 + 1};
        for (unsigned i = 0; i < 2; i++) fake.cost[i] = i ? 1 : 1.98;
        struct search_space space = space_of(&fake, 2, true);
        space.limits = false;
        space.axis[space.axis_count++] = (struct search_axis){.name = "schedule", .levels = 6};
        struct search_result result;
        ck_assert_int_eq(search_run(&space, &search_defaults, &result), 0);
        serial += result.entries[result.recommended].workers < 2;
        search_free(&result);
    }
    ck_assert_uint_le(serial, 5);
}
END_TEST

START_TEST(a_machine_that_changes_meanwhile_is_told)
{
    struct fake fake = {.serial = 3, .noise = 1.02};
    for (unsigned i = 0; i < 4; i++) fake.cost[i] = 2.0 - 0.1 * i;
    struct search_space space = space_of(&fake, 4, true);
    struct search_result result;
    ck_assert_int_eq(search_run(&space, &search_defaults, &result), 0);
    ck_assert_double_ge(result.shift, 1);
    ck_assert_double_lt(result.shift, 1.1);
    size_t fresh = result.fresh;
    search_free(&result);
    fake.calls = fake.logged = fake.state = 0;
    fake.slow_after = fresh; /* all goes the same way, and then the fresh blocks are slow */
    space.limits = false;
    ck_assert_int_eq(search_run(&space, &search_defaults, &result), 0);
    ck_assert_uint_eq(result.fresh, fresh);
    ck_assert_double_gt(result.shift, SEARCH_SHIFT);
    /* Serial is now 15 % better than four workers, who were 75 % better before. */
    ck_assert_uint_lt(result.recommended, result.entry_count);
    ck_assert(!result.entries[result.recommended].point.serial);
    ck_assert(result.entries[result.serial].confirmed);
    ck_assert_double_lt(result.entries[result.serial].cost.median, result.entries[result.recommended].cost.median);
    search_free(&result);
}
END_TEST

/* The same machine all the time: what the fresh blocks say counts. */
START_TEST(a_machine_that_holds_still_is_judged_by_its_fresh_blocks)
{
    struct fake fake = {.serial = 1.5, .noise = 1.02};
    for (unsigned i = 0; i < 4; i++) fake.cost[i] = 2.0 - 0.1 * i;
    struct search_space space = space_of(&fake, 4, true);
    struct search_result result;
    ck_assert_int_eq(search_run(&space, &search_defaults, &result), 0);
    ck_assert_double_lt(result.shift, SEARCH_SHIFT);
    ck_assert_uint_eq(result.recommended, result.serial);
    search_free(&result);
}
END_TEST

START_TEST(one_worker_that_is_little_faster_is_no_reason_for_a_team)
{
    struct fake fake = {.serial = 1.02};
    for (unsigned i = 0; i < 4; i++) fake.cost[i] = 1.0 + i;
    struct search_space space = space_of(&fake, 4, true);
    struct search_result result;
    ck_assert_int_eq(search_run(&space, &search_defaults, &result), 0);
    ck_assert_uint_eq(result.recommended, result.serial);
    search_free(&result);
    fake.serial = 1.1;
    ck_assert_int_eq(search_run(&space, &search_defaults, &result), 0);
    ck_assert_double_eq(result.entries[result.recommended].workers, 1);
    search_free(&result);
}
END_TEST

/* The serial loop is on a slow core in two of three blocks, one worker never: they do the same work. */
START_TEST(one_worker_that_had_the_better_core_is_no_reason_for_a_team)
{
    struct fake fake = {.serial = 1, .serial_slow = 1.6};
    for (unsigned i = 0; i < 4; i++) fake.cost[i] = i ? 3 : 0.99;
    struct search_space space = space_of(&fake, 4, true);
    space.limits = false;
    struct search_result result;
    ck_assert_int_eq(search_run(&space, &search_defaults, &result), 0);
    ck_assert_double_eq(result.entries[result.winner].workers, 1);
    ck_assert_uint_eq(result.recommended, result.serial);
    ck_assert_double_gt(result.entries[result.serial].cost.median, 1.5);
    search_free(&result);
}
END_TEST

START_TEST(one_point_is_enough)
{
    struct fake fake = {.cost = {3}};
    struct search_space space = space_of(&fake, 1, false);
    struct search_result result;
    ck_assert_int_eq(search_run(&space, &search_defaults, &result), 0);
    ck_assert_uint_eq(result.recommended, 0);
    ck_assert_double_eq(result.entries[0].cost.median, 3);
    search_free(&result);
}
END_TEST

static bool nothing_is_valid(void *context, const struct search_point *point)
{
    (void)context, (void)point;
    return false;
}

START_TEST(a_space_without_points_is_refused)
{
    struct fake fake = {0};
    struct search_space space = space_of(&fake, 4, false);
    space.valid = nothing_is_valid;
    struct search_result result;
    ck_assert_int_eq(search_run(&space, &search_defaults, &result), -EINVAL);
    ck_assert_uint_eq(fake.calls, 0);
    search_free(&result);
}
END_TEST

static int two_axes(void *context, const struct search_point *points, size_t count, double limit,
                    struct search_outcome *outcomes)
{
    (void)context, (void)limit;
    for (size_t i = 0; i < count; i++) { /* cpus = 16 shared out: 4 x 4 is best, everything off the ridge is bad */
        double a = workers[points[i].level[1]], b = workers[points[i].level[2]];
        double cost = 1 + fabs(log2(a * b / 16)) + 0.2 * fabs(log2(a / 4)) + (points[i].level[0] == 2 ? 0 : 0.5);
        outcomes[i] = (struct search_outcome){.cost = cost, .spent_s = cost};
    }
    return 0;
}

START_TEST(discrete_axes_and_two_kinds_of_workers)
{
    for (unsigned i = 0; i < LEVELS; i++) workers[i] = i + 1;
    struct search_space space = {
        .axis_count = 3,
        .axis = {{.name = "mode", .levels = 4},
                 {.name = "workers", .levels = 16, .values = workers, .workers = true, .start = 15},
                 {.name = "threads", .levels = 16, .values = workers, .workers = true}},
        .measure = two_axes};
    struct search_result result;
    ck_assert_int_eq(search_run(&space, &search_defaults, &result), 0);
    const struct search_point *point = &result.entries[result.recommended].point;
    ck_assert_uint_eq(point->level[0], 2);
    ck_assert_double_le(result.entries[result.recommended].estimate, 1.15);
    search_free(&result);
}
END_TEST

static int flat_first(void *context, const struct search_point *points, size_t count, double limit,
                      struct search_outcome *outcomes)
{
    (void)context, (void)limit;
    static const double with_two[] = {1.05, 1.05, 1.05, 0.6, 0.5}; /* the first gains nothing from workers */
    for (size_t i = 0; i < count; i++) {
        double cost = points[i].serial || !points[i].level[1] ? 1 : with_two[points[i].level[0]];
        outcomes[i] = (struct search_outcome){.cost = cost, .spent_s = cost};
    }
    return 0;
}

/* The number of workers that is best for one combination is not the one to look at all of them with. */
START_TEST(a_combination_that_gains_nothing_from_workers_does_not_hide_the_others)
{
    static const double one_two[] = {1, 2};
    struct search_space space = {
        .axis_count = 2,
        .axis = {{.name = "schedule", .levels = 5},
                 {.name = "workers", .levels = 2, .values = one_two, .workers = true, .start = 1}},
        .serial = true,
        .also_count = 1,
        .also = {{.level = {3, 1}}},
        .measure = flat_first};
    struct search_result result;
    ck_assert_int_eq(search_run(&space, &search_defaults, &result), 0);
    const struct search_point *point = &result.entries[result.recommended].point;
    ck_assert_uint_eq(point->level[0], 4);
    ck_assert_uint_eq(point->level[1], 1);
    search_free(&result);
}
END_TEST

START_TEST(one_spike_in_two_blocks_does_not_move_a_rank)
{
    double costs[3][2] = {{1, 1.02}, {0.9, 8}, {1.1, 1.1}};
    unsigned blocks[] = {0, 1};
    struct search_entry entries[3];
    struct search_result result = {.entry_count = 3, .entries = entries, .blocks = 2};
    struct search search = {.result = &result};
    struct search_set set = {0};
    double scores[SEARCH_SET_MAX];
    for (size_t i = 0; i < 3; i++) {
        entries[i] = (struct search_entry){.count = 2, .costs = costs[i], .blocks = blocks};
        set_add(&set, i);
    }
    ck_assert_uint_eq(table_rank(&search, &set, 0, scores), 2);
    ck_assert_uint_eq(set.ids[0], 1);
    ck_assert_uint_eq(set.ids[2], 2);
    ck_assert_double_le(scores[0], scores[1]);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("search");
    TCase *tests = tcase_create("search");
    tcase_add_test(tests, the_minimum_is_found_without_trying_everything);
    tcase_add_test(tests, blocks_interleave_and_rotate);
    tcase_add_test(tests, of_what_is_equal_the_fewest_workers_are_recommended);
    tcase_add_test(tests, what_is_tied_with_the_winner_is_recommended_only_where_it_gains_itself);
    tcase_add_test(tests, within_takes_fewer_workers_for_a_price);
    tcase_add_test(tests, staying_serial_is_an_answer);
    tcase_add_test(tests, spikes_do_not_make_a_slow_point_a_tie);
    tcase_add_test(tests, a_machine_that_changes_meanwhile_is_told);
    tcase_add_test(tests, a_machine_that_holds_still_is_judged_by_its_fresh_blocks);
    tcase_add_test(tests, one_worker_that_is_little_faster_is_no_reason_for_a_team);
    tcase_add_test(tests, one_worker_that_had_the_better_core_is_no_reason_for_a_team);
    tcase_add_test(tests, one_point_is_enough);
    tcase_add_test(tests, a_space_without_points_is_refused);
    tcase_add_test(tests, discrete_axes_and_two_kinds_of_workers);
    tcase_add_test(tests, a_combination_that_gains_nothing_from_workers_does_not_hide_the_others);
    tcase_add_test(tests, one_spike_in_two_blocks_does_not_move_a_rank);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
