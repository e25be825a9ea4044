/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A worker dies at every step of the protocol: the pool is compiled with a hook between any two accesses to shared
 * memory (STEP in shared.h), and here the n-th step that any worker takes is its last, for n = 1, 2, 3 ... until a load runs
 * through without coming to step n. Faults 4 and 6 are among these. */
#include "forkpool/forkpool.h"
#include "tests/suite.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/forkpool/forkpool_leftovers.h"

void forkpool_step(void);

static struct shared_board {
    _Atomic long left; /* steps until the next death; negative: none */
    _Atomic int deaths;
    _Atomic unsigned counts[64];
} *board;

void forkpool_step(void)
{
    if (forkpool_worker() < 0 || atomic_load(&board->left) < 0) return;
    if (atomic_fetch_sub(&board->left, 1) != 0) return;
    atomic_fetch_add(&board->deaths, 1);
    kill(getpid(), SIGKILL);
}

static struct forkpool *pool;

static int count(void *context, unsigned worker, size_t begin, size_t end)
{
    (void)context, (void)worker;
    for (size_t i = begin; i < end; i++) atomic_fetch_add(&board->counts[i], 1);
    return 0;
}
static int item(void *context, const void *input, void *output)
{
    (void)context;
    *(long *)output = *(const long *)input * 2;
    return 0;
}
static long triple(long x) { return 3 * x; }
static int triple_task(const void *argument, size_t argument_bytes, void *result, size_t result_bytes)
{
    (void)argument_bytes, (void)result_bytes;
    *(long *)result = 3 * *(const long *)argument;
    return 0;
}

static void arm(long steps)
{
    for (int i = 0; i < 64; i++) atomic_store(&board->counts[i], 0);
    atomic_store(&board->deaths, 0);
    atomic_store(&board->left, steps);
}

/* Did somebody die? The job's status and the reports must agree with the counts. */
static bool try_map(long steps, enum forkpool_schedule schedule, size_t chunk, size_t tasks)
{
    struct forkpool_map map = {.tasks = tasks, .range = count, .schedule = schedule, .chunk = chunk};
    struct forkpool_job *job;
    struct forkpool_loss losses[16];
    size_t before = forkpool_losses(pool, NULL, 0), lost = 0;
    arm(steps);
    ck_assert_int_eq(forkpool_map_async(pool, &map, &job), 0);
    ck_assert_int_eq(forkpool_wait(job, FORKPOOL_FOREVER), 0);
    atomic_store(&board->left, -1);
    bool is_lost[64] = {false};
    size_t news = forkpool_losses(pool, losses, 16) - before;
    for (size_t i = 16 - news; i < 16 && before + news >= 16; i++)
        for (size_t task = losses[i].begin; losses[i].job == forkpool_job_id(job) && task < losses[i].end; task++, lost++) {
            ck_assert(!is_lost[task]);
            is_lost[task] = true;
        }
    int status = forkpool_status(job);
    if (before + news >= 16) ck_assert_int_eq(status, lost ? FORKPOOL_LOST : 0);
    for (size_t i = 0; i < tasks; i++)
        ck_assert_msg(atomic_load(&board->counts[i]) == 1 || (status && atomic_load(&board->counts[i]) == 0 &&
                      (is_lost[i] || before + news < 16)), "death at step %ld: task %zu ran %u times", steps, i, board->counts[i]);
    forkpool_release(job);
    return board->deaths;
}

static bool try_items(long steps)
{
    long input[20], output[20], good = 0;
    int status[20];
    for (long i = 0; i < 20; i++) input[i] = i, output[i] = -1;
    struct forkpool_map map = {.tasks = 20, .item = item, .input = input, .input_stride = sizeof *input, .output = output,
                               .output_stride = sizeof *output, .status = status, .chunk = 4, .schedule = FORKPOOL_DYNAMIC};
    arm(steps);
    int rc = forkpool_map(pool, &map);
    atomic_store(&board->left, -1);
    for (long i = 0; i < 20; i++) {
        ck_assert_int_eq(output[i], status[i] ? -1 : 2 * i);
        ck_assert(status[i] == 0 || status[i] == FORKPOOL_LOST);
        good += !status[i];
    }
    ck_assert_int_eq(rc, good == 20 ? 0 : FORKPOOL_LOST);
    ck_assert_int_ge(good, 19); /* the one that ran; the rest of its chunk ran elsewhere */
    return board->deaths;
}

enum { CALLS = 12 };
static bool check_calls(struct forkpool_job **jobs)
{
    int lost = 0;
    ck_assert_int_eq(forkpool_wait_all(jobs, CALLS, FORKPOOL_FOREVER), 0);
    atomic_store(&board->left, -1);
    for (long i = 0; i < CALLS; i++) {
        int status = forkpool_status(jobs[i]);
        if (!status) ck_assert_int_eq(*(const long *)forkpool_result(jobs[i], NULL), 3 * i);
        else ck_assert_int_eq(status, FORKPOOL_LOST);
        lost += status != 0;
        forkpool_release(jobs[i]);
    }
    ck_assert_int_le(lost, 1);
    return board->deaths;
}

static bool try_calls(long steps)
{
    struct forkpool_job *jobs[CALLS];
    arm(steps);
    for (long i = 0; i < CALLS; i++) ck_assert_ptr_nonnull(jobs[i] = forkpool_async(pool, triple, i));
    return check_calls(jobs);
}

/* A batch in both queues. */
static bool try_many(long steps)
{
    struct forkpool_job *jobs[CALLS];
    struct forkpool_task tasks[CALLS];
    long arguments[CALLS];
    for (int i = 0; i < CALLS; i++) {
        arguments[i] = i;
        tasks[i] = (struct forkpool_task){.run = triple_task, .argument = &arguments[i], .argument_bytes = sizeof *arguments,
                                          .result_bytes = sizeof(long), .urgent = i % 3 == 1};
    }
    arm(steps);
    ck_assert_int_eq(forkpool_submit_many(pool, tasks, CALLS, jobs), 0);
    return check_calls(jobs);
}

enum { LOAD_ONE_BY_ONE, LOAD_CHUNKS, LOAD_STATIC, LOAD_GUIDED, LOAD_ITEMS, LOAD_CALLS, LOAD_MANY, LOADS };
static bool try_load(int load, long steps)
{
    switch (load) {
    case LOAD_ONE_BY_ONE: return try_map(steps, FORKPOOL_DYNAMIC, 1, 7);
    case LOAD_CHUNKS: return try_map(steps, FORKPOOL_DYNAMIC, 3, 20);
    case LOAD_STATIC: return try_map(steps, FORKPOOL_STATIC, 2, 16);
    case LOAD_GUIDED: return try_map(steps, FORKPOOL_GUIDED, 1, 40);
    case LOAD_ITEMS: return try_items(steps);
    case LOAD_CALLS: return try_calls(steps);
    default: return try_many(steps);
    }
}

START_TEST(death_at_every_step)
{
    struct leftovers before = leftovers_begin();
    board = mmap(NULL, sizeof *board, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ck_assert_ptr_ne(board, MAP_FAILED);
    atomic_store(&board->left, -1);
    struct forkpool_config config = {.workers = 3, .restart_max = 1000000};
    ck_assert_int_eq(forkpool_open_with(&config, &pool, NULL, 0), 0);
    long survived = 0;
    for (long step = 0; step < 400 && survived < 10; step++) survived = try_load(_i, step) ? 0 : survived + 1;
    ck_assert_uint_gt(forkpool_losses(pool, NULL, 0), 20); /* else nobody died, and nothing was shown */
    forkpool_delete(pool);
    munmap(board, sizeof *board);
    leftovers_check(before);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("forkpool steps");
    TCase *cases = tcase_create("steps");
    tcase_add_loop_test(cases, death_at_every_step, 0, LOADS);
    suite_add_tcase(suite, cases);
    return suite_run(suite);
}
