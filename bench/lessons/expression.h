/* SPDX-License-Identifier: GPL-3.0-or-later */
/* expression.h: what a lesson says of a run's summary: names for values, and sentences with values in them.
 *
 *     at   = cell(runner = forkpool, workers = cpus)       the cell that fits all of it
 *     best = cell(runner = forkpool, least = wall_ns)      of several the one with the least (or most = ...) of a field
 *     gain = ratio(best, at, wall_ns)                      paired block by block, with its interval
 *     held = at.speedup >= 0.75 * cpus and gain <= 1.10    yes, no, or open where an interval holds the bound
 *     note = held ? "as said" : gain > 2 ? "twice" : ""
 *
 * Operators, from loose to tight: a ? b : c, or, and, not, < <= > >= ==, + -, * /, unary -. Functions: cell, ratio (of
 * wall_ns, start_ns or total_ns; wall_ns where none is named), median (without the interval), measured (of a cell).
 * Constants: yes, no, open. Fields of a cell: tasks, size, chunk, processes, threads, workers, suspect (its marks) and
 * the quantities of results/models/quantities.h. Texts in quotes and sentences put in values by {expression}: ratios
 * with their interval, durations and sizes without.
 *
 * A number times, plus or over a constant keeps its interval; one interval by another has none. A cell that was not
 * measured is no error: what is made of it is missing, and says which cell it was. A condition that is not "yes" takes
 * the second branch.
 */
#ifndef BREAKEVEN_EXPRESSION_H
#define BREAKEVEN_EXPRESSION_H

#include "kernels/reason.h"
#include "results/models/summary.h"

#include <stdbool.h>

enum expression_kind { EXPRESSION_MISSING, EXPRESSION_NUMBER, EXPRESSION_TRUTH, EXPRESSION_TEXT, EXPRESSION_CELL };
enum expression_truth { EXPRESSION_NO, EXPRESSION_YES, EXPRESSION_OPEN };

struct expression_value {
    enum expression_kind kind;
    enum expression_truth truth;
    struct quantity number; /* n = 0: a constant */
    const char *unit;       /* of the number, as in quantities.h; "count" of a constant */
    const char *text;       /* the text, or what is missing; the scope's */
    const struct cell_summary *cell;
};

/* Names and what they stand for; later ones may use earlier ones. Begins with the summary set and all else zero. */
struct expression_scope {
    const struct summary *summary;
    size_t name_count, text_count;
    struct expression_name {
        const char *name; /* the caller's */
        struct expression_value value;
    } * names;
    char **texts;
};
void expression_free(struct expression_scope *);

/* 0, or -EINVAL, -ENOMEM with `why`, which quotes the place. */
int expression_evaluate(struct expression_scope *, const char *text, struct expression_value *, struct reason *why);
int expression_define(struct expression_scope *, const char *name, const char *text, struct reason *why);
int expression_define_number(struct expression_scope *, const char *name, double number, struct reason *why);

/* A sentence with its values put in: a text, or what was missing. */
int expression_sentence(struct expression_scope *, const char *text, struct expression_value *, struct reason *why);

/* Inside: what the parts of the reader share: expression.c (sentences, names, calls, operators), expression_cells.c
 * (cells and their fields). */

struct parser {
    const char *at; /* what is to be read next */
    struct expression_scope *scope;
    struct reason *why;
    int error; /* of the first thing that went wrong; all that follows is void */
    unsigned depth;
};

/* Notes what went wrong, once, and ends the reading. A missing value. */
struct expression_value parser_fail(struct parser *, const char *what);

void parser_skip(struct parser *);                    /* blanks */
bool parser_take(struct parser *, const char *sign);  /* the sign or whole word, if it is next */
void parser_need(struct parser *, const char *sign);  /* ... fails if it is not */
void parser_word(struct parser *, char *word, size_t size);

struct expression_value parser_number(double);
struct expression_value parser_text(struct parser *, enum expression_kind, char *text); /* takes malloc'ed text over */

/* After "cell(": to its closing bracket. */
struct expression_value parser_cell(struct parser *);
struct expression_value parser_field(struct parser *, const struct cell_summary *, const char *name);
struct expression_value parser_ratio(struct parser *, const struct cell_summary *a, const struct cell_summary *b,
                                     const char *quantity);

struct expression_value parser_primary(struct parser *);
struct expression_value parser_logic(struct parser *); /* everything but ?: */

#endif
