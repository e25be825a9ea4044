/* SPDX-License-Identifier: GPL-3.0-or-later */
/* values.h: numbers, durations, sizes and lists as people type them, parsed strictly.
 *
 *     uint64_t ns;
 *     struct reason why;
 *     if (values_duration("10us", &ns, &why)) fprintf(stderr, "%s\n", why.text);
 *
 * The whole text must be the value: no sign, no exponent, no space, no unit missing or left over. A decimal point is
 * '.' whatever the locale. Each function returns 0, or -EINVAL (-ERANGE where the value is outside what is asked) with
 * one line in `why` that quotes the part that is wrong; outputs are untouched then.
 */
#ifndef BREAKEVEN_VALUES_H
#define BREAKEVEN_VALUES_H

#include "kernels/reason.h"

#include <stddef.h>
#include <stdint.h>

enum { VALUES_LIST_MAX = 4096 };

struct numbers { /* freed with values_numbers_free */
    size_t count;
    uint64_t *values;
};

struct names { /* freed with values_names_free; NULL after the last, like argv */
    size_t count;
    char **values;
};

/* Which numbers are taken, and how one is written. */
struct number_kind {
    int (*parse)(const char *text, uint64_t *value, struct reason *why);
    uint64_t min, max;
};

int values_count(const char *text, uint64_t *value, struct reason *why);    /* "0", "64": below 2^63 */
int values_duration(const char *text, uint64_t *ns, struct reason *why);    /* "10us", "1.5ms"; ns us ms s */
int values_size(const char *text, uint64_t *bytes, struct reason *why);     /* "4096B", "1.5MiB"; B KiB MiB GiB */
int values_percent(const char *text, double *fraction, struct reason *why); /* "2%" is 0.02; in (0, 1] */

/* One number of a kind, inside its bounds. */
int values_number(const char *text, const struct number_kind *, uint64_t *value, struct reason *why);

/* A list: parts divided by commas, each a number or a range: A..B (every whole number), A..B+S, A..B*F. No entry twice,
 * none reversed, at most VALUES_LIST_MAX of them. */
int values_numbers(const char *text, const struct number_kind *, struct numbers *, struct reason *why);
void values_numbers_free(struct numbers *);

/* Words divided by commas, none empty, none twice. */
int values_names(const char *text, struct names *, struct reason *why);
/* The same for placements, whose own lists hold commas: a part that starts with a digit continues an explicit list
 * before it: "none,core:0-3,5,close" are three. */
int values_placements(const char *text, struct names *, struct reason *why);
void values_names_free(struct names *);
/* Adds a copy of the first `length` bytes. 0, or -ENOMEM with `why`. */
int values_names_add(struct names *, const char *name, size_t length, struct reason *why);

/* What a mistyped word may have meant: offer it one word after the other; `nearest` is the nearest by edits so far, NULL
 * where none is near. */
struct values_guess {
    const char *text, *nearest;
    size_t distance;
};
void values_guess(struct values_guess *, const char *word);

/* The candidate nearest to `text` by edits, or NULL where none is near. candidate(i) is NULL after the last. */
const char *values_nearest(const char *text, const char *(*candidate)(size_t i));

/* A duration as people write it, in the largest unit that keeps it short: "10us", "1.5ms"; "-": not finite. */
void values_show_duration(double ns, char *text, size_t size);

#endif
