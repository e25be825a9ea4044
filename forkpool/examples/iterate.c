/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <forkpool.h>
#include <stdio.h>
#include <unistd.h>

static int slow(void *context, const void *input, void *output)
{
    (void)context;
    usleep(*(const unsigned *)input * 1000);
    *(unsigned *)output = *(const unsigned *)input + 1;
    return 0;
}

int main(void)
{
    unsigned milliseconds[5] = {1, 400, 2, 3, 4}, results[5];
    struct forkpool *pool = forkpool_open(2);
    struct forkpool_iterator *it;
    struct forkpool_map map = {0};
    map.tasks = 5;
    map.item = slow;
    map.input = milliseconds;
    map.input_stride = sizeof milliseconds[0];
    map.output = results;
    map.output_stride = sizeof results[0];
    forkpool_imap(pool, &map, 0, &it); /* 0: as they finish */

    int status, rc, timeouts = 0;
    size_t index;
    void *result;
    while ((rc = forkpool_next(it, 100000000, &index, &status, &result)) != 0) {
        if (rc == -ETIMEDOUT) timeouts++; /* a tenth of a second without a result: ask again */
        else if (rc < 0) break;
        else if (index == 1) printf("the slow one: %u\n", *(unsigned *)result);
    }
    printf("%s\n", timeouts ? "some waits timed out" : "no wait timed out");
    forkpool_iterator_delete(it);
    forkpool_delete(pool);
}
