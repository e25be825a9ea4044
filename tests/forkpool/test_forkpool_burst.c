/* SPDX-License-Identifier: GPL-3.0-or-later */
/* No wake-up is lost: one worker spins or is about to sleep, the others sleep; then tasks that need each other are
 * submitted back to back. One that nobody is woken for leaves the others in vain. FORKPOOL_BURST_PAIRS: how many (make
 * burst); without it, as many as showed a lost one on two cpus. */
#include "tests/forkpool/forkpool_board.h"

#include <time.h>

enum { PAIRS = 3000, ASLEEP_US = 100, LONELY_US = 100 };
/* Who sleeps beside work looks after a second by itself. On a machine of its own half of that tells; else only what lasts. */
static int64_t lonely_ns = INT64_C(5000000000);

static int64_t now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static long meet(long me)
{
    atomic_store(&board->pids[me], 1);
    for (int64_t until = now() + lonely_ns; now() < until && !atomic_load(&board->pids[!me]);) usleep(LONELY_US);
    long met = atomic_load(&board->pids[!me]);
    atomic_fetch_add(&board->hits, 1);
    return met;
}

static void turn(unsigned turns) { for (volatile unsigned i = 0; i < turns; i++) {} }

/* The two are submitted some ns to some us after the call: in its worker's glances, while it spins, or parks. */
static void pair(unsigned *seed, long number)
{
    struct forkpool_job *jobs[2];
    usleep(ASLEEP_US + (unsigned)rand_r(seed) % 50);
    status_of(forkpool_async(pool, square, 1));
    atomic_store(&board->hits, 0);
    atomic_store(&board->pids[0], 0);
    atomic_store(&board->pids[1], 0);
    turn((unsigned)rand_r(seed) % (number % 16 ? 200 : 100000));
    for (long i = 0; i < 2; i++) ck_assert_ptr_nonnull(jobs[i] = forkpool_async(pool, meet, i));
    while (atomic_load(&board->hits) < 2) usleep(20); /* not in the pool, which looks after workers that sleep beside work */
    for (long i = 0; i < 2; i++) ck_assert_msg(forkpool_value(jobs[i]) == 1, "pair %ld: task %ld waited for the other in vain", number, i);
    for (long i = 0; i < 2; i++) forkpool_release(jobs[i]);
}

START_TEST(no_wake_up_is_lost_between_tasks_submitted_back_to_back)
{
    const char *asked = getenv("FORKPOOL_BURST_PAIRS");
    long pairs = asked ? atol(asked) : PAIRS;
    unsigned seed = 1;
    if (asked) lonely_ns /= 10;
    open_workers(2);
    for (long i = 0; i < pairs; i++) {
        pair(&seed, i);
        if (asked && (i + 1) % 100000 == 0) printf("%ld pairs, none left alone\n", i + 1), fflush(stdout);
    }
}
END_TEST

int main(void)
{
    TCase *cases = board_cases("burst");
    if (getenv("FORKPOOL_BURST_PAIRS")) tcase_set_timeout(cases, 86400);
    tcase_add_test(cases, no_wake_up_is_lost_between_tasks_submitted_back_to_back);
    return board_run("forkpool burst", cases);
}
