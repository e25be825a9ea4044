/* SPDX-License-Identifier: GPL-3.0-or-later */
/* counters: five kernels that count, and so show what it costs to share what one counts with.
 *
 * falseshare and padded: a task takes a counter for itself, adds 1 to it `size` times and gives it back; the counters
 * of tasks that run at once are neighbours, whatever the runner's schedule. In falseshare they lie side by side, so
 * that workers who share nothing still pass one cache line about; in padded each is on a line of its own.
 *
 * lock, atomic and reduction add up one total that all workers share, processes as well as threads: under a lock, by an
 * atomic addition each, or in a register and into the total once a task, which is how the others ought to be written.
 */
#include "kernels/params.h"

#include <inttypes.h>
#include <pthread.h>

enum { COUNTERS = 256, COUNTERS_APART = 128 }; /* 128: processors fetch lines of 64 in pairs */

struct counters {
    struct kernel_params params;
    size_t stride;  /* bytes from counter to counter */
    uint8_t *taken; /* taken[k * COUNTERS_APART]: 1 while a task has counter k; far apart in both kernels */
    uint8_t *bytes; /* counter k is the uint64_t at bytes + k * stride; the one after the last is for tasks that find
                       all taken, and is added to once, atomically */
};

static int counters_prepare(const struct kernel_params *params, struct arena *shared, size_t stride, void **input)
{
    struct counters *counters = arena_alloc(shared, sizeof *counters, alignof(struct counters));
    if (!counters) return -ENOMEM;
    counters->params = *params;
    counters->stride = stride;
    counters->taken = arena_alloc(shared, COUNTERS * COUNTERS_APART, COUNTERS_APART);
    counters->bytes = arena_alloc(shared, (COUNTERS + 1) * stride, COUNTERS_APART);
    if (!counters->taken || !counters->bytes) return -ENOMEM;
    *input = counters;
    return 0;
}

static uint64_t *counters_at(const struct counters *counters, size_t k)
{
    return (uint64_t *)(void *)(counters->bytes + k * counters->stride);
}

/* Takes the first free counter, COUNTERS where there is none (more workers than counters): nobody waits. */
static size_t counters_take(const struct counters *counters)
{
    for (size_t k = 0; k < COUNTERS; k++) {
        uint8_t *taken = &counters->taken[k * COUNTERS_APART];
        if (!__atomic_load_n(taken, __ATOMIC_RELAXED) && !__atomic_exchange_n(taken, 1, __ATOMIC_ACQUIRE)) return k;
    }
    return COUNTERS;
}

/* volatile: each addition goes to memory. Returns what was added. */
static uint64_t counters_add(uint64_t *counter, uint64_t times)
{
    volatile uint64_t *count = counter;
    uint64_t before = *count;
    for (uint64_t k = 0; k < times; k++) *count = *count + 1;
    return *count - before;
}

static void counters_run(const void *input, size_t begin, size_t end, void *results)
{
    const struct counters *counters = input;
    uint64_t *out = results;
    for (size_t i = begin; i < end; i++) {
        size_t k = counters_take(counters);
        uint64_t own = 0;
        out[i] = counters_add(k < COUNTERS ? counters_at(counters, k) : &own, counters->params.size);
        if (k < COUNTERS) __atomic_store_n(&counters->taken[k * COUNTERS_APART], 0, __ATOMIC_RELEASE);
        else __atomic_fetch_add(counters_at(counters, k), own, __ATOMIC_RELAXED);
    }
}

/* Is `total`, over any number of runs of all tasks, tasks * size in each? */
static int counters_check(const struct kernel_params *params, const uint64_t *results, uint64_t total, char *why,
                          size_t why_size)
{
    for (size_t i = 0; i < params->tasks; i++) {
        if (results[i] == params->size) continue;
        return kernel_result_wrong(why, why_size, "task %zu counted %" PRIu64 ", not %" PRIu64, i, results[i],
                                   params->size);
    }
    uint64_t once = params->tasks * params->size;
    if (!once || (total && total % once == 0)) return 1;
    return kernel_result_wrong(why, why_size, "the counters add up to %" PRIu64 ", not to a multiple of %" PRIu64,
                               total, once);
}

static int counters_verify(const void *input, const struct kernel_params *params, const void *results, char *why,
                           size_t why_size)
{
    const struct counters *counters = input;
    uint64_t total = 0;
    for (size_t k = 0; k <= COUNTERS; k++) total += *counters_at(counters, k);
    return counters_check(params, results, total, why, why_size);
}

static int prepare_side_by_side(const struct kernel_params *params, struct arena *shared, void **input)
{
    return counters_prepare(params, shared, sizeof(uint64_t), input);
}

static int prepare_apart(const struct kernel_params *params, struct arena *shared, void **input)
{
    return counters_prepare(params, shared, COUNTERS_APART, input);
}

/* ---- one total ---- */

struct total {
    struct kernel_params params;
    alignas(COUNTERS_APART) pthread_mutex_t mutex; /* made by lock alone */
    alignas(COUNTERS_APART) uint64_t count;
};

static int total_prepare(const struct kernel_params *params, struct arena *shared, void **input)
{
    struct total *total = arena_alloc(shared, sizeof *total, alignof(struct total));
    if (!total) return -ENOMEM;
    total->params = *params;
    *input = total;
    return 0;
}

static int total_verify(const void *input, const struct kernel_params *params, const void *results, char *why,
                        size_t why_size)
{
    const struct total *total = input;
    return counters_check(params, results, total->count, why, why_size);
}

/* The mutex is robust: a worker that dies while it holds it does not leave the others waiting for ever. */
static int prepare_lock(const struct kernel_params *params, struct arena *shared, void **input)
{
    void *made;
    int error = total_prepare(params, shared, &made);
    if (error) return error;
    struct total *total = made;
    pthread_mutexattr_t attributes;
    error = pthread_mutexattr_init(&attributes);
    if (error) return -error;
    pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
    pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    error = pthread_mutex_init(&total->mutex, &attributes);
    pthread_mutexattr_destroy(&attributes);
    if (!error) *input = total;
    return -error;
}

static int lock(pthread_mutex_t *mutex)
{
    int error = pthread_mutex_lock(mutex);
    return error == EOWNERDEAD ? pthread_mutex_consistent(mutex) : error;
}

/* The input is in shared memory and not constant: the mutex and the count in it are what all workers share. */
static void run_lock(const void *input, size_t begin, size_t end, void *results)
{
    struct total *total = (struct total *)(uintptr_t)input;
    uint64_t *out = results;
    for (size_t i = begin; i < end; i++) {
        uint64_t added = 0;
        for (uint64_t k = 0; k < total->params.size; k++) {
            if (lock(&total->mutex)) break;
            total->count++;
            pthread_mutex_unlock(&total->mutex);
            added++;
        }
        out[i] = added;
    }
}

static void release_lock(void *input)
{
    pthread_mutex_destroy(&((struct total *)input)->mutex);
}

static void run_atomic(const void *input, size_t begin, size_t end, void *results)
{
    struct total *total = (struct total *)(uintptr_t)input;
    uint64_t *out = results;
    for (size_t i = begin; i < end; i++) {
        uint64_t size = total->params.size;
        for (uint64_t k = 0; k < size; k++) __atomic_fetch_add(&total->count, 1, __ATOMIC_RELAXED);
        out[i] = size;
    }
}

static void run_reduction(const void *input, size_t begin, size_t end, void *results)
{
    struct total *total = (struct total *)(uintptr_t)input;
    uint64_t *out = results;
    for (size_t i = begin; i < end; i++) {
        uint64_t sum = 0;
        for (uint64_t k = 0; k < total->params.size; k++) {
            sum++;
            __asm__ volatile("" : "+r"(sum)); /* or the compiler would make one addition of the loop */
        }
        __atomic_fetch_add(&total->count, sum, __ATOMIC_RELAXED);
        out[i] = sum;
    }
}

/* What the five have in common; the rest are members. */
#define COUNTING(own_name, size, adds_up, ...)                                                                         \
    const struct kernel kernel_##own_name = {.version = KERNEL_VERSION,                                                \
                                             .name = #own_name,                                                        \
                                             .bottleneck = BOTTLENECK_CONTENTION,                                      \
                                             .default_tasks = 10000,                                                   \
                                             .default_size = size,                                                     \
                                             .size_unit = "additions",                                                 \
                                             .result_size = sizeof(uint64_t),                                          \
                                             .published = "closed form: the " adds_up " tasks x size",                 \
                                             __VA_ARGS__};

COUNTING(falseshare, 100000, "counters add up to", .summary = "counters side by side in one cache line: false sharing",
         .prepare = prepare_side_by_side, .run = counters_run, .verify = counters_verify)
COUNTING(padded, 100000, "counters add up to", .summary = "falseshare with each counter on a cache line of its own",
         .prepare = prepare_apart, .run = counters_run, .verify = counters_verify)
COUNTING(lock, 5000, "total is", .summary = "adds to one total, each time under a lock", .prepare = prepare_lock,
         .run = run_lock, .verify = total_verify, .release = release_lock)
COUNTING(atomic, 5000, "total is", .summary = "adds to one total, each time by an atomic operation",
         .prepare = total_prepare, .run = run_atomic, .verify = total_verify)
COUNTING(reduction, 5000, "total is", .summary = "adds up in a register, and to one total once a task",
         .prepare = total_prepare, .run = run_reduction, .verify = total_verify)
