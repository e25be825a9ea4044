/* SPDX-License-Identifier: MIT */
#include <forkpool.h>
#include <stdio.h>
#include <stdlib.h>

static long maybe_crash(long x)
{
    if (x == 3) abort();
    return 10 * x;
}

int main(void)
{
    struct forkpool *pool = forkpool_open(2);
    struct forkpool_job *jobs[6];
    for (long i = 0; i < 6; i++) jobs[i] = forkpool_async(pool, maybe_crash, i);
    for (int i = 0; i < 6; i++) {
        forkpool_wait(jobs[i], FORKPOOL_FOREVER);
        int status = forkpool_status(jobs[i]);
        if (status == 0) printf("%d: %ld\n", i, forkpool_value(jobs[i]));
        else printf("%d: %s\n", i, forkpool_strerror(status));
    }
    struct forkpool_loss loss;
    size_t lost = forkpool_losses(pool, &loss, 1);
    printf("%zu worker lost: %s\n", lost, loss.text);
    printf("it had used memory and time: %s\n", loss.max_rss_bytes > 0 && loss.user_ns + loss.system_ns >= 0 ? "yes" : "no");
    forkpool_delete(pool);
}
