/* SPDX-License-Identifier: GPL-3.0-or-later */
/* report.c: the run as text for a terminal, and as Markdown. */
#include "results/models/summary_parts.h"
#include "plots/facts.h"
#include "plots/format.h"
#include "plots/plots.h"
#include "plots/tables.h"

#include <errno.h>
#include <jansson.h>
#include <limits.h>
#include <sys/stat.h>

/* Up to this many configurations, everything about them is read sooner than looked for. */
enum { CELLS_SHOWN = 16 };

/* What a report is printed on: a terminal, or a file of Markdown. */
struct sheet {
    FILE *out;
    bool markdown;
    unsigned width; /* these two: the terminal's */
    bool colour;
};

static void print_table(const struct sheet *sheet, struct table *table)
{
    if (sheet->markdown) table_print_markdown(table, sheet->out);
    else table_print_text(table, sheet->out, sheet->width, sheet->colour);
    table_free(table);
}

/* The tables that say more than the findings did; the page has all. */
static void print_tables(const struct sheet *sheet, const struct summary *summary)
{
    print_table(sheet, tables_metg(summary));
    print_table(sheet, tables_scaling(summary));
    print_table(sheet, tables_latency(summary));
    for (size_t i = 0; i < summary->cell_count; i++)
        if (cells_first(summary->run, i, CELLS_STUDY))
            print_table(sheet, tables_study(summary, summary->cells[i].cell->study));
}

static void print_heading(const struct sheet *sheet, const char *text)
{
    if (sheet->markdown) fprintf(sheet->out, "## %s\n\n", text);
    else fprintf(sheet->out, sheet->colour ? "\033[1m%s\033[0m\n" : "%s\n", text);
}

/* One topic's findings under its heading; nothing where it has none. */
static void print_topic(const struct sheet *sheet, const struct summary *summary, enum finding_topic topic)
{
    bool headed = false;
    for (size_t i = 0; i < summary->finding_count; i++) {
        char clean[1700], line[1720];
        if (summary->findings[i].topic != topic) continue;
        if (!headed) print_heading(sheet, topic_kinds[topic].heading);
        headed = true;
        format_clean(clean, sizeof clean, summary->findings[i].text);
        snprintf(line, sizeof line, "%c %s", sheet->markdown ? '-' : '*', clean);
        if (sheet->markdown) fprintf(sheet->out, "%s\n", line);
        else table_wrap(sheet->out, line, sheet->width, 2);
    }
    if (headed || sheet->markdown) putc('\n', sheet->out);
}

static void print_doubt(const struct sheet *sheet, const char *text)
{
    if (sheet->markdown) {
        fprintf(sheet->out, "> %s\n\n", text);
        return;
    }
    if (sheet->colour) fputs("\033[31m", sheet->out);
    table_wrap(sheet->out, text, sheet->width, 2);
    if (sheet->colour) fputs("\033[0m", sheet->out);
}

/* What to doubt before all else, one sentence a line; how much disturbed repetitions matter is a finding. */
static void print_doubts(const struct sheet *sheet, const struct facts *facts)
{
    char text[256];
    if (facts->simulated) print_doubt(sheet, "SIMULATED: these numbers come from a model, not from a machine.");
    if (!facts->complete)
        print_doubt(sheet, "INCOMPLETE: the run was interrupted; what had been taken by then is shown.");
    if (facts->errors) {
        snprintf(text, sizeof text, "FAILED: %zu of %zu repetitions have no time.", facts->errors, facts->samples);
        print_doubt(sheet, text);
    }
}

/* What was left out of the plan, and why. */
static void print_notes(const struct sheet *sheet, const struct run *run)
{
    char line[1024], clean[1000];
    size_t at;
    json_t *note;
    json_array_foreach (json_object_get(run->manifest, "notes"), at, note) {
        if (!json_is_string(note)) continue;
        format_clean(clean, sizeof clean, json_string_value(note));
        snprintf(line, sizeof line, "note: %s", clean);
        table_wrap(sheet->out, line, sheet->width, 6);
    }
}

/* Where the rest is that is not shown. */
static void print_rest(const struct sheet *sheet, const struct summary *summary)
{
    char text[PATH_MAX + 200], dir[PATH_MAX];
    format_clean(dir, sizeof dir, summary->run->dir);
    snprintf(text, sizeof text,
             "All findings and the tables of all %zu configurations: breakeven report %s --format text, or report.html "
             "in that folder.",
             summary->cell_count, dir);
    table_wrap(sheet->out, text, sheet->width, 2);
}

static void print_markdown_figures(const struct summary *summary, FILE *out)
{
    for (const struct figure *const *figure = plots_figures; *figure; figure++) {
        char path[4200];
        struct stat facts;
        snprintf(path, sizeof path, "%s/plots/%s.png", summary->run->dir, (*figure)->name);
        if (!stat(path, &facts))
            fprintf(out, "## %s\n\n%s\n\n![%s](plots/%s.png)\n\n", (*figure)->title, (*figure)->question,
                    (*figure)->title, (*figure)->name);
    }
}

static void print_head(const struct sheet *sheet, const struct summary *summary, const struct facts *facts)
{
    char text[900], machine[600], name[128];
    facts_machine(facts, machine, sizeof machine);
    format_clean(name, sizeof name, summary->run->name);
    if (sheet->markdown) {
        fprintf(sheet->out, "# breakeven: %s\n\n%s: %zu repetitions of %zu configurations.\n\n", name, machine,
                facts->samples, summary->cell_count);
        return;
    }
    snprintf(text, sizeof text, "%.120s on %s: %zu repetition%s of %zu configuration%s", summary->run->name, machine,
             facts->samples, facts->samples == 1 ? "" : "s", summary->cell_count, summary->cell_count == 1 ? "" : "s");
    table_wrap(sheet->out, text, sheet->width, 2);
}

/* `all`: topics and tables too, not only the run in short. */
static int print_report(const struct sheet *sheet, const struct summary *summary, bool all)
{
    struct facts facts;
    locale_t locale = parts_locale_enter();
    facts_read(summary->run, &facts);
    print_head(sheet, summary, &facts);
    print_doubts(sheet, &facts);
    if (!sheet->markdown) putc('\n', sheet->out);
    print_topic(sheet, summary, TOPIC_short);
    print_table(sheet, tables_errors(summary));
    print_table(sheet, tables_advice(summary));
    if (sheet->markdown) print_markdown_figures(summary, sheet->out);
    for (unsigned topic = TOPIC_short + 1; all && topic < TOPICS; topic++) print_topic(sheet, summary, topic);
    if (!sheet->markdown) print_notes(sheet, summary->run);
    if (all) print_tables(sheet, summary);
    else print_rest(sheet, summary);
    parts_locale_leave(locale);
    if (sheet->markdown && facts.command[0]) fprintf(sheet->out, "## How to repeat it\n\n    %s\n", facts.command);
    return fflush(sheet->out) || ferror(sheet->out) ? -EIO : 0;
}

int report_text_print(const struct summary *summary, FILE *out, unsigned width, bool colour, bool tables)
{
    struct sheet sheet = {out, false, width && width < 40 ? 40 : width, colour};
    return print_report(&sheet, summary, tables || summary->cell_count <= CELLS_SHOWN);
}

int report_markdown_print(const struct summary *summary, FILE *out)
{
    struct sheet sheet = {.out = out, .markdown = true};
    return print_report(&sheet, summary, true);
}
