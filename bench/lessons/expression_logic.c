/* SPDX-License-Identifier: GPL-3.0-or-later */
/* expression_logic: operators on numbers with intervals, and on yes, no and open (Kleene's three values). */
#include "bench/lessons/expression_parts.h"

#include <math.h>

static struct expression_value truth(enum expression_truth value)
{
    return (struct expression_value){.kind = EXPRESSION_TRUTH, .truth = value};
}

static bool both_are(const struct expression_value *a, const struct expression_value *b, enum expression_kind kind)
{
    return a->kind == kind && b->kind == kind;
}

/* The missing one of two; NULL: none is. */
static const struct expression_value *missing(const struct expression_value *a, const struct expression_value *b)
{
    return a->kind == EXPRESSION_MISSING ? a : b->kind == EXPRESSION_MISSING ? b : NULL;
}

static double apply(char sign, double a, double b)
{
    return sign == '+' ? a + b : sign == '-' ? a - b : sign == '*' ? a * b : a / b;
}

/* Two constants, or one and a measured number, keep the interval; of two measured ones the ends say nothing. */
static struct expression_value arithmetic(struct parser *parser, char sign, struct expression_value a,
                                          struct expression_value b)
{
    if (parser->error || missing(&a, &b)) return parser->error ? a : *missing(&a, &b);
    if (!both_are(&a, &b, EXPRESSION_NUMBER)) return parser_fail(parser, "only numbers are reckoned with");
    struct quantity x = a.number, y = b.number, made = {.n = x.n ? x.n : y.n};
    double one = apply(sign, x.low, y.n ? y.high : y.low), other = apply(sign, x.high, y.low);
    if (!y.n || sign == '+' || sign == '*') one = apply(sign, x.low, y.low), other = apply(sign, x.high, y.high);
    made.median = apply(sign, x.median, y.median);
    made.low = x.n && y.n ? NAN : fmin(one, other);
    made.high = x.n && y.n ? NAN : fmax(one, other);
    const char *unit = !strcmp(a.unit, "count") ? b.unit : a.unit;
    if (sign == '/' && !strcmp(a.unit, b.unit) && strcmp(a.unit, "count")) unit = "ratio";
    return (struct expression_value){.kind = EXPRESSION_NUMBER, .number = made, .unit = unit, .text = ""};
}

/* yes where the whole interval lies on one side, no on the other. */
static enum expression_truth above(struct quantity a, struct quantity b, bool or_equal)
{
    if (isnan(a.low) || isnan(b.low)) return EXPRESSION_OPEN;
    if (or_equal) return a.low >= b.high ? EXPRESSION_YES : a.high < b.low ? EXPRESSION_NO : EXPRESSION_OPEN;
    return a.low > b.high ? EXPRESSION_YES : a.high <= b.low ? EXPRESSION_NO : EXPRESSION_OPEN;
}

static struct expression_value compare(struct parser *parser, const char *sign, struct expression_value a,
                                       struct expression_value b)
{
    if (parser->error || missing(&a, &b)) return parser->error ? a : *missing(&a, &b);
    bool equal = !strcmp(sign, "==");
    if (equal && both_are(&a, &b, EXPRESSION_TEXT)) return truth(!strcmp(a.text, b.text));
    if (equal && both_are(&a, &b, EXPRESSION_CELL)) return truth(a.cell == b.cell);
    if (equal && both_are(&a, &b, EXPRESSION_TRUTH)) return truth(a.truth == b.truth);
    if (!both_are(&a, &b, EXPRESSION_NUMBER)) return parser_fail(parser, "these two cannot be compared");
    if (equal) return truth(a.number.median == b.number.median);
    return truth(*sign == '>' ? above(a.number, b.number, sign[1]) : above(b.number, a.number, sign[1]));
}

static struct expression_value product(struct parser *parser)
{
    if (parser_take(parser, "-")) return arithmetic(parser, '-', parser_number(0), parser_primary(parser));
    struct expression_value value = parser_primary(parser);
    for (;;) {
        char sign = parser_take(parser, "*") ? '*' : parser_take(parser, "/") ? '/' : '\0';
        if (!sign) return value;
        value = arithmetic(parser, sign, value, parser_primary(parser));
    }
}

static struct expression_value sum(struct parser *parser)
{
    struct expression_value value = product(parser);
    for (;;) {
        char sign = parser_take(parser, "+") ? '+' : parser_take(parser, "-") ? '-' : '\0';
        if (!sign) return value;
        value = arithmetic(parser, sign, value, product(parser));
    }
}

static struct expression_value comparison(struct parser *parser)
{
    static const char *const signs[] = {"<=", ">=", "==", "<", ">"};
    struct expression_value value = sum(parser);
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
        if (parser_take(parser, signs[i])) return compare(parser, signs[i], value, sum(parser));
    return value;
}

static struct expression_value negation(struct parser *parser)
{
    if (!parser_take(parser, "not")) return comparison(parser);
    struct expression_value value = comparison(parser);
    if (value.kind == EXPRESSION_MISSING) return value;
    if (value.kind != EXPRESSION_TRUTH) return parser_fail(parser, "not belongs before a comparison");
    static const enum expression_truth turned[] = {
        [EXPRESSION_NO] = EXPRESSION_YES, [EXPRESSION_YES] = EXPRESSION_NO, [EXPRESSION_OPEN] = EXPRESSION_OPEN};
    return truth(turned[value.truth]);
}

/* `decides`: the value that settles it whatever the other is. */
static struct expression_value join(struct parser *parser, struct expression_value a, struct expression_value b,
                                    enum expression_truth decides)
{
    if (parser->error || missing(&a, &b)) return parser->error ? a : *missing(&a, &b);
    if (!both_are(&a, &b, EXPRESSION_TRUTH)) return parser_fail(parser, "and, or join comparisons");
    if (a.truth == decides || b.truth == decides) return truth(decides);
    return a.truth == EXPRESSION_OPEN ? a : b;
}

static struct expression_value conjunction(struct parser *parser)
{
    struct expression_value value = negation(parser);
    while (parser_take(parser, "and")) value = join(parser, value, negation(parser), EXPRESSION_NO);
    return value;
}

struct expression_value parser_logic(struct parser *parser)
{
    struct expression_value value = conjunction(parser);
    while (parser_take(parser, "or")) value = join(parser, value, conjunction(parser), EXPRESSION_YES);
    return value;
}
