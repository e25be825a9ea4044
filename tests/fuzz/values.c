/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Numbers, durations, sizes, percentages, lists and names of the command line. */
#include "tests/fuzz/fuzz.h"

#include "bench/base/values.h"
#include "kernels/reason.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    char *text = fuzz_text(bytes, size);
    struct reason why = {""};
    uint64_t number;
    double fraction;
    struct names names = {0};
    (void)values_count(text, &number, &why);
    (void)values_duration(text, &number, &why);
    (void)values_size(text, &number, &why);
    (void)values_percent(text, &fraction, &why);
    if (!values_names(text, &names, &why)) values_names_free(&names);
    names = (struct names){0};
    if (!values_placements(text, &names, &why)) values_names_free(&names);
    free(text);
    return 0;
}
