/* SPDX-License-Identifier: GPL-3.0-or-later */
/* expression_cells: which cell is meant, what stands in it, and two of them block by block. */
#include "bench/lessons/expression.h"
#include "kernels/reason.h"
#include "results/summary/compare.h"

#include <math.h>
#include <stdlib.h>

/* ---- fields ---- */

static bool plain_field(const struct cell_summary *row, const char *name, double *number)
{
    const struct cell *cell = row->cell;
    const struct {
        const char *name;
        double number;
    } fields[] = {{"tasks", (double)cell->tasks},         {"size", (double)cell->size},
                  {"chunk", (double)cell->chunk},         {"processes", cell->processes},
                  {"threads", cell->threads},             {"workers", row->workers},
                  {"task_time_ns", (double)cell->task_time_ns}};
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        if (!strcmp(fields[i].name, name)) {
            *number = fields[i].number;
            return true;
        }
    return false;
}

struct expression_value parser_field(struct parser *parser, const struct cell_summary *row, const char *name)
{
    struct expression_value value = parser_number(0);
    if (!strcmp(name, "suspect"))
        return (struct expression_value){.kind = EXPRESSION_TEXT, .text = row->suspect};
    if (plain_field(row, name, &value.number.median)) {
        value.number.low = value.number.high = value.number.median;
        return value;
    }
    for (size_t i = 0; i < QUANTITIES; i++) {
        if (strcmp(quantity_kinds[i].name, name)) continue;
        value.number = row->quantity[i];
        value.unit = quantity_kinds[i].unit;
        if (value.number.n) return value;
        char *missing = NULL;
        if (asprintf(&missing, "%s of %s over %s", name, row->cell->label, row->cell->runner) < 0) missing = NULL;
        return parser_text(parser, EXPRESSION_MISSING, missing);
    }
    return parser_fail(parser, "a cell has no such field, before");
}

/* ---- which cell ---- */

/* A condition on a cell: a number of a field, or a word. */
struct condition {
    char key[24];
    struct expression_value wanted;
};

struct pick {
    size_t count, order_count;
    struct condition conditions[8];
    struct {
        char field[32];
        bool most;
    } orders[3];
    struct expression_value missing; /* of a condition's value; kind TEXT: none is */
};

static const char *word_of(const struct cell *cell, const char *key)
{
    if (!strcmp(key, "kernel")) return cell->label;
    if (!strcmp(key, "runner")) return cell->runner;
    if (!strcmp(key, "schedule")) return cell->schedule;
    return strcmp(key, "placement") ? NULL : cell->placement;
}

static bool fits(const struct cell_summary *row, const struct pick *pick)
{
    if (!row->samples || row->cell->duplicate != row->cell->id) return false;
    for (size_t i = 0; i < pick->count; i++) {
        const struct condition *condition = &pick->conditions[i];
        const char *word = word_of(row->cell, condition->key);
        double number = 0;
        if (word ? strcmp(word, condition->wanted.text) != 0
                 : !plain_field(row, condition->key, &number) || number != condition->wanted.number.median)
            return false;
    }
    return true;
}

/* Does `row` go before `best`, by the first order in which they differ? */
static bool goes_before(struct parser *parser, const struct pick *pick, const struct cell_summary *row,
                        const struct cell_summary *best)
{
    for (size_t i = 0; i < pick->order_count; i++) {
        double a = parser_field(parser, row, pick->orders[i].field).number.median;
        double b = parser_field(parser, best, pick->orders[i].field).number.median;
        if (a != b) return pick->orders[i].most ? a > b : a < b;
    }
    return false;
}

/* A bare word is a text here: runner = forkpool. */
static struct expression_value read_word(struct parser *parser)
{
    char word[40];
    parser_skip(parser);
    if (*parser->at == '"') return parser_primary(parser);
    parser_word(parser, word, sizeof word);
    return parser_text(parser, EXPRESSION_TEXT, strdup(word));
}

static void read_condition(struct parser *parser, struct pick *pick)
{
    static const struct cell nothing = {0};
    static const struct cell_summary no_row = {.cell = &nothing};
    struct condition condition;
    double ignored;
    parser_word(parser, condition.key, sizeof condition.key);
    parser_need(parser, "=");
    if (!strcmp(condition.key, "least") || !strcmp(condition.key, "most")) {
        if (pick->order_count == sizeof pick->orders / sizeof *pick->orders) {
            parser_fail(parser, "too many orders");
            return;
        }
        parser_word(parser, pick->orders[pick->order_count].field, sizeof pick->orders->field);
        pick->orders[pick->order_count++].most = !strcmp(condition.key, "most");
        return;
    }
    bool word = word_of(&nothing, condition.key);
    if (!word && !plain_field(&no_row, condition.key, &ignored)) {
        parser_fail(parser, "cells are not chosen by this");
        return;
    }
    condition.wanted = word ? read_word(parser) : parser_logic(parser);
    if (condition.wanted.kind == EXPRESSION_MISSING) pick->missing = condition.wanted;
    else if ((condition.wanted.kind == EXPRESSION_TEXT) != word) parser_fail(parser, "a cell cannot be chosen so");
    if (pick->count == sizeof pick->conditions / sizeof *pick->conditions) parser_fail(parser, "too many conditions");
    else pick->conditions[pick->count++] = condition;
}

static struct expression_value missing_cell(struct parser *parser, const struct pick *pick)
{
    char text[400] = "a cell";
    for (size_t i = 0; i < pick->count; i++) {
        const struct condition *condition = &pick->conditions[i];
        if (condition->wanted.kind == EXPRESSION_TEXT)
            text_add(text, sizeof text, "%s %s %s", i ? "," : " of", condition->key, condition->wanted.text);
        else
            text_add(text, sizeof text, "%s %s %.0f", i ? "," : " of", condition->key, condition->wanted.number.median);
    }
    return parser_text(parser, EXPRESSION_MISSING, strdup(text));
}

struct expression_value parser_cell(struct parser *parser)
{
    struct pick pick = {.missing = {.kind = EXPRESSION_TEXT}};
    const struct summary *summary = parser->scope->summary;
    const struct cell_summary *best = NULL;
    do read_condition(parser, &pick);
    while (!parser->error && parser_take(parser, ","));
    parser_need(parser, ")");
    if (pick.missing.kind == EXPRESSION_MISSING) return pick.missing;
    for (size_t i = 0; !parser->error && i < summary->cell_count; i++)
        if (fits(&summary->cells[i], &pick) && (!best || goes_before(parser, &pick, &summary->cells[i], best)))
            best = &summary->cells[i];
    if (!best) return missing_cell(parser, &pick);
    return (struct expression_value){.kind = EXPRESSION_CELL, .cell = best, .text = ""};
}

/* ---- two cells ---- */

/* A figure of a cell's good repetition in a block; NAN: there is none. */
static double figure_in(const struct run *run, const struct cell_summary *row, unsigned block,
                        enum compare_figure figure)
{
    double found = NAN;
    for (size_t i = 0; isnan(found) && i < run->sample_count; i++)
        if (run->samples[i].block == block && run->samples[i].cell == row->cell->id)
            found = compare_sample_ns(&run->samples[i], figure, 1);
    return found;
}

struct expression_value parser_ratio(struct parser *parser, const struct cell_summary *a, const struct cell_summary *b,
                                     const char *quantity)
{
    const struct run *run = parser->scope->summary->run;
    enum compare_figure figure = !strcmp(quantity, "wall_ns")    ? COMPARE_WALL
                                 : !strcmp(quantity, "start_ns") ? COMPARE_START
                                 : !strcmp(quantity, "total_ns") ? COMPARE_TOTAL
                                                                 : COMPARE_FIGURES;
    if (figure == COMPARE_FIGURES) return parser_fail(parser, "a ratio is of wall_ns, start_ns or total_ns, before");
    double *left = calloc(run->sample_count + 1, sizeof *left), *right = calloc(run->sample_count + 1, sizeof *right);
    struct expression_value value = {.kind = EXPRESSION_NUMBER, .unit = "ratio", .text = ""};
    size_t n = 0;
    if (!left || !right) parser_fail(parser, "no memory");
    for (size_t i = 0; left && right && i < run->sample_count; i++) {
        if (run->samples[i].cell != a->cell->id) continue;
        left[n] = compare_sample_ns(&run->samples[i], figure, 1);
        right[n++] = figure_in(run, b, run->samples[i].block, figure);
    }
    value.number = stats_ratio(left, right, n);
    if (!value.number.n) value = (struct expression_value){.text = "blocks in which both cells ran well"};
    free(left);
    free(right);
    return value;
}
