/* SPDX-License-Identifier: GPL-3.0-or-later */
/* record_json.c: structs of the record to JSON and back, made from the list in record_fields.h. */
#include "results/record/latency.h"
#include "results/record/record.h"
#include "results/record/sample_scan.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIELD(type, k, n, member)                                                                                      \
    {#member, KIND_##k, n, offsetof(struct type, member), sizeof(((struct type *)0)->member)},
static const struct field cell_fields[] = {
#define CELL_FIELD(kind, need, member) FIELD(cell, kind, need, member)
#include "results/record/record_fields.h"
    {NULL, 0, 0, 0, 0}};
static const struct field sample_fields[] = {
#define SAMPLE_FIELD(kind, need, member) FIELD(sample, kind, need, member)
#include "results/record/record_fields.h"
    {NULL, 0, 0, 0, 0}};
static const struct field worker_fields[] = {
#define WORKER_FIELD(kind, need, member) FIELD(sample_worker, kind, need, member)
#include "results/record/record_fields.h"
    {NULL, 0, 0, 0, 0}};
static const struct field bin_fields[] = {
#define BIN_FIELD(kind, need, member) FIELD(sample_bin, kind, need, member)
#include "results/record/record_fields.h"
    {NULL, 0, 0, 0, 0}};
static const struct field lost_fields[] = {
#define LOST_FIELD(kind, need, member) FIELD(sample_lost, kind, need, member)
#include "results/record/record_fields.h"
    {NULL, 0, 0, 0, 0}};

json_t *text_to_json(const char *text)
{
    json_t *json = json_string(text);
    if (json) return json;
    char *copy = strdup(text);
    if (!copy) return NULL;
    for (char *c = copy; *c; c++)
        if ((unsigned char)*c >= 0x80) *c = '?';
    json = json_string(copy);
    free(copy);
    return json;
}

/* JSON's integers here are signed 64-bit; the upper half of a u64 (a seed) goes as decimal text. */
static json_t *u64_to_json(uint64_t value)
{
    if (value <= INT64_MAX) return json_integer((json_int_t)value);
    char text[24];
    snprintf(text, sizeof text, "%" PRIu64, value);
    return json_string(text);
}

static json_t *field_to_json(const struct field *field, const void *base)
{
    const char *at = (const char *)base + field->offset;
    switch (field->kind) {
    case KIND_unsigned:
        return json_integer(*(const unsigned *)(const void *)at);
    case KIND_int:
        return json_integer(*(const int *)(const void *)at);
    case KIND_u64:
        return u64_to_json(*(const uint64_t *)(const void *)at);
    case KIND_measure:
        return json_integer(*(const int64_t *)(const void *)at);
    case KIND_flag:
        return json_boolean(*(const bool *)(const void *)at);
    case KIND_text:
        return text_to_json(at);
    }
    return NULL;
}

static json_t *struct_to_json(const struct field *fields, const void *base)
{
    json_t *object = json_object();
    for (const struct field *field = fields; object && field->name; field++)
        if (json_object_set_new(object, field->name, field_to_json(field, base))) {
            json_decref(object);
            object = NULL;
        }
    return object;
}

static int text_from_json(const struct field *field, const json_t *json, char *at, struct reason *why)
{
    if (!json_is_string(json)) return reason_give(why, -EINVAL, "%s is not text", field->name);
    if (json_string_length(json) >= field->size)
        return reason_give(why, -EINVAL, "%s is longer than %zu bytes", field->name, field->size - 1);
    memset(at, 0, field->size);
    memcpy(at, json_string_value(json), json_string_length(json));
    return 0;
}

static int u64_from_json(const struct field *field, const json_t *json, uint64_t *value, struct reason *why)
{
    if (json_is_integer(json) && json_integer_value(json) >= 0) {
        *value = (uint64_t)json_integer_value(json);
        return 0;
    }
    const char *text = json_string_value(json);
    char *end = NULL;
    errno = 0;
    if (text && *text >= '0' && *text <= '9') *value = strtoull(text, &end, 10);
    if (!end || *end || errno)
        return reason_give(why, -EINVAL, "%s is not a whole number from 0 to 2^64-1", field->name);
    return 0;
}

static int integer_from_json(const struct field *field, const json_t *json, char *at, struct reason *why)
{
    if (!json_is_integer(json)) return reason_give(why, -EINVAL, "%s is not a whole number", field->name);
    json_int_t value = json_integer_value(json);
    if (field_store(field, value, at)) return 0;
    return reason_give(why, -EINVAL, "%s is %s: %lld", field->name,
                       field->kind == KIND_measure ? "negative" : "out of range", value);
}

static int field_from_json(const struct field *field, const json_t *json, void *base, struct reason *why)
{
    char *at = (char *)base + field->offset;
    if (!json) {
        if (field->need == MUST) return reason_give(why, -EINVAL, "%s is missing", field->name);
        memset(at, 0, field->size);
        if (field->kind == KIND_measure) *(int64_t *)(void *)at = -1;
        return 0;
    }
    switch (field->kind) {
    case KIND_text:
        return text_from_json(field, json, at, why);
    case KIND_u64:
        return u64_from_json(field, json, (uint64_t *)(void *)at, why);
    case KIND_flag:
        if (!json_is_boolean(json)) return reason_give(why, -EINVAL, "%s is not true or false", field->name);
        *(bool *)(void *)at = json_is_true(json);
        return 0;
    default:
        return integer_from_json(field, json, at, why);
    }
}

static int struct_from_json(const struct field *fields, const json_t *json, void *base, struct reason *why)
{
    if (!json_is_object(json)) return reason_give(why, -EINVAL, "not a JSON object");
    for (const struct field *field = fields; field->name; field++)
        if (field_from_json(field, json_object_get(json, field->name), base, why)) return -EINVAL;
    return 0;
}

/* A sample's arrays of structs. */
#define ARRAY(member, type, fields, counted)                                                                           \
    {#member, fields, sizeof(struct type), offsetof(struct sample, member), offsetof(struct sample, counted)}
static const struct field_array arrays[] = {ARRAY(workers, sample_worker, worker_fields, worker_count),
                                            ARRAY(lost, sample_lost, lost_fields, lost_count),
                                            ARRAY(latency, sample_bin, bin_fields, latency_count)};
enum { ARRAYS = sizeof arrays / sizeof *arrays };

/* Absent means none. */
static int array_from_json(const json_t *object, const struct field_array *kind, struct sample *sample,
                           struct reason *why)
{
    const char *key = kind->key;
    const json_t *array = json_object_get(object, key);
    if (!array) return 0;
    if (!json_is_array(array)) return reason_give(why, -EINVAL, "%s is not an array", key);
    size_t n = json_array_size(array);
    if (!n) return 0;
    char *made = calloc(n, kind->item_size);
    if (!made) return reason_give(why, -EINVAL, "no memory for %s", key);
    for (size_t i = 0; i < n; i++) {
        struct reason reason = {""};
        if (struct_from_json(kind->fields, json_array_get(array, i), made + i * kind->item_size, &reason)) {
            free(made);
            return reason_give(why, -EINVAL, "%s[%zu]: %s", key, i, reason.text);
        }
    }
    memcpy((char *)sample + kind->items, &made, sizeof made);
    *(unsigned *)(void *)((char *)sample + kind->count) = (unsigned)n;
    return 0;
}

static int array_to_json(json_t *object, const struct field_array *kind, const struct sample *sample)
{
    unsigned count = *(const unsigned *)(const void *)((const char *)sample + kind->count);
    const char *items;
    memcpy(&items, (const char *)sample + kind->items, sizeof items);
    if (!count) return 0;
    json_t *array = json_array();
    for (unsigned i = 0; array && i < count; i++)
        if (json_array_append_new(array, struct_to_json(kind->fields, items + i * kind->item_size))) {
            json_decref(array);
            return -ENOMEM;
        }
    return json_object_set_new(object, kind->key, array) ? -ENOMEM : 0;
}

json_t *cell_to_json(const struct cell *cell)
{
    return struct_to_json(cell_fields, cell);
}

int cell_from_json(const json_t *json, struct cell *cell, struct reason *why)
{
    struct cell made = {0};
    if (struct_from_json(cell_fields, json, &made, why)) return -EINVAL;
    if (!made.processes || !made.threads) return reason_give(why, -EINVAL, "processes and threads must be at least 1");
    if ((uint64_t)made.processes * made.threads > 1u << 20)
        return reason_give(why, -EINVAL, "processes x threads is beyond a million");
    *cell = made;
    return 0;
}

char *sample_to_json(const struct sample *sample)
{
    json_t *json = struct_to_json(sample_fields, sample);
    int status = json ? 0 : -ENOMEM;
    for (size_t i = 0; !status && i < ARRAYS; i++) status = array_to_json(json, &arrays[i], sample);
    char *line = status ? NULL : json_dumps(json, JSON_COMPACT);
    json_decref(json);
    return line;
}

/* What no single field shows. */
static int sample_check(const struct sample *sample, struct reason *why)
{
    static const char *const statuses[] = {"ok", "error", "timeout", "killed", "stopped"};
    size_t i = 0;
    while (i < sizeof statuses / sizeof *statuses && strcmp(statuses[i], sample->status)) i++;
    if (i == sizeof statuses / sizeof *statuses)
        return reason_give(why, -EINVAL, "status is '%s', not ok, error, timeout, killed or stopped", sample->status);
    if (!i && sample->wall_ns < 0) return reason_give(why, -EINVAL, "status is ok but there is no wall_ns");
    for (unsigned bin = 0; bin < sample->latency_count; bin++)
        if (sample->latency[bin].bin >= LATENCY_BINS ||
            (bin && sample->latency[bin].bin <= sample->latency[bin - 1].bin))
            return reason_give(why, -EINVAL, "latency[%u]: bins must rise and stay below %d", bin, LATENCY_BINS);
    return 0;
}

/* Any form of JSON, and what is wrong with it. */
static int sample_parse(const char *line, size_t length, struct sample *sample, struct reason *why)
{
    json_error_t error;
    json_t *json = json_loadb(line, length, JSON_REJECT_DUPLICATES, &error);
    if (!json) return reason_give(why, -EINVAL, "not JSON at column %d: %.120s", error.column, error.text);
    int status = struct_from_json(sample_fields, json, sample, why);
    for (size_t i = 0; !status && i < ARRAYS; i++) status = array_from_json(json, &arrays[i], sample, why);
    json_decref(json);
    return status;
}

struct sample sample_unmeasured(void)
{
    struct sample sample = {0};
    for (const struct field *field = sample_fields; field->name; field++)
        if (field->kind == KIND_measure) memset((char *)&sample + field->offset, 0xff, sizeof(int64_t)); /* -1 */
    return sample;
}

int sample_from_json(const char *line, size_t length, struct sample *sample, struct reason *why)
{
    struct sample made = {0};
    int status = 0;
    if (!sample_scan(line, length, sample_fields, arrays, ARRAYS, &made)) {
        sample_free(&made);
        made = (struct sample){0};
        status = sample_parse(line, length, &made, why);
    }
    if (!status) status = sample_check(&made, why);
    if (status) sample_free(&made);
    else *sample = made;
    return status;
}

void sample_free(struct sample *sample)
{
    free(sample->workers);
    free(sample->lost);
    free(sample->latency);
    sample->workers = NULL;
    sample->lost = NULL;
    sample->latency = NULL;
    sample->worker_count = sample->lost_count = sample->latency_count = 0;
}
