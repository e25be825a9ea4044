/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/base/values.h"

#include "results/models/summary_parts.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const uint64_t LIMIT = INT64_MAX; /* the record and JSON hold signed 64-bit numbers */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

int values_count(const char *text, uint64_t *value, struct reason *why)
{
    if (!*text) return reason_give(why, -EINVAL, "a number is missing: \"\"");
    uint64_t sum = 0;
    for (const char *c = text; *c; c++) {
        if (!is_digit(*c)) return reason_give(why, -EINVAL, "\"%.40s\" is not a whole number like 8", text);
        unsigned digit = (unsigned)(*c - '0');
        if (sum > (LIMIT - digit) / 10)
            return reason_give(why, -ERANGE, "\"%.40s\" is too large: 2^63 and beyond", text);
        sum = sum * 10 + digit;
    }
    *value = sum;
    return 0;
}

struct unit {
    const char *name;
    uint64_t scale;
};

/* Digits, perhaps '.' and digits, then one of the units. The fraction is kept exactly as long as it divides. */
static int parse_with_unit(const char *text, const struct unit *units, const char *example, uint64_t *value,
                           struct reason *why)
{
    char digits[48];
    size_t length = 0, decimals = 0;
    bool point = false;
    const char *c = text;
    for (; is_digit(*c) || (*c == '.' && !point && c != text && is_digit(c[1])); c++) {
        if (*c == '.') point = true;
        else if (length + 1 < sizeof digits) {
            digits[length++] = *c;
            if (point) decimals++;
        } else return reason_give(why, -ERANGE, "\"%.40s\" has too many digits", text);
    }
    if (!length) return reason_give(why, -EINVAL, "\"%.40s\" is not a value like %s", text, example);
    const struct unit *unit = units;
    while (unit->name && strcmp(unit->name, c)) unit++;
    if (!unit->name) {
        if (!*c) return reason_give(why, -EINVAL, "\"%.40s\" lacks its unit: write it like %s", text, example);
        return reason_give(why, -EINVAL, "\"%.40s\" is not a value like %s", text, example);
    }
    __extension__ unsigned __int128 sum = 0, divisor = 1;
    for (size_t i = 0; i < length; i++) {
        sum = sum * 10 + (unsigned)(digits[i] - '0');
        if (sum > (__extension__(unsigned __int128) 1 << 90))
            return reason_give(why, -ERANGE, "\"%.40s\" is too large or too fine", text);
    }
    for (size_t i = 0; i < decimals; i++) divisor *= 10;
    sum = sum * unit->scale / divisor;
    if (sum > LIMIT) return reason_give(why, -ERANGE, "\"%.40s\" is too large: 2^63 and beyond", text);
    *value = (uint64_t)sum;
    return 0;
}

int values_duration(const char *text, uint64_t *ns, struct reason *why)
{
    static const struct unit units[] = {{"ns", 1}, {"us", 1000}, {"ms", 1000000}, {"s", 1000000000}, {NULL, 0}};
    return parse_with_unit(text, units, "10us (ns, us, ms, s)", ns, why);
}

int values_size(const char *text, uint64_t *bytes, struct reason *why)
{
    static const struct unit units[] = {{"B", 1}, {"KiB", 1u << 10}, {"MiB", 1u << 20}, {"GiB", 1u << 30}, {NULL, 0}};
    return parse_with_unit(text, units, "64MiB (B, KiB, MiB, GiB)", bytes, why);
}

int values_percent(const char *text, double *fraction, struct reason *why)
{
    static const struct unit units[] = {{"%", 1000000}, {NULL, 0}};
    uint64_t millionths;
    int error = parse_with_unit(text, units, "2%", &millionths, why);
    if (error) return error;
    if (millionths == 0 || millionths > 100000000)
        return reason_give(why, -ERANGE, "\"%.40s\" is not above 0%% and up to 100%%", text);
    *fraction = (double)millionths / 1e8;
    return 0;
}

int values_number(const char *text, const struct number_kind *kind, uint64_t *value, struct reason *why)
{
    uint64_t parsed;
    int error = kind->parse(text, &parsed, why);
    if (error) return error;
    if (parsed < kind->min || parsed > kind->max) {
        if (parsed < kind->min && kind->min == 1) return reason_give(why, -ERANGE, "\"%.40s\" is not above 0", text);
        return reason_give(why, -ERANGE, "\"%.40s\" is outside %llu to %llu", text, (unsigned long long)kind->min,
                           (unsigned long long)kind->max);
    }
    *value = parsed;
    return 0;
}

static int append(struct numbers *list, uint64_t value, const char *part, struct reason *why)
{
    for (size_t i = 0; i < list->count; i++)
        if (list->values[i] == value) return reason_give(why, -EINVAL, "\"%.40s\" repeats an entry of the list", part);
    if (list->count == VALUES_LIST_MAX)
        return reason_give(why, -ERANGE, "\"%.40s\" makes more than %d entries: give a step, A..B*F or A..B+S", part,
                           VALUES_LIST_MAX);
    uint64_t *added = parts_append(&list->values, &list->count, sizeof *added);
    if (!added) return reason_give(why, -ENOMEM, "no memory for the list");
    *added = value;
    return 0;
}

/* part: "A..B", "A..B+S" or "A..B*F"; dots points at its "..". */
static int append_range(struct numbers *list, const char *part, const char *dots, const struct number_kind *kind,
                        struct reason *why)
{
    char first_text[64], last_text[64], whole[64];
    const char *step_text = dots + 2 + strcspn(dots + 2, "*+");
    snprintf(whole, sizeof whole, "%s", part);
    snprintf(first_text, sizeof first_text, "%.*s", (int)(dots - part), part);
    snprintf(last_text, sizeof last_text, "%.*s", (int)(step_text - dots - 2), dots + 2);
    uint64_t first = 0, last = 0, step = 1;
    int error = values_number(first_text, kind, &first, why);
    if (!error) error = values_number(last_text, kind, &last, why);
    if (error) return error;
    if (first > last) return reason_give(why, -EINVAL, "\"%.40s\" runs backwards: write the smaller end first", whole);
    bool times = *step_text == '*';
    if (*step_text) {
        error = times ? values_count(step_text + 1, &step, why) : kind->parse(step_text + 1, &step, why);
        if (error) return error;
        if (step < (times ? 2 : 1))
            return reason_give(why, -EINVAL, "\"%.40s\" never reaches its end: %s", whole,
                               times ? "the factor must be 2 or more" : "the step must be above 0");
    } else if (kind->parse != values_count) {
        return reason_give(why, -EINVAL, "\"%.40s\" needs a step: A..B*F or A..B+S", whole);
    }
    for (uint64_t value = first;;) {
        error = append(list, value, whole, why);
        if (error) return error;
        if (times ? value == 0 || value > last / step : step > last - value) return 0;
        value = times ? value * step : value + step;
    }
}

static int append_part(struct numbers *list, const char *part, const struct number_kind *kind, struct reason *why)
{
    const char *dots = strstr(part, "..");
    if (dots) return append_range(list, part, dots, kind, why);
    uint64_t value = 0;
    int error = values_number(part, kind, &value, why);
    return error ? error : append(list, value, part, why);
}

int values_numbers(const char *text, const struct number_kind *kind, struct numbers *numbers, struct reason *why)
{
    struct numbers list = {0};
    int error = 0;
    for (const char *part = text; !error;) {
        size_t length = strcspn(part, ",");
        char *copy = strndup(part, length);
        if (!copy) error = reason_give(why, -ENOMEM, "no memory for the list");
        else if (!length && *text) error = reason_give(why, -EINVAL, "\"%.40s\" has an empty entry", text);
        else error = append_part(&list, copy, kind, why);
        free(copy);
        if (!part[length]) break;
        part += length + 1;
    }
    if (error) {
        values_numbers_free(&list);
        return error;
    }
    *numbers = list;
    return 0;
}

void values_numbers_free(struct numbers *numbers)
{
    free(numbers->values);
    *numbers = (struct numbers){0};
}

int values_names_add(struct names *list, const char *name, size_t length, struct reason *why)
{
    char **grown = realloc(list->values, (list->count + 2) * sizeof *grown), *copy = strndup(name, length);
    if (grown) list->values = grown;
    if (!grown || !copy) {
        free(copy);
        return reason_give(why, -ENOMEM, "no memory for the list");
    }
    grown[list->count++] = copy;
    grown[list->count] = NULL;
    return 0;
}

static int append_name(struct names *list, const char *name, size_t length, struct reason *why)
{
    for (size_t i = 0; i < list->count; i++)
        if (strlen(list->values[i]) == length && !memcmp(list->values[i], name, length))
            return reason_give(why, -EINVAL, "\"%.*s\" is given twice", (int)length, name);
    if (list->count == VALUES_LIST_MAX) return reason_give(why, -ERANGE, "more than %d names", VALUES_LIST_MAX);
    return values_names_add(list, name, length, why);
}

/* One past the end of the name that starts at `part`. */
static const char *name_end(const char *part, bool placements)
{
    const char *end = part + strcspn(part, ",");
    bool list = is_digit(*part) || memchr(part, ':', (size_t)(end - part));
    while (placements && list && *end && is_digit(end[1])) end += 1 + strcspn(end + 1, ",");
    return end;
}

static int parse_names(const char *text, bool placements, struct names *names, struct reason *why)
{
    struct names list = {0};
    int error = 0;
    for (const char *part = text; !error;) {
        const char *end = name_end(part, placements);
        if (end == part)
            error =
                reason_give(why, -EINVAL, *text ? "\"%.80s\" has an empty name" : "a name is missing: \"%s\"", text);
        else error = append_name(&list, part, (size_t)(end - part), why);
        if (!*end) break;
        part = end + 1;
    }
    if (error) {
        values_names_free(&list);
        return error;
    }
    *names = list;
    return 0;
}

int values_names(const char *text, struct names *names, struct reason *why)
{
    return parse_names(text, false, names, why);
}

int values_placements(const char *text, struct names *names, struct reason *why)
{
    return parse_names(text, true, names, why);
}

void values_names_free(struct names *names)
{
    for (size_t i = 0; i < names->count; i++) free(names->values[i]);
    free(names->values);
    *names = (struct names){0};
}

/* Insertions, deletions, replacements and swaps of neighbours that turn a into b. Both at most 31 characters. */
static size_t edits(const char *a, const char *b)
{
    size_t rows = strlen(a), columns = strlen(b), d[32][32];
    for (size_t i = 0; i <= rows; i++) d[i][0] = i;
    for (size_t j = 0; j <= columns; j++) d[0][j] = j;
    for (size_t i = 1; i <= rows; i++)
        for (size_t j = 1; j <= columns; j++) {
            size_t best = d[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
            if (d[i - 1][j] + 1 < best) best = d[i - 1][j] + 1;
            if (d[i][j - 1] + 1 < best) best = d[i][j - 1] + 1;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && d[i - 2][j - 2] + 1 < best)
                best = d[i - 2][j - 2] + 1;
            d[i][j] = best;
        }
    return d[rows][columns];
}

void values_guess(struct values_guess *guess, const char *word)
{
    size_t length = strlen(guess->text), longest = strlen(word) > length ? strlen(word) : length;
    if (longest > 31) return;
    size_t distance = edits(guess->text, word);
    if (distance * 5 > longest * 2 && distance > 1) return; /* more than two fifths differ: no likeness */
    if (distance >= longest || (guess->nearest && distance >= guess->distance)) return;
    guess->nearest = word;
    guess->distance = distance;
}

const char *values_nearest(const char *text, const char *(*candidate)(size_t i))
{
    struct values_guess guess = {.text = text};
    for (size_t i = 0; candidate(i); i++) values_guess(&guess, candidate(i));
    return guess.nearest;
}

void values_show_duration(double ns, char *text, size_t size)
{
    char shown[PARTS_TEXT] = "- ";
    const char *blank = strchr(isfinite(ns) ? parts_duration(shown, ns) : shown, ' ');
    snprintf(text, size, "%.*s%s", (int)(blank - shown), shown, blank + 1);
}
