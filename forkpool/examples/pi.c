/* SPDX-License-Identifier: MIT */
/* Monte-Carlo: pi from random points. Each worker has a random number generator of its own, seeded once. */
#include <forkpool.h>
#include <stdint.h>
#include <stdio.h>

enum { BATCHES = 80, POINTS = 100000 };
static uint64_t generator; /* a worker's own copy */

static int seed(void *context, unsigned worker, const char *cpus)
{
    (void)cpus;
    generator = *(const uint64_t *)context + (uint64_t)worker * UINT64_C(0x632be59bd9b4e019);
    return 0;
}

static double uniform(void) /* splitmix64 */
{
    uint64_t z = generator += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return (double)((z ^ z >> 31) >> 11) / 9007199254740992.0;
}

static int batch(void *context, const void *input, void *output)
{
    long inside = 0;
    (void)context, (void)input;
    for (int i = 0; i < POINTS; i++) {
        double x = uniform(), y = uniform();
        inside += x * x + y * y < 1;
    }
    *(long *)output = inside;
    return 0;
}

int main(void)
{
    uint64_t first = 2026;
    long inside[BATCHES], sum = 0;
    struct forkpool_config config = {0};
    struct forkpool *pool = NULL;
    struct forkpool_map map = {0};
    config.initializer = seed;
    config.context = &first; /* as it is now: workers have a copy of this stack */
    if (forkpool_open_with(&config, &pool, NULL, 0)) return 1;
    map.tasks = BATCHES;
    map.item = batch;
    map.output = inside;
    map.output_stride = sizeof inside[0];
    if (forkpool_map(pool, &map)) return 1;
    for (int i = 0; i < BATCHES; i++) sum += inside[i];
    printf("pi is about %.2f\n", 4.0 * (double)sum / BATCHES / POINTS);
    forkpool_delete(pool);
}
