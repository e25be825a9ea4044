/* SPDX-License-Identifier: MIT */
#include <forkpool.h>
#include <stdio.h>
#include <unistd.h>

static int polite(const void *argument, size_t argument_bytes, void *result, size_t result_bytes)
{
    (void)argument, (void)argument_bytes, (void)result_bytes;
    while (!forkpool_stopping()) usleep(1000);
    *(int *)result = 1;
    return 0;
}

static int stubborn(const void *argument, size_t argument_bytes, void *result, size_t result_bytes)
{
    (void)argument, (void)argument_bytes, (void)result, (void)result_bytes;
    for (;;) pause();
    return 0;
}

int main(void)
{
    struct forkpool *pool = forkpool_open(2);
    struct forkpool_task task = {0};
    int stopped = 0;

    task.run = polite;
    task.result_bytes = sizeof stopped;
    task.limits.soft_ns = 50000000; /* forkpool_stopping() after 50 ms */
    int rc = forkpool_call(pool, &task, &stopped, FORKPOOL_FOREVER);
    printf("polite: %s, stopped by itself: %d\n", forkpool_strerror(rc), stopped);

    task.run = stubborn;
    task.result_bytes = 0;
    task.limits.soft_ns = 0;
    task.limits.hard_ns = 50000000; /* killed after 50 ms */
    rc = forkpool_call(pool, &task, NULL, FORKPOOL_FOREVER);
    printf("stubborn: %s\n", forkpool_strerror(rc));
    forkpool_delete(pool);
}
