/* SPDX-License-Identifier: GPL-3.0-or-later */
/* format.c: numbers and names as text. */
#include "plots/format.h"

#include <math.h>
#include <string.h>

struct words format_number(double value)
{
    struct words out;
    double size = fabs(value);
    if (isnan(value)) snprintf(out.text, sizeof out.text, "-");
    else if (isinf(value)) snprintf(out.text, sizeof out.text, value > 0 ? "never" : "-");
    else if (size >= 1e7 || (size > 0 && size < 1e-4)) snprintf(out.text, sizeof out.text, "%.2e", value);
    else {
        int digits = size >= 99.95 || size == 0 ? 0 : size >= 9.995 ? 1 : size >= 0.9995 ? 2 : size >= 0.09995 ? 3 : 4;
        snprintf(out.text, sizeof out.text, "%.*f", digits, value);
    }
    return out;
}

static struct words scaled(double value, const double *steps, const char *const *names)
{
    struct words out, number;
    if (!isfinite(value)) return format_number(value);
    size_t at = 0;
    while (steps[at + 1] > 0 && fabs(value) >= 0.9995 * steps[at + 1]) at++;
    number = format_number(value / steps[at]);
    snprintf(out.text, sizeof out.text, "%.60s %s", number.text, names[at]);
    return out;
}

static const double time_steps[] = {1, 1e3, 1e6, 1e9, 0};
static const char *const time_names[] = {"ns", "us", "ms", "s"};

struct words format_time(double ns)
{
    return scaled(ns, time_steps, time_names);
}

struct words format_asked(uint64_t ns)
{
    struct words out;
    size_t at = 0;
    while (time_steps[at + 1] > 0 && (double)ns >= time_steps[at + 1]) at++;
    snprintf(out.text, sizeof out.text, "%.10g %s", (double)ns / time_steps[at], time_names[at]);
    return out;
}

struct words format_bytes(double bytes)
{
    static const double steps[] = {1, 1024., 1024. * 1024, 1024. * 1024 * 1024, 0};
    static const char *const names[] = {"B", "KiB", "MiB", "GiB"};
    return scaled(bytes, steps, names);
}

struct words format_count(uint64_t count)
{
    struct words out;
    char digits[24];
    int length = snprintf(digits, sizeof digits, "%llu", (unsigned long long)count);
    size_t at = 0;
    for (int i = 0; i < length; i++) {
        if (i && length > 4 && (length - i) % 3 == 0) out.text[at++] = ' ';
        out.text[at++] = digits[i];
    }
    out.text[at] = 0;
    return out;
}

struct words format_share(double share)
{
    struct words out;
    if (!isfinite(share)) return format_number(share);
    snprintf(out.text, sizeof out.text, "%.1f %%", 100 * share);
    return out;
}

struct words format_value(const char *unit, double value)
{
    if (!strcmp(unit, "ns")) return format_time(value);
    if (!strcmp(unit, "bytes")) return format_bytes(value);
    if (!strcmp(unit, "count") && value >= 0 && value < 1e15) return format_count((uint64_t)(value + 0.5));
    return format_number(value);
}

struct words format_range(const char *unit, struct quantity quantity)
{
    struct words out;
    if (quantity.n == 0) snprintf(out.text, sizeof out.text, "-");
    else if (isnan(quantity.low)) snprintf(out.text, sizeof out.text, "none (n = %zu)", quantity.n);
    else
        snprintf(out.text, sizeof out.text, "[%.40s, %.40s]", format_value(unit, quantity.low).text,
                 format_value(unit, quantity.high).text);
    return out;
}

struct words format_quantity(const char *unit, struct quantity quantity)
{
    struct words out, value = format_value(unit, quantity.median);
    if (isnan(quantity.median)) return value;
    if (isnan(quantity.low)) snprintf(out.text, sizeof out.text, "%.30s (n = %zu)", value.text, quantity.n);
    else snprintf(out.text, sizeof out.text, "%.30s %.60s", value.text, format_range(unit, quantity).text);
    return out;
}

struct words format_bound(const char *unit, struct quantity quantity, bool bound)
{
    struct words out;
    if (!bound) return format_quantity(unit, quantity);
    if (isinf(quantity.high)) snprintf(out.text, sizeof out.text, "not resolved");
    else if (isnan(quantity.high)) snprintf(out.text, sizeof out.text, "at most %.60s", format_quantity(unit, quantity).text);
    else snprintf(out.text, sizeof out.text, "at most %.60s", format_value(unit, quantity.high).text);
    return out;
}

/* Length of the well-formed UTF-8 sequence at `text`, 0 where it is broken (RFC 3629: no overlong forms, no
 * surrogates). */
static size_t sequence(const unsigned char *text)
{
    unsigned char lead = text[0], low = 0x80, high = 0xbf;
    size_t length = lead < 0x80                   ? 1
                    : lead >= 0xc2 && lead < 0xe0 ? 2
                    : (lead & 0xf0) == 0xe0       ? 3
                    : lead >= 0xf0 && lead < 0xf5 ? 4
                                                  : 0;
    if (lead == 0xe0) low = 0xa0;
    if (lead == 0xed) high = 0x9f;
    if (lead == 0xf0) low = 0x90;
    if (lead == 0xf4) high = 0x8f;
    for (size_t i = 1; i < length; i++) {
        if (text[i] < low || text[i] > high) return 0;
        low = 0x80, high = 0xbf;
    }
    return length;
}

void format_clean(char *out, size_t out_size, const char *text)
{
    const unsigned char *from = (const unsigned char *)text;
    size_t at = 0;
    while (*from && out_size > 0) {
        size_t length = sequence(from);
        if (at + (length ? length : 1) >= out_size) break;
        if (length == 0) out[at++] = '?', from++;
        else if (length == 1) out[at++] = *from < 0x20 || *from == 0x7f ? ' ' : (char)*from, from++;
        /* C1 control characters, and U+FFFE and U+FFFF, which XML forbids */
        else if ((from[0] == 0xc2 && from[1] < 0xa0) || (from[0] == 0xef && from[1] == 0xbf && from[2] >= 0xbe))
            out[at++] = '?', from += length;
        else memcpy(out + at, from, length), at += length, from += length;
    }
    if (out_size > 0) out[at] = 0;
}

size_t format_columns(const char *text)
{
    size_t columns = 0;
    for (; *text; text++) columns += ((unsigned char)*text & 0xc0) != 0x80;
    return columns;
}

static void put_letter(FILE *out, char letter, const char *from, const char *const *to)
{
    const char *found = letter ? strchr(from, letter) : NULL;
    if (found) fputs(to[found - from], out);
    else putc(letter, out);
}

static void cleaned(FILE *out, const char *text, const char *from, const char *const *to)
{
    char clean[4096];
    format_clean(clean, sizeof clean, text);
    for (const char *at = clean; *at; at++) put_letter(out, *at, from, to);
}

static const char *const html_entities[] = {"&amp;", "&lt;", "&quot;", "&gt;", "&#39;"};

void format_html(FILE *out, const char *text)
{
    cleaned(out, text, "&<\">'", html_entities);
}

void format_html_letter(FILE *out, char letter)
{
    put_letter(out, letter, "&<\"", html_entities);
}

/* In UTF-8 gnuplot makes a character of \U+xxxx in any text: a blank breaks it up. */
void format_gnuplot(FILE *out, const char *text)
{
    static const char *const to[] = {"''"};
    putc('\'', out);
    for (const char *next; (next = strstr(text, "\\U+")); text = next + 2) {
        char before[4096];
        snprintf(before, sizeof before, "%.*s", (int)(next + 2 - text), text);
        cleaned(out, before, "'", to);
        putc(' ', out);
    }
    cleaned(out, text, "'", to);
    putc('\'', out);
}

void format_datum(FILE *out, const char *text)
{
    static const char *const to[] = {"\xe2\x80\x9d", "\xe2\x80\x99", "\xe2\x80\xb9", "\xe2\x80\xba", "+", "/"};
    putc('"', out);
    cleaned(out, text, "\"'<>&\\", to);
    putc('"', out);
}
