/* SPDX-License-Identifier: GPL-3.0-or-later */
/* sample_scan.h: the quick way from a line of samples.jsonl to a sample. Private to record_json.c.
 *
 * It takes the form in which samples are written: compact, fields of the list alone, whole numbers, plain ASCII. Of
 * anything else, good or bad, it says false and leaves it to the JSON library, which knows all forms and says what is
 * wrong: whatever both take they take alike. Reading takes a quarter of the time so.
 */
#ifndef BREAKEVEN_SAMPLE_SCAN_H
#define BREAKEVEN_SAMPLE_SCAN_H

#include "results/record/record.h"

enum field_kind { KIND_unsigned, KIND_int, KIND_u64, KIND_measure, KIND_flag, KIND_text };
enum field_need { MUST, MAY };

/* One member of a struct of the record; a list of them ends with a NULL name, and has at most 64. */
struct field {
    const char *name;
    enum field_kind kind;
    enum field_need need;
    size_t offset, size;
};

/* An array of structs in a sample. */
struct field_array {
    const char *key;
    const struct field *fields;
    size_t item_size, items, count; /* the latter two: where its pointer and its unsigned count are in the sample */
};

/* Writes a whole number into the field, which lies at `at`; false where it is out of the field's range. */
bool field_store(const struct field *, int64_t value, char *at);

/* A zeroed sample is filled; the caller frees it in either case. */
bool sample_scan(const char *line, size_t length, const struct field *, const struct field_array *arrays,
                 size_t array_count, struct sample *);

#endif
