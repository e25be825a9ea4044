/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "runners/team.h"

#include "runners/worker.h"

#include <dlfcn.h>
#include <errno.h>
#include <omp.h>
#include <pthread.h>

int team_open(const struct team *team, unsigned first_worker, struct failure *failure)
{
    pthread_barrier_t bound;
    int error = -pthread_barrier_init(&bound, NULL, team->threads);
    if (error) return failure_give(failure, error, "no barrier for %u threads: %s", team->threads, strerror(-error));
    omp_set_dynamic(0); /* else the runtime may give fewer threads than asked (OpenMP 5.1, 2.6.1) */
#pragma omp parallel num_threads((int)team->threads) default(none) shared(team, first_worker, failure, error, bound)
    {
        struct failure mine = {0};
        int failed = worker_join(team, first_worker + (unsigned)omp_get_thread_num(), &mine);
        /* Asleep until all are on their cpus: OpenMP's own barriers spin, and a thread that spins on the cpu where
         * another still waits for its turn to leave holds that one up for a time slice, some milliseconds. */
        if (omp_get_num_threads() == (int)team->threads) pthread_barrier_wait(&bound);
#pragma omp single
        if (omp_get_num_threads() != (int)team->threads) {
            failed = -EAGAIN;
            snprintf(mine.text, sizeof mine.text, "OpenMP gave %d threads of %u: see OMP_THREAD_LIMIT",
                     omp_get_num_threads(), team->threads);
        }
#pragma omp critical(team_open_failed)
        if (failed && !error) {
            error = failed;
            *failure = mine;
        }
    }
    pthread_barrier_destroy(&bound);
    return error;
}

/* What one region works on: the range cut into chunks, so that the kernel is called once for each. */
struct work {
    const struct team *team;
    const struct job *job;
    unsigned first_worker;
    size_t begin, end, chunk, chunks;
    void *results;
};

static inline void range_run(const struct work *work, size_t begin, size_t end)
{
    job_run(work->job, work->first_worker + (unsigned)omp_get_thread_num(), begin, end, work->results);
}

static inline void chunk_run(const struct work *work, size_t chunk)
{
    size_t begin = work->begin + chunk * work->chunk;
    range_run(work, begin, work->end - begin < work->chunk ? work->end : begin + work->chunk);
}

static void static_run(const struct work *work)
{
#pragma omp parallel for schedule(static, 1) num_threads((int)work->team->threads) default(none) shared(work)
    for (size_t i = 0; i < work->chunks; i++) chunk_run(work, i);
}

static void dynamic_run(const struct work *work)
{
#pragma omp parallel for schedule(dynamic, 1) num_threads((int)work->team->threads) default(none) shared(work)
    for (size_t i = 0; i < work->chunks; i++) chunk_run(work, i);
}

/* The size of the chunks is the runtime's secret: portable OpenMP shows one index at a time. */
static void guided_run(const struct work *work)
{
    int least = work->chunk < 0x7fffffff ? (int)work->chunk : 0x7fffffff;
#pragma omp parallel for schedule(guided, least) num_threads((int)work->team->threads) default(none) shared(work, least)
    for (size_t i = work->begin; i < work->end; i++) range_run(work, i, i + 1);
}

static void tasks_run(const struct work *work)
{
#pragma omp parallel num_threads((int)work->team->threads) default(none) shared(work)
#pragma omp single
    for (size_t i = 0; i < work->chunks; i++) {
#pragma omp task default(none) firstprivate(work, i)
        chunk_run(work, i);
    }
}

/* clang 14 warns of conversions in the code that it makes of a taskloop itself. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wsign-conversion"
static void taskloop_run(const struct work *work)
{
#pragma omp parallel num_threads((int)work->team->threads) default(none) shared(work)
#pragma omp single
#pragma omp taskloop grainsize(1) default(none) shared(work)
    for (size_t i = 0; i < work->chunks; i++) chunk_run(work, i);
}

#pragma GCC diagnostic pop

void team_run(const struct team *team, const struct job *job, unsigned first_worker, size_t begin, size_t end,
              void *results)
{
    size_t tasks = end - begin, chunk = team->chunk;
    bool shares =
        team->schedule == SCHEDULE_DEFAULT || team->schedule == SCHEDULE_STATIC || team->schedule == SCHEDULE_TASKLOOP;
    if (!chunk && shares) chunk = tasks / team->threads + (tasks % team->threads > 0);
    if (!chunk) chunk = 1;
    struct work work = {team, job, first_worker, begin, end, chunk, tasks / chunk + (tasks % chunk > 0), results};
    switch (team->schedule) {
    case SCHEDULE_DYNAMIC:
        dynamic_run(&work);
        break;
    case SCHEDULE_GUIDED:
        guided_run(&work);
        break;
    case SCHEDULE_TASKS:
        tasks_run(&work);
        break;
    case SCHEDULE_TASKLOOP:
        taskloop_run(&work);
        break;
    default:
        static_run(&work);
    }
}

/* Is LLVM's or Intel's runtime in this process, whichever the compiler was (clang takes libgomp, and a preloaded libomp
 * stands in for it)? */
static bool team_runtime_is_libomp(void)
{
    return dlsym(RTLD_DEFAULT, "kmp_set_blocktime");
}

/* libomp 14: a hard pause aborts the program, a soft one does nothing. */
void team_close(void)
{
    if (!team_runtime_is_libomp()) omp_pause_resource_all(omp_pause_hard);
}
