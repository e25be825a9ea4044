/* SPDX-License-Identifier: GPL-3.0-or-later */
/* table.c: tables for terminals, Markdown and HTML. */
#include "plots/table.h"
#include "plots/format.h"
#include "results/models/summary_parts.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { COLUMNS = 24, GAP = 2 };

struct cell_text {
    char *text;
    double key;
    bool marked;
};

struct table {
    char *title, *note;
    struct {
        char *name, *meaning;
        bool numeric, hidden;
    } columns[COLUMNS];
    size_t column_count, row_count, next; /* next: column of the next cell */
    struct cell_text (*rows)[COLUMNS];
    bool broken;
};

static char *copy(struct table *table, const char *text)
{
    size_t size = strlen(text) + 1;
    char *clean = malloc(size);
    if (clean) format_clean(clean, size, text);
    else table->broken = true;
    return clean;
}

static const char *shown(const char *text)
{
    return text ? text : "";
}

struct table *table_new(const char *title, const char *note)
{
    struct table *table = calloc(1, sizeof *table);
    if (!table) return NULL;
    table->title = copy(table, title);
    table->note = copy(table, note);
    return table;
}

void table_free(struct table *table)
{
    if (!table) return;
    for (size_t r = 0; r < table->row_count; r++)
        for (size_t c = 0; c < COLUMNS; c++) free(table->rows[r][c].text);
    for (size_t c = 0; c < table->column_count; c++) {
        free(table->columns[c].name);
        free(table->columns[c].meaning);
    }
    free(table->rows);
    free(table->title);
    free(table->note);
    free(table);
}

bool table_broken(const struct table *table)
{
    return !table || table->broken;
}

size_t table_rows(const struct table *table)
{
    return table ? table->row_count : 0;
}

void table_column(struct table *table, const char *name, const char *meaning, bool numeric)
{
    if (!table || table->column_count == COLUMNS) return;
    size_t at = table->column_count++;
    table->columns[at].name = copy(table, name);
    table->columns[at].meaning = copy(table, meaning);
    table->columns[at].numeric = numeric;
}

void table_row(struct table *table)
{
    if (!table || table->broken) return;
    if (!parts_append(&table->rows, &table->row_count, sizeof *table->rows)) table->broken = true;
    table->next = 0;
}

void table_cell(struct table *table, double key, const char *format, ...)
{
    char *text;
    va_list list;
    if (!table || table->broken || !table->row_count || table->next == table->column_count) return;
    va_start(list, format);
    int length = vasprintf(&text, format, list);
    va_end(list);
    if (length < 0) {
        table->broken = true;
        return;
    }
    struct cell_text *cell = &table->rows[table->row_count - 1][table->next++];
    cell->text = copy(table, text);
    cell->key = key;
    free(text);
}

void table_mark(struct table *table)
{
    if (table && table->row_count && table->next) table->rows[table->row_count - 1][table->next - 1].marked = true;
}

void table_fold(struct table *table)
{
    char *note = NULL;
    size_t size, folded = 0;
    if (table_broken(table) || table->row_count < 2) return;
    FILE *out = open_memstream(&note, &size);
    if (!out) return;
    fputs(shown(table->note), out);
    for (size_t c = 1; c < table->column_count; c++) {
        bool same = !table->columns[c].numeric;
        for (size_t r = 1; r < table->row_count && same; r++)
            same = !strcmp(shown(table->rows[r][c].text), shown(table->rows[0][c].text));
        if (!same) continue;
        table->columns[c].hidden = true;
        const char *text = shown(table->rows[0][c].text);
        if (text[0])
            fprintf(out, "%s%s %s",
                    folded++         ? ", "
                    : table->note[0] ? " All: "
                                     : "All: ",
                    table->columns[c].name, text);
    }
    if (folded) putc('.', out);
    if (fclose(out)) return free(note);
    free(table->note);
    table->note = note;
}

/* ---- terminal ---- */

void table_wrap(FILE *out, const char *text, unsigned width, unsigned indent)
{
    size_t column = 0;
    while (*text) {
        text += strspn(text, " \n");
        size_t length = strcspn(text, " \n"), columns = 0;
        for (size_t i = 0; i < length; i++) columns += ((unsigned char)text[i] & 0xc0) != 0x80;
        if (column && width && column + 1 + columns > width) {
            fprintf(out, "\n%*s", (int)indent, "");
            column = indent;
        } else if (column) {
            putc(' ', out);
            column++;
        }
        fwrite(text, 1, length, out);
        column += columns;
        text += length;
    }
    putc('\n', out);
}

static size_t column_width(const struct table *table, size_t c)
{
    size_t widest = format_columns(shown(table->columns[c].name));
    for (size_t r = 0; r < table->row_count; r++) {
        size_t width = format_columns(shown(table->rows[r][c].text));
        if (width > widest) widest = width;
    }
    return widest;
}

/* Text padded to `width` columns, on the left of numbers. Blanks are owed to the next text, so that none end a line. */
static void print_padded(FILE *out, const char *text, size_t width, bool numeric, size_t *owed, const char *colour)
{
    size_t pad = width - format_columns(text);
    if (numeric) *owed += pad;
    if (text[0]) {
        fprintf(out, "%*s%s%s%s", (int)*owed, "", colour, text, *colour ? "\033[0m" : "");
        *owed = 0;
    }
    if (!numeric) *owed += pad;
}

static void print_block(const struct table *table, FILE *out, const bool *in, bool colour)
{
    for (size_t r = 0; r <= table->row_count; r++) {
        size_t owed = 0;
        for (size_t c = 0; c < table->column_count; c++) {
            if (!in[c]) continue;
            const struct cell_text *cell = r ? &table->rows[r - 1][c] : NULL;
            bool mark = colour && (!r || cell->marked);
            if (c) owed += GAP;
            print_padded(out, shown(r ? cell->text : table->columns[c].name), column_width(table, c),
                         table->columns[c].numeric, &owed,
                         !mark ? ""
                         : r   ? "\033[31m"
                               : "\033[1m");
        }
        putc('\n', out);
    }
}

void table_print_text(const struct table *table, FILE *out, unsigned width, bool colour)
{
    if (!table || !table->row_count) return;
    fprintf(out, "%s%s%s\n", colour ? "\033[1m" : "", shown(table->title), colour ? "\033[0m" : "");
    if (shown(table->note)[0]) table_wrap(out, table->note, width, 0);
    for (size_t c = 0; c < table->column_count;) {
        bool in[COLUMNS] = {[0] = true};
        size_t used = column_width(table, 0), taken = 0;
        for (; c < table->column_count; c++) {
            size_t more = GAP + column_width(table, c);
            if (c == 0 || table->columns[c].hidden) continue;
            if (width && taken && used + more > width) break;
            in[c] = true;
            used += more;
            taken++;
        }
        putc('\n', out);
        print_block(table, out, in, colour);
    }
    putc('\n', out);
}

/* ---- Markdown ---- */

static void print_markdown_text(FILE *out, const char *text)
{
    for (; *text; text++) {
        if (strchr("\\|`*_<>[]", *text)) putc('\\', out);
        putc(*text, out);
    }
}

void table_print_markdown(const struct table *table, FILE *out)
{
    if (!table || !table->row_count) return;
    fputs("## ", out);
    print_markdown_text(out, shown(table->title));
    fputs("\n\n", out);
    if (shown(table->note)[0]) {
        print_markdown_text(out, table->note);
        fputs("\n\n", out);
    }
    for (size_t r = 0; r <= table->row_count + 1; r++) {
        putc('|', out);
        for (size_t c = 0; c < table->column_count; c++) {
            if (table->columns[c].hidden) continue;
            if (r == 1) {
                fputs(table->columns[c].numeric ? "---:|" : "---|", out);
                continue;
            }
            putc(' ', out);
            print_markdown_text(out, shown(r ? table->rows[r - 2][c].text : table->columns[c].name));
            fputs(" |", out);
        }
        putc('\n', out);
    }
    putc('\n', out);
}

/* ---- HTML ---- */

static void print_html_head(const struct table *table, FILE *out)
{
    fputs("<thead><tr>", out);
    for (size_t c = 0; c < table->column_count; c++) {
        if (table->columns[c].hidden) continue;
        fprintf(out, "<th scope=\"col\"%s aria-sort=\"none\"><button type=\"button\" title=\"",
                table->columns[c].numeric ? " class=\"number\"" : "");
        format_html(out, shown(table->columns[c].meaning));
        fputs("\">", out);
        format_html(out, shown(table->columns[c].name));
        fputs("</button></th>", out);
    }
    fputs("</tr></thead>\n", out);
}

/* A key makes it a number: report.css sets it to the right, report.js sorts by it. */
static void print_html_cell(FILE *out, const struct cell_text *cell, bool numeric)
{
    fputs(cell->marked ? "<td class=\"doubt\"" : "<td", out);
    if (numeric && isfinite(cell->key)) fprintf(out, " data-key=\"%.7g\"", cell->key);
    else if (numeric) fputs(" data-key=\"\"", out);
    putc('>', out);
    format_html(out, shown(cell->text));
    fputs("</td>", out);
}

void table_print_html(const struct table *table, FILE *out, const char *id)
{
    if (!table || !table->row_count) return;
    fprintf(out, "<section id=\"%s\">\n<h3>", id);
    format_html(out, shown(table->title));
    fputs("</h3>\n", out);
    if (shown(table->note)[0]) {
        fputs("<p class=\"note\">", out);
        format_html(out, table->note);
        fputs("</p>\n", out);
    }
    size_t rows = table->row_count < TABLE_HTML_ROWS ? table->row_count : TABLE_HTML_ROWS;
    if (rows < table->row_count)
        fprintf(out,
                "<p class=\"note\">The first %zu of %zu rows. All of them: <code>breakeven report --format text</code>; the figures of "
                "every cell: summary.csv in the run's folder.</p>\n",
                rows, table->row_count);
    fprintf(out, "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Table: ");
    format_html(out, shown(table->title));
    fputs("\"><table class=\"sortable\">\n", out);
    print_html_head(table, out);
    fputs("<tbody>\n", out);
    for (size_t r = 0; r < rows; r++) {
        fputs("<tr>", out);
        for (size_t c = 0; c < table->column_count; c++)
            if (!table->columns[c].hidden) print_html_cell(out, &table->rows[r][c], table->columns[c].numeric);
        fputs("</tr>\n", out);
    }
    fputs("</tbody></table></div>\n</section>\n", out);
}
