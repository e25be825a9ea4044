/* SPDX-License-Identifier: MIT */
#include <forkpool.h>
#include <stdio.h>

static int cube(void *context, const void *input, void *output)
{
    long x = *(const long *)input;
    (void)context;
    *(long *)output = x * x * x;
    return 0;
}

int main(void)
{
    long numbers[1000], cubes[1000] = {0}, sum = 0;
    for (long i = 0; i < 1000; i++) numbers[i] = i;

    struct forkpool *pool = forkpool_open(0); /* as many workers as this process may use cpus */
    struct forkpool_map map = {0};
    map.tasks = 1000;
    map.item = cube;
    map.input = numbers;
    map.input_stride = sizeof numbers[0];
    map.output = cubes;
    map.output_stride = sizeof cubes[0];
    int rc = forkpool_map(pool, &map);
    for (int i = 0; i < 1000; i++) sum += cubes[i];
    printf("%s: %ld\n", forkpool_strerror(rc), sum);
    forkpool_delete(pool);
}
