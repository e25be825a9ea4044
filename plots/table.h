/* SPDX-License-Identifier: GPL-3.0-or-later */
/* table.h: a table that is printed for a terminal, as Markdown, or as HTML that sorts.
 *
 *     struct table *table = table_new("Time", "all with chunk 1");
 *     table_column(table, "speed-up", "T_s/T_p", true);
 *     table_row(table);
 *     table_cell(table, 3.71, "%s", "3.71 [3.60, 3.82]");      // a key to sort by, and the text
 *
 * Running out of memory leaves the table short and table_broken true; printing it then is harmless.
 */
#ifndef BREAKEVEN_TABLE_H
#define BREAKEVEN_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct table;

struct table *table_new(const char *title, const char *note); /* NULL: no memory, accepted by all below */
void table_free(struct table *);
bool table_broken(const struct table *);
size_t table_rows(const struct table *);

void table_column(struct table *, const char *name, const char *meaning, bool numeric);
void table_row(struct table *);
/* The next cell of the newest row. key: what it sorts by in a numeric column; NAN sorts last. */
void table_cell(struct table *, double key, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* Marks the newest cell as doubtful or failed: coloured, and in words already. */
void table_mark(struct table *);
/* Leaves out each text column whose rows all say the same, and says so in the note ("All: placement spread"). */
void table_fold(struct table *);

/* Aligned columns; those that do not fit `width` (0: unlimited) follow in a second block with the first column again.
 */
void table_print_text(const struct table *, FILE *, unsigned width, bool colour);
void table_print_markdown(const struct table *, FILE *);
/* Of a long table the first rows, with a sentence that says so: a page is for reading. */
enum { TABLE_HTML_ROWS = 300 };
void table_print_html(const struct table *, FILE *, const char *id);

/* Text broken at blanks into lines of at most `width` columns (0: unlimited), each with `indent` blanks before it but
 * the first. */
void table_wrap(FILE *, const char *text, unsigned width, unsigned indent);

#endif
