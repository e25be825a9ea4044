/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "results/record/sample_scan.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* What is left of the line; a byte that is not there reads as 0. */
struct scan {
    const char *at, *end;
};

static char peek(const struct scan *scan)
{
    return scan->at < scan->end ? *scan->at : '\0';
}

static bool take(struct scan *scan, char c)
{
    if (peek(scan) != c) return false;
    scan->at++;
    return true;
}

static bool take_word(struct scan *scan, const char *word)
{
    size_t length = strlen(word);
    if ((size_t)(scan->end - scan->at) < length || memcmp(scan->at, word, length)) return false;
    scan->at += length;
    return true;
}

/* "..." of plain ASCII without escapes: its bytes. */
static bool take_text(struct scan *scan, const char **text, size_t *length)
{
    if (!take(scan, '"')) return false;
    for (*text = scan->at; scan->at < scan->end && *scan->at != '"'; scan->at++)
        if (*scan->at < ' ' || *scan->at > '~' || *scan->at == '\\') return false;
    *length = (size_t)(scan->at - *text);
    return take(scan, '"');
}

/* A whole number: up to 19 digits and below 2^63, no leading 0, nothing behind it that would make it a real. */
static bool take_number(struct scan *scan, int64_t *value)
{
    bool negative = take(scan, '-');
    const char *from = scan->at;
    uint64_t size = 0;
    for (; peek(scan) >= '0' && peek(scan) <= '9'; scan->at++) {
        if (scan->at - from == 19) return false;
        size = 10 * size + (unsigned)(*scan->at - '0');
    }
    if (scan->at == from || (*from == '0' && scan->at - from > 1) || size > INT64_MAX) return false;
    *value = negative ? -(int64_t)size : (int64_t)size;
    return peek(scan) == ',' || peek(scan) == '}';
}

bool field_store(const struct field *field, int64_t value, char *at)
{
    switch (field->kind) {
    case KIND_unsigned:
        *(unsigned *)(void *)at = (unsigned)value;
        return value >= 0 && value <= UINT_MAX;
    case KIND_int:
        *(int *)(void *)at = (int)value;
        return value >= INT_MIN && value <= INT_MAX;
    case KIND_u64:
        *(uint64_t *)(void *)at = (uint64_t)value;
        return value >= 0;
    default:
        *(int64_t *)(void *)at = value;
        return value >= -1;
    }
}

static bool take_value(struct scan *scan, const struct field *field, char *at)
{
    const char *text;
    size_t length;
    int64_t value;
    switch (field->kind) {
    case KIND_text:
        if (!take_text(scan, &text, &length) || length >= field->size) return false;
        memcpy(at, text, length);
        return true;
    case KIND_flag:
        return (*(bool *)(void *)at = take_word(scan, "true")) || take_word(scan, "false");
    default:
        return take_number(scan, &value) && field_store(field, value, at);
    }
}

/* The field of that name: the one expected next, or any other. NULL: none. */
static const struct field *find(const struct field *fields, const struct field *next, const char *name, size_t length)
{
    if (next->name && !strncmp(next->name, name, length) && !next->name[length]) return next;
    for (const struct field *field = fields; field->name; field++)
        if (!strncmp(field->name, name, length) && !field->name[length]) return field;
    return NULL;
}

/* What was not there, by the bits of what was. */
static bool absent(const struct field *fields, uint64_t seen, char *base)
{
    for (const struct field *field = fields; field->name; field++) {
        if (seen >> (field - fields) & 1) continue;
        if (field->need == MUST) return false;
        if (field->kind == KIND_measure) *(int64_t *)(void *)(base + field->offset) = -1;
    }
    return true;
}

struct arrays {
    const struct field_array *array;
    size_t count;
    unsigned seen;
};

static bool take_array(struct scan *, struct arrays *, const char *name, size_t length, char *base);

/* {...} into a zeroed struct; `arrays`: what may stand in it beside its fields, NULL for none. */
static bool take_struct(struct scan *scan, const struct field *fields, struct arrays *arrays, char *base)
{
    const struct field *next = fields;
    uint64_t seen = 0;
    if (!take(scan, '{')) return false;
    do {
        const char *name;
        size_t length;
        if (!take_text(scan, &name, &length) || !take(scan, ':')) return false;
        const struct field *field = find(fields, next, name, length);
        if (field) {
            if (seen >> (field - fields) & 1 || !take_value(scan, field, base + field->offset)) return false;
            seen |= UINT64_C(1) << (field - fields);
            next = field + 1;
        } else if (!arrays || !take_array(scan, arrays, name, length, base)) return false;
    } while (take(scan, ','));
    return take(scan, '}') && absent(fields, seen, base);
}

/* How many objects the array that begins here has at most, from its closing brackets: they hold no arrays. */
static size_t items_ahead(const struct scan *scan)
{
    const char *end = memchr(scan->at, ']', (size_t)(scan->end - scan->at));
    size_t count = 0;
    for (const char *at = scan->at; end && (at = memchr(at, '{', (size_t)(end - at))); at++) count++;
    return count;
}

static bool take_array(struct scan *scan, struct arrays *arrays, const char *name, size_t length, char *base)
{
    const struct field_array *array = arrays->array, *end = array + arrays->count;
    while (array < end && (strncmp(array->key, name, length) || array->key[length])) array++;
    if (array == end || arrays->seen >> (array - arrays->array) & 1 || !take(scan, '[')) return false;
    arrays->seen |= 1u << (array - arrays->array);
    size_t room = items_ahead(scan), count = 0;
    char *items = room ? calloc(room, array->item_size) : NULL;
    bool good = items && room <= UINT_MAX;
    while (good && count < room) {
        good = take_struct(scan, array->fields, NULL, items + count * array->item_size);
        count++;
        if (good && !take(scan, ',')) break;
    }
    if (!good || count != room || !take(scan, ']')) {
        free(items);
        return false;
    }
    memcpy(base + array->items, &items, sizeof items);
    *(unsigned *)(void *)(base + array->count) = (unsigned)count;
    return true;
}

bool sample_scan(const char *line, size_t length, const struct field *fields, const struct field_array *arrays,
                 size_t array_count, struct sample *sample)
{
    struct scan scan = {line, line + length};
    struct arrays beside = {arrays, array_count, 0};
    return take_struct(&scan, fields, &beside, (char *)sample) && scan.at == scan.end;
}
