/* SPDX-License-Identifier: GPL-3.0-or-later */
/* format.h: numbers and names as text, for figures, pages and tables. '.' is the decimal point as long as the program
 * leaves LC_NUMERIC alone. Results are returned by value: format_time(x).text lives to the end of the full expression.
 */
#ifndef BREAKEVEN_FORMAT_H
#define BREAKEVEN_FORMAT_H

#include "results/statistics/stats.h"

#include <stdint.h>
#include <stdio.h>

struct words {
    char text[96];
};

struct words format_time(double ns);       /* "12.3 us"; "-" for NAN, "never" for INFINITY */
struct words format_asked(uint64_t ns);    /* a duration somebody typed, exactly: "10 us", "2.5 ms" */
struct words format_number(double value);  /* three significant digits: "0.0123", "3.71", "61.2", "1234" */
struct words format_count(uint64_t count); /* "1 048 576" with narrow groups of three */
struct words format_bytes(double bytes);   /* "3.1 MiB" */
struct words format_share(double share);   /* 0.934 -> "93.4 %" */
struct words format_value(const char *unit, double value);             /* by the unit's name in quantities.h */
struct words format_range(const char *unit, struct quantity quantity); /* "[3.60, 3.82]", "none (n = 4)" */
/* "3.71 [3.60, 3.82]", or without an interval "3.71 (n = 4)". */
struct words format_quantity(const char *unit, struct quantity quantity);
struct words format_bound(const char *unit, struct quantity, bool bound); /* the same, or of an upper bound "at most 3.82", "at most 3.71 (n = 4)" */

/* Copies text as valid UTF-8 on one line: control characters become blanks, broken bytes '?'. Always ends out. */
void format_clean(char *out, size_t out_size, const char *text);
size_t format_columns(const char *text); /* how many columns valid UTF-8 takes, one a code point */

void format_html(FILE *, const char *text);    /* & < > " ' as entities, cleaned */
void format_html_letter(FILE *, char);         /* & < " alone, and what is no text as it is */
void format_gnuplot(FILE *, const char *text); /* a gnuplot string in single quotes, cleaned */
/* A column of a .dat file in double quotes. Quotes, <, >, & and backslash become look-alikes: the text ends up in
 * scripts of an SVG that do no escaping of their own. */
void format_datum(FILE *, const char *text);

#endif
