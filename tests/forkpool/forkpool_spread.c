/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Workers that share a cpu while another is free: who sees it, who goes, where to; and that a worker which moves may run
 * where it could before. */
#include "forkpool/machine/machine.h"
#include "forkpool/pool.h"
#include "forkpool/spread.h"
#include "tests/suite.h"

#include <stdlib.h>
#include <unistd.h>

#include "tests/forkpool/forkpool_leftovers.h"

void forkpool_step(void);
void forkpool_step(void) {}

static struct worker workers[3];
static struct shared made_up = {.workers = workers, .capacity = 3, .cpus = 3, .wanted = 3, .sleepers = 1};

static void place(unsigned worker, unsigned cpu, bool busy, bool parked)
{
    atomic_store(&workers[worker].cpu, cpu + 1);
    atomic_store(&workers[worker].busy, busy);
    atomic_store(&workers[worker].parked, parked);
}

START_TEST(the_higher_number_goes)
{
    place(0, 4, true, false);
    place(1, 4, true, false);
    place(2, 5, true, false);
    ck_assert(!spread_shares(&made_up, 0, 4, true));
    ck_assert(spread_shares(&made_up, 1, 4, false));
    ck_assert(!spread_shares(&made_up, 2, 5, true));
}
END_TEST

START_TEST(one_that_was_woken_and_does_not_come_counts_when_late)
{
    place(0, 4, true, false);
    place(1, 4, false, false);
    place(2, 4, false, true); /* asleep: wants no cpu */
    ck_assert(!spread_shares(&made_up, 0, 4, false));
    ck_assert(spread_shares(&made_up, 0, 4, true));
    place(1, 4, false, true);
    ck_assert(!spread_shares(&made_up, 0, 4, true));
}
END_TEST

START_TEST(the_first_free_cpu_is_the_target)
{
    struct cpus allowed;
    ck_assert_int_eq(cpus_parse("4-6", &allowed), 0);
    place(0, 4, true, false);
    place(1, 4, true, false);
    place(2, 6, true, false);
    ck_assert_int_eq(spread_target(&made_up, &allowed), 5);
    place(1, 5, true, false);
    ck_assert_int_eq(spread_target(&made_up, &allowed), -1);
    place(2, 6, false, true);
    ck_assert_int_eq(spread_target(&made_up, &allowed), 6);
}
END_TEST

static unsigned nth_allowed(unsigned nth)
{
    struct cpus allowed;
    ck_assert_int_eq(cpus_get(&allowed), 0);
    for (nth %= cpus_count(&allowed); nth > 0; nth--) cpus_drop(&allowed, (unsigned)cpus_first(&allowed));
    return (unsigned)cpus_first(&allowed);
}

START_TEST(moving_leaves_what_is_allowed)
{
    struct cpus before, after;
    ck_assert_int_eq(cpus_get(&before), 0);
    for (unsigned nth = 0; nth < 8; nth++) {
        unsigned cpu = nth_allowed(nth);
        do cpus_move(cpu); /* the system may take it elsewhere at once */
        while (sched_getcpu() != (int)cpu);
        ck_assert_int_eq(cpus_get(&after), 0);
        ck_assert_mem_eq(&before, &after, sizeof before);
    }
    unsigned forbidden = nth_allowed(0);
    cpus_drop(&after, forbidden);
    if (!cpus_count(&after)) return; /* a machine of one cpu */
    ck_assert_int_eq(cpus_set(&after), 0);
    cpus_move(forbidden);
    ck_assert_int_ne(sched_getcpu(), (int)forbidden);
    ck_assert_int_eq(cpus_get(&before), 0);
    ck_assert_mem_eq(&before, &after, sizeof before);
    cpus_move(CPUS_MAX);
}
END_TEST

START_TEST(a_look_notes_the_cpu_and_comes_again)
{
    struct spread spread = {0};
    memset(workers, 0, sizeof workers);
    for (unsigned i = 0; i < 100; i++) {
        spread_look(&spread, &made_up, 1);
        ck_assert_uint_gt(spread.calls, 0);
    }
    ck_assert_uint_gt(atomic_load(&workers[1].cpu), 0);
    uint64_t pace = spread.pace;
    ck_assert_uint_gt(pace, 16); /* looks that follow at once are too many */
    usleep(2000);
    spread_look(&spread, &made_up, 1);
    ck_assert_uint_lt(spread.pace, pace);
}
END_TEST

static long where(long unused)
{
    (void)unused;
    return sched_getcpu();
}
static long how_many(long unused)
{
    struct cpus allowed;
    (void)unused;
    return cpus_get(&allowed) ? -1 : (long)cpus_count(&allowed);
}

START_TEST(an_offered_cpu_is_taken)
{
    struct leftovers before = leftovers_begin();
    struct cpus allowed;
    ck_assert_int_eq(cpus_get(&allowed), 0);
    struct forkpool *pool = forkpool_open(1);
    ck_assert_ptr_nonnull(pool);
    for (unsigned nth = 0; nth < 4; nth++) {
        long cpu = nth_allowed(nth), at;
        do {
            atomic_store(&pool->shared->offer, (uint32_t)cpu + 1);
            struct forkpool_job *job = forkpool_async(pool, where, 0);
            at = forkpool_value(job);
            forkpool_release(job);
            ck_assert_uint_eq(atomic_load(&pool->shared->offer), 0);
        } while (at != cpu); /* the system may take it elsewhere at once */
        ck_assert_int_eq(forkpool_value(forkpool_async(pool, how_many, 0)), cpus_count(&allowed));
    }
    forkpool_delete(pool);
    leftovers_check(before);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("forkpool spread");
    TCase *cases = tcase_create("spread");
    tcase_add_test(cases, the_higher_number_goes);
    tcase_add_test(cases, one_that_was_woken_and_does_not_come_counts_when_late);
    tcase_add_test(cases, the_first_free_cpu_is_the_target);
    tcase_add_test(cases, moving_leaves_what_is_allowed);
    tcase_add_test(cases, a_look_notes_the_cpu_and_comes_again);
    tcase_add_test(cases, an_offered_cpu_is_taken);
    suite_add_tcase(suite, cases);
    return suite_run(suite);
}
