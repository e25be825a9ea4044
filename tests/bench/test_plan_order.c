/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The plan: in which order a block measures its cells. */
#include "bench/plan/plan.h"
#include "tests/suite.h"

#include <string.h>

enum { PROBLEMS = 3, EACH = 7, CELLS = PROBLEMS * EACH };

/* Three problems of seven cells, the serial one of each somewhere among them. */
static void make_cells(struct cell *cells)
{
    memset(cells, 0, CELLS * sizeof *cells);
    for (unsigned i = 0; i < CELLS; i++) {
        cells[i].id = i;
        cells[i].baseline = i % PROBLEMS + PROBLEMS * 2; /* 6, 7, 8 */
    }
}

START_TEST(a_block_holds_every_cell_once)
{
    struct cell cells[CELLS];
    unsigned order[CELLS];
    make_cells(cells);
    for (unsigned block = 0; block < 100; block++) {
        unsigned seen[CELLS] = {0};
        plan_order(cells, CELLS, 42, block, order);
        for (unsigned i = 0; i < CELLS; i++) seen[order[i]]++;
        for (unsigned i = 0; i < CELLS; i++) ck_assert_uint_eq(seen[i], 1);
    }
}
END_TEST

START_TEST(block_0_has_each_serial_cell_before_its_problem)
{
    struct cell cells[CELLS];
    unsigned order[CELLS], at[CELLS];
    make_cells(cells);
    for (uint64_t seed = 0; seed < 50; seed++) {
        plan_order(cells, CELLS, seed, 0, order);
        for (unsigned i = 0; i < CELLS; i++) at[order[i]] = i;
        for (unsigned i = 0; i < CELLS; i++) ck_assert_uint_ge(at[i], at[cells[i].baseline]);
    }
}
END_TEST

START_TEST(a_linear_drift_cancels_in_each_pair)
{
    struct cell cells[CELLS];
    unsigned order[CELLS];
    make_cells(cells);
    for (unsigned pair = 0; pair < 40; pair++) {
        int sum[CELLS] = {0};
        for (unsigned half = 0; half < 2; half++) {
            plan_order(cells, CELLS, 7, 2 * pair + half, order);
            for (unsigned i = 0; i < CELLS; i++) sum[order[i]] += (int)i;
        }
        for (unsigned i = 0; i < CELLS; i++) ck_assert_int_eq(sum[i], CELLS - 1); /* the same mean position for all */
    }
}
END_TEST

START_TEST(over_all_pairs_each_cell_stands_once_at_each_position)
{
    struct cell cells[CELLS];
    unsigned order[CELLS], seen[CELLS][CELLS] = {{0}};
    make_cells(cells);
    for (unsigned pair = 0; pair < CELLS; pair++) {
        plan_order(cells, CELLS, 3, 2 * pair, order);
        for (unsigned i = 0; i < CELLS; i++) seen[order[i]][i]++;
    }
    for (unsigned i = 0; i < CELLS; i++)
        for (unsigned j = 0; j < CELLS; j++) ck_assert_uint_eq(seen[i][j], 1);
}
END_TEST

START_TEST(the_order_follows_from_the_seed)
{
    struct cell cells[CELLS];
    unsigned a[CELLS], b[CELLS];
    make_cells(cells);
    plan_order(cells, CELLS, 1, 5, a);
    plan_order(cells, CELLS, 1, 5, b);
    ck_assert_mem_eq(a, b, sizeof a);
    plan_order(cells, CELLS, 2, 5, b);
    ck_assert_mem_ne(a, b, sizeof a);
}
END_TEST

START_TEST(small_plans_have_an_order_too)
{
    struct cell cells[2] = {{.id = 0, .baseline = 0}, {.id = 1, .baseline = 0}};
    unsigned order[2] = {9, 9};
    plan_order(cells, 0, 1, 0, order);
    ck_assert_uint_eq(order[0], 9);
    for (unsigned block = 0; block < 8; block++) {
        plan_order(cells, 1, 1, block, order);
        ck_assert_uint_eq(order[0], 0);
        plan_order(cells, 2, 1, block, order);
        ck_assert_uint_eq(order[0] + order[1], 1);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("plan order");
    TCase *order = tcase_create("order");
    tcase_add_test(order, a_block_holds_every_cell_once);
    tcase_add_test(order, block_0_has_each_serial_cell_before_its_problem);
    tcase_add_test(order, a_linear_drift_cancels_in_each_pair);
    tcase_add_test(order, over_all_pairs_each_cell_stands_once_at_each_position);
    tcase_add_test(order, the_order_follows_from_the_seed);
    tcase_add_test(order, small_plans_have_an_order_too);
    suite_add_tcase(suite, order);
    return suite_run(suite);
}
