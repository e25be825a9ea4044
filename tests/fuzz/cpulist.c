/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Lists of cpus. */
#include "tests/fuzz/fuzz.h"

#include "kernels/reason.h"
#include "runners/cpus/cpulist.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    char *text = fuzz_text(bytes, size);
    struct reason why = {""};
    unsigned *numbers = NULL;
    size_t count;
    if (!cpulist_parse(text, &numbers, &count, &why)) free(numbers);
    free(text);
    return 0;
}
