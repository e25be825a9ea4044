/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Fault 27: a random worker is killed every 10 ms under a load of mixed task sizes. Every task ends exactly once, memory
 * and descriptors stay flat. FORKPOOL_SOAK_SECONDS: how long (make soak); without it, the short form. */
#include "forkpool/forkpool.h"
#include "tests/suite.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "tests/forkpool/forkpool_leftovers.h"

enum { TASKS = 500000, CALLS = 200, WORKERS = 4, KILL_US = 10000, LOSSES = 256 };

static struct forkpool *pool;
static unsigned char *counts; /* how often each task ran; shared */
static _Atomic bool over;
static uint64_t tasks_ended, tasks_lost, maps;
static unsigned char lost[TASKS];

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static long resident(void)
{
    long pages = 0;
    FILE *statm = fopen("/proc/self/statm", "re");
    if (statm && fscanf(statm, "%*d %ld", &pages) != 1) pages = -1;
    if (statm) fclose(statm);
    return pages;
}

/* Most tasks are empty, one in 64 takes about a microsecond, one in 16384 about 100. */
static void work(size_t i)
{
    uint64_t hash = (i + 1) * UINT64_C(0x9E3779B97F4A7C15) >> 40;
    unsigned turns = hash % 16384 == 0 ? 100000 : hash % 64 == 0 ? 1000 : 0;
    for (volatile unsigned k = 0; k < turns; k++) {}
}

static int run(void *context, unsigned worker, size_t begin, size_t end)
{
    (void)context, (void)worker;
    for (size_t i = begin; i < end; i++) {
        work(i);
        counts[i]++;
    }
    return 0;
}

static long triple(long x) { work((size_t)x); return 3 * x; }

static void *killer(void *unused)
{
    unsigned seed = 1;
    (void)unused;
    while (!over) {
        struct forkpool_worker_stats stats;
        usleep(KILL_US);
        if (forkpool_worker_stats(pool, (unsigned)rand_r(&seed) % WORKERS, &stats) || stats.pid <= 1) continue;
        /* Where starting takes longer than KILL_US, eight deaths in it would be a pool that can't start: it gives up. */
        if (stats.state != FORKPOOL_WORKER_STARTING) kill(stats.pid, SIGKILL);
    }
    return NULL;
}

/* Reports of one job mark its lost tasks; none may be reported twice. */
static size_t mark_lost(uint64_t job, size_t seen_before)
{
    static struct forkpool_loss losses[LOSSES];
    size_t count = forkpool_losses(pool, losses, LOSSES), copies = count < LOSSES ? count : LOSSES, found = 0;
    ck_assert_uint_le(count - seen_before, LOSSES);
    for (size_t i = 0; i < copies; i++)
        for (size_t task = losses[i].begin; losses[i].job == job && task < losses[i].end; task++, found++) {
            ck_assert_msg(!lost[task], "task %zu lost twice", task);
            lost[task] = 1;
        }
    return found;
}

static void one_map(enum forkpool_schedule schedule, size_t chunk)
{
    memset(counts, 0, TASKS);
    memset(lost, 0, TASKS);
    struct forkpool_map map = {.tasks = TASKS, .range = run, .schedule = schedule, .chunk = chunk};
    struct forkpool_job *job;
    size_t before = forkpool_losses(pool, NULL, 0), bad = 0;
    ck_assert_int_eq(forkpool_map_async(pool, &map, &job), 0);
    ck_assert_int_eq(forkpool_wait(job, FORKPOOL_FOREVER), 0);
    size_t found = mark_lost(forkpool_job_id(job), before);
    ck_assert_int_eq(forkpool_status(job), found ? FORKPOOL_LOST : 0);
    for (size_t i = 0; i < TASKS; i++) bad += lost[i] ? counts[i] > 1 : counts[i] != 1;
    ck_assert_msg(!bad, "%zu tasks did not run exactly once", bad);
    forkpool_release(job);
    tasks_ended += TASKS - found;
    tasks_lost += found;
    maps++;
}

static void some_calls(void)
{
    struct forkpool_job *jobs[CALLS];
    for (long i = 0; i < CALLS; i++) ck_assert_ptr_nonnull(jobs[i] = forkpool_async(pool, triple, i));
    for (long i = 0; i < CALLS; i++) {
        ck_assert_int_eq(forkpool_wait(jobs[i], FORKPOOL_FOREVER), 0);
        int status = forkpool_status(jobs[i]);
        ck_assert(status == 0 || status == FORKPOOL_LOST);
        if (!status) ck_assert_int_eq(forkpool_value(jobs[i]), 3 * i);
        tasks_ended += !status;
        tasks_lost += status != 0;
        forkpool_release(jobs[i]);
    }
}

static void round_of_everything(void)
{
    one_map(FORKPOOL_DYNAMIC, 1);
    some_calls();
    one_map(FORKPOOL_GUIDED, 1);
    one_map(FORKPOOL_AUTO, 1);
    some_calls();
    one_map(FORKPOOL_STATIC, 100);
}

START_TEST(soak)
{
    const char *asked = getenv("FORKPOOL_SOAK_SECONDS");
    double seconds = asked ? atof(asked) : 3, start = now(), said = start;
    struct leftovers before = leftovers_begin();
    pthread_t thread;
    counts = mmap(NULL, TASKS, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ck_assert_ptr_ne(counts, MAP_FAILED);
    struct forkpool_config config = {.workers = WORKERS, .restart_max = 1000000};
    ck_assert_int_eq(forkpool_open_with(&config, &pool, NULL, 0), 0);
    pthread_create(&thread, NULL, killer, NULL);
    while (maps < 8) round_of_everything();
    long fds = leftovers_fds(), pages = resident();
    while (now() - start < seconds) {
        round_of_everything();
        if (!asked || now() - said < 30) continue;
        said = now();
        printf("%4.0f s: %llu million tasks ended, %llu lost, %zu workers killed, %ld pages\n", said - start,
               (unsigned long long)tasks_ended / 1000000, (unsigned long long)tasks_lost, forkpool_losses(pool, NULL, 0), resident());
        fflush(stdout);
    }
    over = true;
    pthread_join(thread, NULL);
    ck_assert_int_eq(leftovers_fds(), fds);
    /* The kernel counts resident pages in batches per cpu: a few dozen more or less mean nothing. */
#ifdef __SANITIZE_ADDRESS__
    pages = resident(); /* it keeps freed memory back: growth tells nothing */
#endif
    ck_assert_msg(resident() < pages + 256, "memory grew from %ld to %ld pages", pages, resident());
    ck_assert_uint_gt(tasks_lost, 0);
    printf("soak: %.0f s, %llu tasks ended once, %llu lost and reported once, %zu workers killed\n", now() - start,
           (unsigned long long)tasks_ended, (unsigned long long)tasks_lost, forkpool_losses(pool, NULL, 0));
    forkpool_delete(pool);
    munmap(counts, TASKS);
    leftovers_check(before);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("forkpool soak");
    TCase *cases = tcase_create("soak");
    const char *asked = getenv("FORKPOOL_SOAK_SECONDS");
    tcase_set_timeout(cases, (asked ? atof(asked) : 3) + 60);
    tcase_add_test(cases, soak);
    suite_add_tcase(suite, cases);
    return suite_run(suite);
}
