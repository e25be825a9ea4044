/* SPDX-License-Identifier: MIT */
/* Checksums of named files, in the order of the names: checksum FILE... (without one: of two that it writes, and of one
 * that is not there). A file that cannot be read fails alone. */
#include <errno.h>
#include <forkpool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int checksum(void *context, const void *input, void *output) /* FNV-1a */
{
    const char *name = *(const char *const *)input; /* argv is older than the pool: workers see it */
    uint64_t hash = UINT64_C(14695981039346656037);
    FILE *file = fopen(name, "rb");
    (void)context;
    if (!file) return errno;
    for (int byte; (byte = fgetc(file)) != EOF;) hash = (hash ^ (uint64_t)byte) * UINT64_C(1099511628211);
    fclose(file);
    *(uint64_t *)output = hash;
    return 0;
}

static void write_file(const char *name, const char *text)
{
    FILE *file = fopen(name, "w");
    if (!file) exit(1);
    fputs(text, file);
    fclose(file);
}

int main(int argc, char **argv)
{
    char *made[] = {(char *)"first.txt", (char *)"second.txt", (char *)"missing.txt"};
    char **names = argc > 1 ? argv + 1 : made;
    size_t count = argc > 1 ? (size_t)argc - 1 : 3;
    if (argc == 1) write_file(made[0], ""), write_file(made[1], "hello\n");

    struct forkpool *pool = forkpool_open(0);
    struct forkpool_map map = {0};
    uint64_t *hashes = (uint64_t *)forkpool_alloc(pool, count * sizeof *hashes);
    int *status = (int *)calloc(count, sizeof *status);
    map.tasks = count;
    map.item = checksum;
    map.input = names;
    map.input_stride = sizeof *names;
    map.output = hashes;
    map.output_stride = sizeof *hashes;
    map.status = status;
    forkpool_map(pool, &map);
    for (size_t i = 0; i < count; i++)
        if (!status[i]) printf("%016llx  %s\n", (unsigned long long)hashes[i], names[i]);
        else printf("%s: %s\n", names[i], status[i] > 0 ? strerror(status[i]) : forkpool_strerror(status[i]));
    if (argc == 1) remove(made[0]), remove(made[1]);
    free(status);
    forkpool_delete(pool);
}
