/* SPDX-License-Identifier: MIT */
#include <forkpool.h>
#include <stdio.h>
#include <string.h>

static int fill(const void *argument, size_t argument_bytes, void *result, size_t result_bytes)
{
    (void)argument_bytes;
    memset(result, *(const int *)argument, result_bytes);
    return 0;
}

int main(void)
{
    struct forkpool *pool = forkpool_open(2);
    struct forkpool_job *job;
    struct forkpool_task task = {0};
    int letter = 'x';
    task.run = fill;
    task.argument = &letter;
    task.argument_bytes = sizeof letter;
    task.result_bytes = (size_t)64 << 20;
    forkpool_submit(pool, &task, &job);
    forkpool_wait(job, FORKPOOL_FOREVER);

    size_t bytes;
    const char *result = (const char *)forkpool_result(job, &bytes); /* where the worker wrote it */
    printf("%zu MiB, first %c, last %c\n", bytes >> 20, result[0], result[bytes - 1]);
    forkpool_release(job);
    forkpool_delete(pool);
}
