/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One line of samples.jsonl. */
#include "tests/fuzz/fuzz.h"

#include "kernels/reason.h"
#include "results/record/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    char *text = fuzz_text(bytes, size);
    struct reason why = {""};
    struct sample sample;
    if (!sample_from_json(text, size, &sample, &why)) sample_free(&sample);
    free(text);
    return 0;
}
