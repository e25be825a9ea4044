/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/lessons/expression.h"
#include "bench/lessons/expression_parts.h"

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

/* ---- sentences ---- */

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
    static const char *const truths[] = {"no", "yes", "open"};
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
    static const char *const truths[] = {[EXPRESSION_NO] = "no", [EXPRESSION_YES] = "yes", [EXPRESSION_OPEN] = "open"};
    for (size_t i = parser->scope->name_count; i > 0; i--)
        if (!strcmp(parser->scope->names[i - 1].name, name)) return parser->scope->names[i - 1].value;
    for (int i = EXPRESSION_NO; i <= EXPRESSION_OPEN; i++)
        if (!strcmp(truths[i], name))
            return (struct expression_value){.kind = EXPRESSION_TRUTH, .truth = (enum expression_truth)i};
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
    if (measured)
        return (struct expression_value){.kind = EXPRESSION_TRUTH,
                                         .truth = value.kind == EXPRESSION_MISSING ? EXPRESSION_NO : EXPRESSION_YES};
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
