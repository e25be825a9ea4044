/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A whole recorded run: the manifest up to the first zero byte, the samples behind it. */
#include "tests/fuzz/fuzz.h"

#include "kernels/reason.h"
#include "results/record/record.h"

#include <stdio.h>
#include <unistd.h>

static char dir[] = "/tmp/breakeven-fuzz-XXXXXX";

static void remove_dir(void)
{
    char path[64];
    static const char *const names[] = {"manifest.json", "samples.jsonl"};
    for (size_t i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "%s/%s", dir, names[i]);
        unlink(path);
    }
    rmdir(dir);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static int made;
    struct reason note;
    struct reason why = {""};
    struct run run;
    if (!made && (!mkdtemp(dir) || atexit(remove_dir))) abort();
    made = 1;
    size_t manifest = size ? strnlen((const char *)bytes, size) : 0, begin = manifest < size ? manifest + 1 : size;
    if (record_write_file(dir, "manifest.json", bytes, manifest)) return 0;
    if (record_write_file(dir, "samples.jsonl", bytes + begin, size - begin)) return 0;
    if (!run_read(dir, &run, &note, &why)) run_free(&run);
    return 0;
}
