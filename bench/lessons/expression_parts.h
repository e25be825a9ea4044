/* SPDX-License-Identifier: GPL-3.0-or-later */
/* expression_parts.h: what the parts of the reader of expressions share: expression.c (sentences, names, calls,
 * operators), expression_cells.c (cells and their fields). */
#ifndef BREAKEVEN_EXPRESSION_PARTS_H
#define BREAKEVEN_EXPRESSION_PARTS_H

#include "bench/lessons/expression.h"

#include <stdbool.h>

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
