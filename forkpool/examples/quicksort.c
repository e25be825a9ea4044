/* SPDX-License-Identifier: MIT */
/* Quicksort with tasks in tasks: one half is offered to the other workers, the other half is sorted here. */
#include <forkpool.h>
#include <stdio.h>
#include <stdlib.h>

enum { COUNT = 1000000, SMALL = 10000 };

static int compare(const void *a, const void *b)
{
    int x = *(const int *)a, y = *(const int *)b;
    return (x > y) - (x < y);
}

static int sort(void *context, unsigned worker, size_t begin, size_t end)
{
    int *v = (int *)context;
    if (end - begin <= SMALL) {
        qsort(v + begin, end - begin, sizeof *v, compare);
        return 0;
    }
    int pivot = v[begin + (end - begin) / 2];
    size_t i = begin, j = end - 1;
    for (;;) {
        while (v[i] < pivot) i++;
        while (v[j] > pivot) j--;
        if (i >= j) break;
        int swap = v[i];
        v[i++] = v[j];
        v[j--] = swap;
    }
    forkpool_spawn(sort, v, begin, i);
    sort(v, worker, i, end);
    return forkpool_sync();
}

static int sort_all(void *context, unsigned worker, size_t begin, size_t end)
{
    (void)begin, (void)end;
    return sort(context, worker, 0, COUNT);
}

int main(void)
{
    struct forkpool *pool = forkpool_open(0);
    int *v = (int *)forkpool_alloc(pool, COUNT * sizeof *v), sorted = 1;
    unsigned random = 1;
    for (int i = 0; i < COUNT; i++) v[i] = (int)((random = random * 1664525 + 1013904223) >> 2);

    struct forkpool_map map = {0}; /* of one task, which makes the others */
    map.tasks = 1;
    map.range = sort_all;
    map.context = v;
    int rc = forkpool_map(pool, &map);
    for (int i = 1; i < COUNT; i++) sorted = sorted && v[i - 1] <= v[i];
    printf("%d numbers: %s, %s\n", COUNT, forkpool_strerror(rc), sorted ? "sorted" : "not sorted");
    forkpool_delete(pool);
}
