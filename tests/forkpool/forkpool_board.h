/* SPDX-License-Identifier: GPL-3.0-or-later */
/* forkpool_board.h: what tests of the pool share: memory that workers write, an open pool, and nothing left afterwards. */
#ifndef FORKPOOL_BOARD_H
#define FORKPOOL_BOARD_H

#include "forkpool/forkpool.h"
#include "tests/suite.h"

#include <stdalign.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/forkpool/forkpool_leftovers.h"

static struct leftovers before;
static struct forkpool *pool;
static char why[256];

/* Mapped before any pool. */
static struct board {
    _Atomic int gate, hits, calls, pids[64], initialised, finalised, tries[1000];
    alignas(8) _Atomic unsigned counts[1000000]; /* for a size_t too */
    char cpus[64][64];
} *board;

static inline void setup(void)
{
    before = leftovers_begin();
    board = mmap(NULL, sizeof *board, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ck_assert_ptr_ne(board, MAP_FAILED);
}

static inline void teardown(void)
{
    forkpool_delete(pool);
    pool = NULL;
    munmap(board, sizeof *board);
    leftovers_check(before);
}

static inline void open_pool(const struct forkpool_config *config)
{
    int rc = forkpool_open_with(config, &pool, why, sizeof why);
    ck_assert_msg(rc == 0, "open: %d %s", rc, why);
}
static inline void open_workers(unsigned workers) { open_pool(&(struct forkpool_config){.workers = workers}); }

static inline void await(_Atomic int *value, int wanted)
{
    while (atomic_load(value) < wanted) usleep(200);
}

static inline long square(long x) { return x * x; }
static inline long here(long index) { atomic_store(&board->pids[index], getpid()); await(&board->gate, 1); return index; }
static inline int count(void *context, unsigned worker, size_t begin, size_t end)
{
    (void)context, (void)worker;
    for (size_t i = begin; i < end; i++) atomic_fetch_add(&board->counts[i], 1);
    return 0;
}

static inline struct forkpool_loss last_loss(void)
{
    struct forkpool_loss loss = {0};
    ck_assert_uint_ge(forkpool_losses(pool, &loss, 1), 1);
    return loss;
}

static inline int status_of(struct forkpool_job *job)
{
    ck_assert_ptr_nonnull(job);
    ck_assert_int_eq(forkpool_wait(job, FORKPOOL_FOREVER), 0);
    int status = forkpool_status(job);
    forkpool_release(job);
    return status;
}

static inline void check_good(long tasks)
{
    struct forkpool_job *jobs[64];
    for (long i = 0; i < tasks; i++) ck_assert_ptr_nonnull(jobs[i] = forkpool_async(pool, square, i));
    for (long i = 0; i < tasks; i++) {
        ck_assert_int_eq(forkpool_value(jobs[i]), i * i);
        forkpool_release(jobs[i]);
    }
}

/* All cases of a program, each with the board, under a deadline that ends in SIGKILL. */
static inline TCase *board_cases(const char *name)
{
    TCase *cases = tcase_create(name);
    tcase_add_checked_fixture(cases, setup, teardown);
    return cases;
}
static inline int board_run(const char *name, TCase *cases)
{
    Suite *suite = suite_create(name);
    suite_add_tcase(suite, cases);
    return suite_run(suite);
}

static const int64_t second_ns = 1000000000;

_Noreturn static inline int stay_for_ever(void)
{
    for (;;) pause();
}

/* So, with other tests beside it, a process whose death is awaited is gone, collected by whoever had to. */
static inline void await_gone(pid_t pid)
{
    while (!kill(pid, 0)) {
        waitpid(pid, NULL, WNOHANG); /* an orphan that came to this process */
        usleep(1000);
    }
}

#endif
