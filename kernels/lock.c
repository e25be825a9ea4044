/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lock: adds 1 to a shared total `size` times, each time under a mutex. The mutex is robust: a worker that dies
 * while it holds it does not leave the others waiting for ever. */
#include "kernels/total.h"

static int prepare(const struct kernel_params *params, struct arena *shared, void **input)
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
static void run(const void *input, size_t begin, size_t end, void *results)
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

static void release(void *input)
{
    pthread_mutex_destroy(&((struct total *)input)->mutex);
}

const struct kernel kernel_lock = {
    .version = KERNEL_VERSION,
    .name = "lock",
    .summary = "adds to one total, each time under a lock",
    .bottleneck = BOTTLENECK_CONTENTION,
    .default_tasks = 10000,
    .default_size = 5000,
    .size_unit = "additions",
    .result_size = sizeof(uint64_t),
    .published = "closed form: the total is tasks x size",
    .prepare = prepare,
    .run = run,
    .verify = total_verify,
    .release = release,
};
