/* SPDX-License-Identifier: MIT */
/* An image filter over rows: each row of the output is the mean of three rows of the input. */
#include <forkpool.h>
#include <stdio.h>
#include <string.h>

enum { WIDTH = 640, HEIGHT = 480 };
struct images { /* copied to the workers; the arrays are in memory that both sides see */
    unsigned char (*from)[WIDTH], (*to)[WIDTH];
};

static int filter(void *context, unsigned worker, size_t begin, size_t end)
{
    const struct images *images = (const struct images *)context;
    (void)worker;
    for (size_t y = begin; y < end; y++) {
        const unsigned char *above = images->from[y ? y - 1 : 0], *here = images->from[y];
        const unsigned char *below = images->from[y + 1 < HEIGHT ? y + 1 : y];
        for (size_t x = 0; x < WIDTH; x++) images->to[y][x] = (unsigned char)((above[x] + here[x] + below[x]) / 3);
    }
    return 0;
}

int main(void)
{
    struct forkpool *pool = forkpool_open(0);
    struct images images, serial;
    static unsigned char wanted[HEIGHT][WIDTH];
    images.from = (unsigned char(*)[WIDTH])forkpool_alloc(pool, WIDTH * HEIGHT);
    images.to = (unsigned char(*)[WIDTH])forkpool_alloc(pool, WIDTH * HEIGHT);
    for (size_t y = 0; y < HEIGHT; y++)
        for (size_t x = 0; x < WIDTH; x++) images.from[y][x] = (unsigned char)(x * x + 31 * y);

    struct forkpool_map map = {0};
    map.tasks = HEIGHT;
    map.range = filter;
    map.context = &images;
    map.context_bytes = sizeof images;
    int rc = forkpool_map(pool, &map);

    serial = images;
    serial.to = wanted;
    filter(&serial, 0, 0, HEIGHT);
    int equal = !memcmp(images.to, wanted, sizeof wanted);
    printf("%d rows: %s, %s the serial loop's\n", HEIGHT, forkpool_strerror(rc), equal ? "equal to" : "different from");
    forkpool_delete(pool);
}
