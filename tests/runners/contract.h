/* SPDX-License-Identifier: GPL-3.0-or-later */
/* contract.h: one job over a runner beside the same job over the serial loop: its memory, its check, and the runners and
 * teams that are asked. Included by one program at a time (test_runners.c, and test_ranks.c and test_pools.c through it). */
#ifndef TESTS_RUNNERS_CONTRACT_H
#define TESTS_RUNNERS_CONTRACT_H

#include "kernels/reason.h"
#include "runners/cpus/cpulist.h"
#include "runners/interpreter.h"
#include "runners/cpus/placement.h"
#include "runners/runner.h"
#include "runners/worker.h"
#include "tests/suite.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { POISON = 0xA5, BLOCKS = 128 };

/* The memory of one job, shared with children. */
struct memory {
    struct arena arena; /* first */
    struct {
        void *at;
        size_t bytes;
    } blocks[BLOCKS];
    unsigned count;
};

static void *shared_map(size_t bytes)
{
    void *at = mmap(NULL, bytes + 1, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    ck_assert_ptr_ne(at, MAP_FAILED);
    return at;
}

static void *arena_map(struct arena *arena, size_t bytes, size_t align)
{
    struct memory *memory = (struct memory *)arena;
    ck_assert(memory->count < BLOCKS && align <= 4096);
    memory->blocks[memory->count].bytes = bytes;
    return memory->blocks[memory->count++].at = shared_map(bytes);
}

static void memory_free(struct memory *memory)
{
    for (unsigned i = 0; i < memory->count; i++) munmap(memory->blocks[i].at, memory->blocks[i].bytes + 1);
}

/* A kernel of the test's own: an odd number of bytes from index and seed, so that a shifted, torn, missing or doubled
 * write shows, and a count of how often each task ran. */
struct marks {
    uint64_t seed;
    unsigned char *runs;
};

enum { MARK = 13 };

static int marks_prepare(const struct kernel_params *params, struct arena *shared, void **input)
{
    struct marks *marks = arena_alloc(shared, sizeof *marks, 16);
    marks->seed = params->seed;
    marks->runs = arena_alloc(shared, params->tasks, 1);
    *input = marks;
    return 0;
}

static void marks_run(const void *input, size_t begin, size_t end, void *results)
{
    const struct marks *marks = input;
    for (size_t i = begin; i < end; i++) {
        __atomic_fetch_add(&marks->runs[i], 1, __ATOMIC_RELAXED);
        for (size_t k = 0; k < MARK; k++) {
            uint64_t mixed = (i * 31 + k * 7 + marks->seed) * 2654435761u;
            ((unsigned char *)results)[i * MARK + k] = (unsigned char)(mixed >> 7);
        }
    }
}

static const struct kernel kernel_marks = {.version = KERNEL_VERSION,
                                           .name = "marks",
                                           .size_unit = "none",
                                           .result_size = MARK,
                                           .prepare = marks_prepare,
                                           .run = marks_run};

/* Wrong on purpose: one task of all writes one wrong bit. */
static void wrong_run(const void *input, size_t begin, size_t end, void *results)
{
    marks_run(input, begin, end, results);
    if (begin <= 57 && 57 < end && getenv("MARKS_WRONG")) ((unsigned char *)results)[57 * MARK + 5] ^= 4;
}

static const struct kernel kernel_wrong = {.version = KERNEL_VERSION,
                                           .name = "wrong",
                                           .size_unit = "none",
                                           .result_size = MARK,
                                           .prepare = marks_prepare,
                                           .run = wrong_run};

/* One job with what it needs, and the serial results to compare with. */
struct bench {
    struct memory memory;
    struct job job;
    void *input;
    size_t bytes;
    unsigned char *results, *serial;
};

static void bench_open(struct bench *bench, const struct kernel *kernel, size_t tasks, uint64_t size)
{
    *bench = (struct bench){.memory.arena.alloc = arena_map};
    bench->job = (struct job){.kernel = kernel, .params = {tasks, size, 42}};
    if (kernel->prepare) ck_assert_int_eq(kernel->prepare(&bench->job.params, &bench->memory.arena, &bench->input), 0);
    bench->job.input = bench->input;
    bench->bytes = tasks * kernel_result_size(kernel, size);
    bench->results = shared_map(bench->bytes);
    bench->serial = malloc(bench->bytes + 1);
    kernel->run(bench->input, 0, tasks, bench->serial);
    if (kernel->run == marks_run) memset(((struct marks *)bench->input)->runs, 0, tasks);
}

static void bench_close(struct bench *bench)
{
    if (bench->job.kernel->release) bench->job.kernel->release(bench->input);
    munmap(bench->results, bench->bytes + 1);
    free(bench->serial);
    memory_free(&bench->memory);
}

/* What this process holds. */
struct holdings {
    unsigned descriptors, threads;
};

static unsigned entries(const char *path)
{
    unsigned count = 0;
    DIR *dir = opendir(path);
    while (dir && readdir(dir)) count++;
    if (dir) closedir(dir);
    return count;
}

static struct holdings holdings_now(void)
{
    return (struct holdings){entries("/proc/self/fd"), entries("/proc/self/task")};
}

/* The same once there are so many threads: one that was joined may stand there a moment longer. */
static struct holdings holdings_with(unsigned threads)
{
    struct holdings now = holdings_now();
    (void)threads;
#ifndef __clang__ /* libomp keeps its threads, see team_close */
    for (int i = 0; i < 1000 && now.threads != threads; i++, now = holdings_now())
        nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
#endif
    return now;
}

static void check_holdings(struct holdings before, const char *what)
{
    struct holdings after = holdings_with(before.threads);
    ck_assert_msg(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD, "%s: a child is left", what);
    ck_assert_msg(after.descriptors == before.descriptors, "%s: descriptors %u, before %u", what, after.descriptors,
                  before.descriptors);
#ifndef __clang__
    ck_assert_msg(after.threads == before.threads, "%s: threads %u, before %u", what, after.threads, before.threads);
#endif
}

static bool right(struct bench *bench, const struct runner *runner, void *state, const char *what)
{
    struct failure failure = {0};
    size_t tasks = bench->job.params.tasks;
    memset(bench->results, POISON, bench->bytes + 1);
    int error = runner->run(state, tasks, bench->results, &failure);
    ck_assert_msg(!error, "%s: %d %s", what, error, failure.text);
    ck_assert_msg(bench->results[bench->bytes] == POISON, "%s: wrote behind the results", what);
    return !memcmp(bench->results, bench->serial, bench->bytes);
}

static void *started(struct bench *bench, const struct runner *runner, const struct team *team, const char *what)
{
    void *state = NULL;
    struct failure failure = {0};
    int error = runner->setup ? runner->setup(team, &bench->job, &state, &failure) : 0;
    ck_assert_msg(!error, "%s: setup %d %s", what, error, failure.text);
    error = runner->start(team, &bench->job, &state, &failure);
    ck_assert_msg(!error, "%s: start %d %s", what, error, failure.text);
    return state;
}

/* start, run, run, stop: results as the serial loop's both times, and the kernel's own verdict. */
static void check_cell(struct bench *bench, const struct runner *runner, const struct team *team)
{
    char what[160];
    struct reason why = {""};
    const struct kernel *kernel = bench->job.kernel;
    snprintf(what, sizeof what, "%s over %s %ux%u chunk %zu %s, %zu tasks", kernel->name, runner->name, team->processes,
             team->threads, team->chunk, schedule_name(team->schedule), bench->job.params.tasks);
    struct holdings before = holdings_now();
    void *state = started(bench, runner, team, what);
    ck_assert_msg(right(bench, runner, state, what), "%s: not the serial results", what);
    ck_assert_msg(right(bench, runner, state, what), "%s: not the serial results the second time", what);
    int known = !kernel->verify  ? 0
                : runner->verify ? runner->verify(state, bench->results, &why)
                                 : kernel->verify(bench->input, &bench->job.params, bench->results, why.text, sizeof why.text);
    runner->stop(state);
    ck_assert_msg(known >= 0, "%s: %s", what, why.text);
    if (kernel->run == marks_run)
        for (size_t i = 0; i < bench->job.params.tasks; i++) {
            unsigned char *runs = &((struct marks *)bench->input)->runs[i];
            ck_assert_msg(*runs == 2, "%s: task %zu ran %u times in two passes", what, i, *runs);
            *runs = 0;
        }
    check_holdings(before, what);
}

static struct team team_of(unsigned processes, unsigned threads, size_t chunk, enum schedule schedule)
{
    return (struct team){.processes = processes, .threads = threads, .chunk = chunk, .schedule = schedule};
}

/* `size` workers on each axis that the runner has. */
static struct team team_over(const struct runner *runner, unsigned size, size_t chunk)
{
    return team_of(runner->axes & AXIS_PROCESSES ? size : 1, runner->axes & AXIS_THREADS ? size : 1, chunk,
                   SCHEDULE_DEFAULT);
}

/* CONTRACT_OF begins the names of the runners that have a program of their own (test_ranks.c); this one asks the others. */
static bool is_asked(const struct runner *runner)
{
#ifdef CONTRACT_OF
    return !strncmp(runner->name, CONTRACT_OF, strlen(CONTRACT_OF));
#else
    return strcmp(runner->name, "mpi") != 0 && !runner->by_name;
#endif
}

/* Is the runner there? Says why not once for each test that lacks it. */
static bool available(const struct runner *runner)
{
    struct reason why = {""};
    if (!is_asked(runner)) return false;
    if (!runner->available || !runner->available(&why)) return true;
    printf("skipped: %s: %s\n", runner->name, why.text);
    fflush(stdout);
    return false;
}

static const unsigned shapes[][2] = {{1, 1}, {2, 1}, {3, 1}, {5, 1}, {1, 2}, {1, 3}, {1, 5}, {2, 2}, {3, 2}};
enum { SHAPES = sizeof shapes / sizeof *shapes };

/* A runner that lacks an axis has 1 there; one with both takes the shapes that have both, and single rows. */
static bool fits(const struct runner *runner, const unsigned *shape)
{
    return (runner->axes & AXIS_PROCESSES || shape[0] == 1) && (runner->axes & AXIS_THREADS || shape[1] == 1);
}

/* The runners whose kernels are this process's own: all but those that load them from a shared object. */
static bool runs_own_kernels(const struct runner *runner)
{
    return !runner->verify;
}

/* Each start is a launcher and MPI_Init, or several interpreters, most of a second: few starts, with all kernels in one
 * (test_every). */
static bool starts_slowly(const struct runner *runner)
{
    return !strcmp(runner->name, "mpi") || runner->by_name;
}

static unsigned runner_count(void)
{
    unsigned count = 0;
    while (runners[count]) count++;
    return count;
}

#endif
