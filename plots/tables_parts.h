/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tables_parts.h: what the files that make tables share. Private to plots/. */
#ifndef BREAKEVEN_TABLES_PARTS_H
#define BREAKEVEN_TABLES_PARTS_H

#include "plots/format.h"
#include "plots/tables.h"

void tables_add_quantity(struct table *, const char *unit, struct quantity); /* the next cell: value and interval */
void tables_add_count(struct table *, uint64_t);
/* "openmp 4", "hybrid 2 x 4", "serial"; without processes the runner alone. */
void tables_team(char *out, size_t size, const struct cell *);
/* Runner, kernel, schedule and placement: the columns, and a new row with them. */
void tables_who_columns(struct table *);
void tables_add_who(struct table *, const struct cell *);

#endif
