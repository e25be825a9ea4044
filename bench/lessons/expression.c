/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/lessons/expression.h"

#include "plots/format.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>

enum { DEPTH_MAX = 40 };

static struct expression_value parse_value(struct parser *parser);

/* ---- reading ---- */

struct expression_value parser_fail(struct parser *parser, const char *what)
{
    if (!parser->error) parser->error = reason_give(parser->why, -EINVAL, "%s, at \"%.40s\"", what, parser->at);
    parser->at = ""; /* nothing more is read */
    return (struct expression_value){.text = ""};
}

void parser_skip(struct parser *parser)
{
    while (isspace((unsigned char)*parser->at)) parser->at++;
}

bool parser_take(struct parser *parser, const char *sign)
{
    parser_skip(parser);
    size_t length = strlen(sign);
    if (strncmp(parser->at, sign, length)) return false;
    if (isalpha((unsigned char)*sign) && (isalnum((unsigned char)parser->at[length]) || parser->at[length] == '_'))
        return false;
    parser->at += length;
    return true;
}

void parser_need(struct parser *parser, const char *sign)
{
    char what[40];
    snprintf(what, sizeof what, "here belongs %s", sign);
    if (!parser_take(parser, sign)) parser_fail(parser, what);
}

void parser_word(struct parser *parser, char *word, size_t size)
{
    parser_skip(parser);
    size_t length = 0;
    while (isalnum((unsigned char)parser->at[length]) || parser->at[length] == '_') length++;
    if (!length || length >= size || isdigit((unsigned char)*parser->at)) {
        parser_fail(parser, "here belongs a name");
        length = 0;
    }
    memcpy(word, parser->at, length);
    word[length] = '\0';
    parser->at += length;
}

/* Keeps a text for as long as the scope lives; NULL where memory is short. */
static const char *keep(struct expression_scope *scope, char *text)
{
    char **grown = text ? realloc(scope->texts, (scope->text_count + 1) * sizeof *grown) : NULL;
    if (!grown) {
        free(text);
        return NULL;
    }
    scope->texts = grown;
    return grown[scope->text_count++] = text;
}

struct expression_value parser_text(struct parser *parser, enum expression_kind kind, char *text)
{
    const char *kept = keep(parser->scope, text);
    if (!kept && !parser->error) parser->error = reason_give(parser->why, -ENOMEM, "no memory");
    return (struct expression_value){.kind = kind, .text = kept ? kept : ""};
}

struct expression_value parser_number(double number)
{
    return (struct expression_value){
        .kind = EXPRESSION_NUMBER, .number = {number, number, number, 0}, .unit = "count", .text = ""};
}

static struct expression_value truth(enum expression_truth value)
{
    return (struct expression_value){.kind = EXPRESSION_TRUTH, .truth = value};
}

/* ---- sentences ---- */

static const char *const truths[] = {[EXPRESSION_NO] = "no", [EXPRESSION_YES] = "yes", [EXPRESSION_OPEN] = "open"};

static void show_number(FILE *out, const struct expression_value *value)
{
    double median = value->number.median;
    bool count = !strcmp(value->unit, "count"), ratio = !strcmp(value->unit, "ratio");
    if (count && median == floor(median)) fprintf(out, "%.0f", median);
    else if (count) fputs(format_number(median).text, out);
    else if (ratio && value->number.n) fputs(format_quantity("ratio", value->number).text, out);
    else fputs(format_value(value->unit, median).text, out);
}

static void show(FILE *out, const struct expression_value *value)
{
    if (value->kind == EXPRESSION_NUMBER) show_number(out, value);
    if (value->kind == EXPRESSION_TRUTH) fputs(truths[value->truth], out);
    if (value->kind == EXPRESSION_TEXT) fputs(value->text, out);
    if (value->kind == EXPRESSION_CELL) fputs(value->cell->cell->label, out);
}

/* Up to `end` at the end of the text or the next `stop` outside braces; 0: the whole text. */
static struct expression_value sentence(struct parser *parser, char stop)
{
    char *text = NULL;
    size_t size = 0;
    struct expression_value missing = {.kind = EXPRESSION_TEXT};
    FILE *out = open_memstream(&text, &size);
    if (!out) return parser_fail(parser, "no memory");
    while (*parser->at && *parser->at != stop) {
        if (*parser->at != '{') {
            fputc(*parser->at++, out);
            continue;
        }
        parser->at++;
        struct expression_value value = parse_value(parser);
        parser_need(parser, "}");
        if (value.kind == EXPRESSION_MISSING) missing = value;
        else show(out, &value);
    }
    if (fclose(out)) return parser_fail(parser, "no memory");
    struct expression_value made = parser_text(parser, EXPRESSION_TEXT, text);
    if (stop && *parser->at != stop) return parser_fail(parser, "a text does not end");
    if (stop) parser->at++;
    return missing.kind == EXPRESSION_MISSING ? missing : made;
}

/* ---- values ---- */

static struct expression_value named(struct parser *parser, const char *name)
{
    for (size_t i = parser->scope->name_count; i > 0; i--)
        if (!strcmp(parser->scope->names[i - 1].name, name)) return parser->scope->names[i - 1].value;
    for (int i = EXPRESSION_NO; i <= EXPRESSION_OPEN; i++)
        if (!strcmp(truths[i], name)) return truth((enum expression_truth)i);
    char what[80];
    snprintf(what, sizeof what, "nothing above is named %.40s", name);
    return parser_fail(parser, what);
}

static struct expression_value cell_of(struct parser *parser)
{
    struct expression_value value = parse_value(parser);
    if (value.kind != EXPRESSION_CELL && value.kind != EXPRESSION_MISSING) return parser_fail(parser, "this is no cell");
    return value;
}

static struct expression_value call_ratio(struct parser *parser)
{
    char quantity[32] = "wall_ns";
    struct expression_value a = cell_of(parser);
    parser_need(parser, ",");
    struct expression_value b = cell_of(parser);
    if (parser_take(parser, ",")) parser_word(parser, quantity, sizeof quantity);
    parser_need(parser, ")");
    if (parser->error || a.kind == EXPRESSION_MISSING) return a;
    return b.kind == EXPRESSION_MISSING ? b : parser_ratio(parser, a.cell, b.cell, quantity);
}

static struct expression_value call(struct parser *parser, const char *function)
{
    if (!strcmp(function, "cell")) return parser_cell(parser);
    if (!strcmp(function, "ratio")) return call_ratio(parser);
    bool measured = !strcmp(function, "measured");
    if (!measured && strcmp(function, "median"))
        return parser_fail(parser, "the functions are cell, ratio, median and measured");
    struct expression_value value = parse_value(parser);
    parser_need(parser, ")");
    if (measured) return truth(value.kind == EXPRESSION_MISSING ? EXPRESSION_NO : EXPRESSION_YES);
    if (value.kind == EXPRESSION_NUMBER)
        value.number = (struct quantity){value.number.median, value.number.median, value.number.median, 0};
    return value;
}

struct expression_value parser_primary(struct parser *parser)
{
    char word[40];
    struct expression_value value;
    parser_skip(parser);
    if (parser_take(parser, "\"")) return sentence(parser, '"');
    if (parser_take(parser, "(")) {
        value = parse_value(parser);
        parser_need(parser, ")");
    } else if (isdigit((unsigned char)*parser->at)) {
        char *end;
        value = parser_number(strtod(parser->at, &end)); /* LC_NUMERIC stays "C" */
        parser->at = end;
        return value;
    } else {
        parser_word(parser, word, sizeof word);
        if (parser->error) return (struct expression_value){.text = ""};
        value = parser_take(parser, "(") ? call(parser, word) : named(parser, word);
    }
    while (!parser->error && parser_take(parser, ".")) {
        parser_word(parser, word, sizeof word);
        if (value.kind == EXPRESSION_CELL) value = parser_field(parser, value.cell, word);
        else if (value.kind != EXPRESSION_MISSING) value = parser_fail(parser, "only cells have fields");
    }
    return value;
}

/* cond ? a : b: what is not "yes", an empty text among it, is b. */
static struct expression_value parse_value(struct parser *parser)
{
    if (++parser->depth > DEPTH_MAX) return parser_fail(parser, "too deep");
    struct expression_value value = parser_logic(parser);
    if (parser_take(parser, "?")) {
        bool yes = value.kind == EXPRESSION_TRUTH  ? value.truth == EXPRESSION_YES
                   : value.kind == EXPRESSION_TEXT ? *value.text != '\0'
                                                   : false;
        bool missing = value.kind == EXPRESSION_MISSING;
        struct expression_value first = parse_value(parser);
        parser_need(parser, ":");
        struct expression_value second = parse_value(parser);
        if (!missing) value = yes ? first : second;
    }
    parser->depth--;
    return value;
}

/* ---- operators on numbers with intervals, and on yes, no and open (Kleene's three values) ---- */

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

/* ---- the scope ---- */

static int finish(struct parser *parser, struct expression_value made, struct expression_value *value)
{
    parser_skip(parser);
    if (*parser->at) parser_fail(parser, "here is too much");
    if (!parser->error) *value = made;
    return parser->error;
}

int expression_evaluate(struct expression_scope *scope, const char *text, struct expression_value *value,
                        struct reason *why)
{
    struct parser parser = {.at = text, .scope = scope, .why = why};
    return finish(&parser, parse_value(&parser), value);
}

int expression_sentence(struct expression_scope *scope, const char *text, struct expression_value *value,
                        struct reason *why)
{
    struct parser parser = {.at = text, .scope = scope, .why = why};
    return finish(&parser, sentence(&parser, '\0'), value);
}

static int define(struct expression_scope *scope, const char *name, struct expression_value value, struct reason *why)
{
    struct expression_name *grown = realloc(scope->names, (scope->name_count + 1) * sizeof *grown);
    if (!grown) return reason_give(why, -ENOMEM, "no memory");
    scope->names = grown;
    grown[scope->name_count++] = (struct expression_name){name, value};
    return 0;
}

int expression_define(struct expression_scope *scope, const char *name, const char *text, struct reason *why)
{
    struct expression_value value;
    int error = expression_evaluate(scope, text, &value, why);
    return error ? error : define(scope, name, value, why);
}

int expression_define_number(struct expression_scope *scope, const char *name, double number, struct reason *why)
{
    return define(scope, name, parser_number(number), why);
}

void expression_free(struct expression_scope *scope)
{
    for (size_t i = 0; i < scope->text_count; i++) free(scope->texts[i]);
    free(scope->texts);
    free(scope->names);
    *scope = (struct expression_scope){.summary = scope->summary};
}
