/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz.h: what the fuzz targets share. Each is one file whose LLVMFuzzerTestOneInput takes any bytes: the parser must
 * neither crash, leak nor hang; `make fuzz SECONDS=60` runs them all, their corpora are in tests/fuzz/corpus. */
#ifndef BREAKEVEN_FUZZ_H
#define BREAKEVEN_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* The bytes as a string, ended; the caller frees it. */
static inline char *fuzz_text(const uint8_t *bytes, size_t size)
{
    char *text = malloc(size + 1);
    if (!text) abort();
    if (size) memcpy(text, bytes, size);
    text[size] = '\0';
    return text;
}

#endif
