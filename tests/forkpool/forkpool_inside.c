/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What only shows inside: a worker that dies while it owes a wake-up, and lines of a map that a task has written over. */
#include "forkpool/pool.h"
#include "forkpool/range.h"
#include "tests/suite.h"

#include <dlfcn.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/forkpool/forkpool_leftovers.h"

enum { WORKERS = 2, TASKS = 100, TRIES = 20000 /* of a ms */ };
static struct leftovers before;
static struct forkpool *pool;
static struct board_of_insides {
    struct shared *shared; /* to be looked at by workers, which have no other way to it */
    _Atomic int owing, deaths, calls, beyond, gate, met[2], asleep[WORKERS];
} *board;

void forkpool_step(void);
/* Dies between taking a sleeper's bit and waking it. */
void forkpool_step(void)
{
    if (forkpool_worker() < 0 || !atomic_load(&board->owing)) return;
    for (unsigned i = 0; i < WORKERS; i++) {
        bool taken = !(atomic_load(&board->shared->parked[0]) >> i & 1u) && atomic_load(&board->shared->workers[i].parked);
        if (!taken || (int)i == forkpool_worker() || !atomic_exchange(&board->owing, 0)) continue;
        atomic_fetch_add(&board->deaths, 1);
        kill(getpid(), SIGKILL);
    }
}

/* In workers sleeping has no end by itself, so that who is not woken is seen. */
long syscall(long number, ...)
{
    va_list list;
    long a[6];
    va_start(list, number);
    for (int i = 0; i < 6; i++) a[i] = va_arg(list, long);
    va_end(list);
    long (*real)(long, ...) = (long (*)(long, ...))dlsym(RTLD_NEXT, "syscall");
    int worker = number == futex_number() && a[1] == FUTEX_WAIT ? forkpool_worker() : -1;
    if (worker < 0) return real(number, a[0], a[1], a[2], a[3], a[4], a[5]);
    atomic_store(&board->asleep[worker], 1); /* it has looked for work for the last time */
    long rc = real(number, a[0], a[1], a[2], NULL, a[4], a[5]);
    atomic_store(&board->asleep[worker], 0);
    return rc;
}

static void setup(void)
{
    before = leftovers_begin();
    board = mmap(NULL, sizeof *board, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ck_assert_ptr_ne(board, MAP_FAILED);
    ck_assert_ptr_nonnull(pool = forkpool_open(WORKERS));
    board->shared = pool->shared;
}
static void teardown(void)
{
    forkpool_delete(pool);
    munmap(board, sizeof *board);
    leftovers_check(before);
}

/* Without the pool's help, which looks after workers that sleep beside work. */
static bool comes(_Atomic int *value, int wanted)
{
    for (int tries = 0; tries < TRIES && atomic_load(value) < wanted; tries++) usleep(1000);
    return atomic_load(value) >= wanted;
}

static int meet(const void *argument, size_t argument_bytes, void *result, size_t result_bytes)
{
    int me = *(const int *)argument;
    (void)argument_bytes, (void)result, (void)result_bytes;
    atomic_store(&board->met[me], 1);
    atomic_fetch_add(&board->calls, comes(&board->met[!me], 1));
    return 0;
}
static int nothing(const void *argument, size_t argument_bytes, void *result, size_t result_bytes)
{
    (void)argument, (void)argument_bytes, (void)result, (void)result_bytes;
    return 0;
}

START_TEST(sleeper_of_a_worker_that_died_while_it_woke_it)
{
    struct forkpool_job *jobs[3];
    int numbers[] = {0, 1};
    struct forkpool_task tasks[] = {{.run = nothing}, {.run = meet, .argument = &numbers[0], .argument_bytes = sizeof(int)},
                                    {.run = meet, .argument = &numbers[1], .argument_bytes = sizeof(int)}};
    for (unsigned i = 0; i < WORKERS; i++)
        while (!atomic_load(&board->asleep[i])) usleep(1000);
    atomic_store(&board->owing, 1);
    ck_assert_int_eq(forkpool_submit_many(pool, tasks, 3, jobs), 0);
    ck_assert_msg(comes(&board->deaths, 1), "nobody died: nothing is shown");
    ck_assert_msg(comes(&board->calls, 2), "a task waited for the other in vain: a worker slept");
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(forkpool_wait(jobs[i], FORKPOOL_FOREVER), 0);
        ck_assert_int_eq(forkpool_status(jobs[i]), i ? 0 : FORKPOOL_LOST);
        forkpool_release(jobs[i]);
    }
}
END_TEST

static int within(void *dies, unsigned worker, size_t begin, size_t end)
{
    (void)worker;
    if (begin > end || end > TASKS) atomic_fetch_add(&board->beyond, 1);
    bool first = !atomic_fetch_add(&board->calls, 1);
    comes(&board->gate, 1);
    return dies && first ? kill(getpid(), SIGKILL) : 0;
}

/* Nothing is called for units that the map does not have, and none are reported as lost. */
START_TEST(lines_of_a_map_overwritten)
{
    struct forkpool_map map = {.tasks = TASKS, .range = within, .schedule = FORKPOOL_DYNAMIC, .context = _i % 2 ? board : NULL};
    struct forkpool_loss losses[8];
    struct forkpool_job *job;
    const uint64_t garbage[] = {UINT64_C(0x4141414141414141), UINT64_C(60000000) << 26 | 5, UINT64_C(5) << 26 | 60000000};
    ck_assert_int_eq(forkpool_map_async(pool, &map, &job), 0);
    ck_assert(comes(&board->calls, WORKERS)); /* the others wait */
    for (unsigned i = 0; i < WORKERS; i++) atomic_store(&map_lines(pool->shared, (unsigned)job->place)[i].word, garbage[_i / 2]);
    atomic_store(&board->gate, 1);
    ck_assert_int_eq(forkpool_wait(job, FORKPOOL_FOREVER), 0);
    ck_assert_int_eq(forkpool_status(job), FORKPOOL_BROKEN);
    ck_assert_ptr_nonnull(strstr(forkpool_reason(pool), "the record of a map"));
    ck_assert_int_eq(atomic_load(&board->beyond), 0);
    for (size_t i = 0, count = forkpool_losses(pool, losses, 8); i < count && i < 8; i++) ck_assert_uint_le(losses[i].end, TASKS);
    forkpool_release(job);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("forkpool inside");
    TCase *cases = tcase_create("inside");
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_test(cases, sleeper_of_a_worker_that_died_while_it_woke_it);
    tcase_add_loop_test(cases, lines_of_a_map_overwritten, 0, 6);
    suite_add_tcase(suite, cases);
    return suite_run(suite);
}
