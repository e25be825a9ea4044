/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A command's words with {placeholders}. */
#include "tests/fuzz/fuzz.h"

#include "bench/base/command.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static const struct command_value values[] = {{"workers", "4"}, {"chunk", "{workers}"}, {"empty", ""}};
    char *text = fuzz_text(bytes, size), *filled = command_fill(text, values, sizeof values / sizeof *values);
    if (!filled) abort();
    free(filled);
    free(text);
    return 0;
}
