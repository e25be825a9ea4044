/* SPDX-License-Identifier: GPL-3.0-or-later */
/* report.c: the run as text for a terminal, and as Markdown. */
#include "results/models/summary_parts.h"
#include "plots/facts.h"
#include "plots/format.h"
#include "plots/plots.h"
#include "plots/tables.h"

#include <errno.h>
#include <limits.h>
#include <sys/stat.h>

typedef void table_printer(struct table *, void *context);

/* Up to this many configurations, everything about them is read sooner than looked for. */
enum { CELLS_SHOWN = 16 };

/* The tables that say more than the findings did; the page has all. */
static void each_table(const struct summary *summary, table_printer *print, void *context)
{
    print(tables_metg(summary), context);
    print(tables_scaling(summary), context);
    print(tables_latency(summary), context);
    for (size_t i = 0; i < summary->cell_count; i++)
        if (cells_first(summary->run, i, CELLS_STUDY))
            print(tables_study(summary, summary->cells[i].cell->study), context);
}

typedef void text_printer(const char *text, void *context);

/* One topic's findings under its heading; nothing where it has none. */
static void each_finding(const struct summary *summary, enum finding_topic topic, text_printer *heading,
                         text_printer *finding, void *context)
{
    bool headed = false;
    for (size_t i = 0; i < summary->finding_count; i++) {
        char clean[1700];
        if (summary->findings[i].topic != topic) continue;
        if (!headed) heading(topic_headings[topic], context);
        headed = true;
        format_clean(clean, sizeof clean, summary->findings[i].text);
        finding(clean, context);
    }
}

/* What to doubt before all else, one sentence a line; how much disturbed repetitions matter is a finding. */
static void each_doubt(const struct facts *facts, text_printer *line, void *context)
{
    char text[256];
    if (facts->simulated) line("SIMULATED: these numbers come from a model, not from a machine.", context);
    if (!facts->complete) line("INCOMPLETE: the run was interrupted; what had been taken by then is shown.", context);
    if (facts->errors) {
        snprintf(text, sizeof text, "FAILED: %zu of %zu repetitions have no time.", facts->errors, facts->samples);
        line(text, context);
    }
}

struct terminal {
    FILE *out;
    unsigned width;
    bool colour;
};

static void print_text_table(struct table *table, void *context)
{
    const struct terminal *terminal = context;
    table_print_text(table, terminal->out, terminal->width, terminal->colour);
    table_free(table);
}

static void print_text_doubt(const char *text, void *context)
{
    const struct terminal *terminal = context;
    if (terminal->colour) fputs("\033[31m", terminal->out);
    table_wrap(terminal->out, text, terminal->width, 2);
    if (terminal->colour) fputs("\033[0m", terminal->out);
}

static void print_text_note(const char *text, void *context)
{
    const struct terminal *terminal = context;
    char line[1024], clean[1000];
    format_clean(clean, sizeof clean, text);
    snprintf(line, sizeof line, "note: %s", clean);
    table_wrap(terminal->out, line, terminal->width, 6);
}

static void print_text_heading(const char *text, void *context)
{
    const struct terminal *terminal = context;
    fprintf(terminal->out, terminal->colour ? "\033[1m%s\033[0m\n" : "%s\n", text);
}

static void print_text_finding(const char *text, void *context)
{
    const struct terminal *terminal = context;
    char line[1720];
    snprintf(line, sizeof line, "* %s", text);
    table_wrap(terminal->out, line, terminal->width, 2);
}

static void print_text_topic(const struct summary *summary, enum finding_topic topic, struct terminal *terminal)
{
    for (size_t i = 0; i < summary->finding_count; i++)
        if (summary->findings[i].topic == topic) {
            each_finding(summary, topic, print_text_heading, print_text_finding, terminal);
            putc('\n', terminal->out);
            return;
        }
}

/* Where the rest is that is not shown. */
static void print_text_rest(const struct summary *summary, struct terminal *terminal)
{
    char text[PATH_MAX + 200], dir[PATH_MAX];
    format_clean(dir, sizeof dir, summary->run->dir);
    snprintf(text, sizeof text,
             "All findings and the tables of all %zu configurations: breakeven report %s --format text, or report.html "
             "in that folder.",
             summary->cell_count, dir);
    table_wrap(terminal->out, text, terminal->width, 2);
}

int report_text_print(const struct summary *summary, FILE *out, unsigned width, bool colour, bool tables)
{
    struct terminal terminal = {out, width && width < 40 ? 40 : width, colour};
    struct facts facts;
    char text[900], machine[600];
    locale_t locale = parts_locale_enter();
    facts_read(summary->run, &facts);
    facts_machine(&facts, machine, sizeof machine);
    snprintf(text, sizeof text, "%.120s on %s: %zu repetition%s of %zu configuration%s", summary->run->name, machine,
             facts.samples, facts.samples == 1 ? "" : "s", summary->cell_count, summary->cell_count == 1 ? "" : "s");
    table_wrap(out, text, terminal.width, 2);
    each_doubt(&facts, print_text_doubt, &terminal);
    putc('\n', out);
    print_text_topic(summary, TOPIC_short, &terminal);
    print_text_table(tables_errors(summary), &terminal);
    print_text_table(tables_advice(summary), &terminal);
    bool all = tables || summary->cell_count <= CELLS_SHOWN;
    for (unsigned topic = TOPIC_short + 1; all && topic < TOPICS; topic++) print_text_topic(summary, topic, &terminal);
    facts_notes(summary->run, print_text_note, &terminal);
    if (all) each_table(summary, print_text_table, &terminal);
    else print_text_rest(summary, &terminal);
    parts_locale_leave(locale);
    return fflush(out) || ferror(out) ? -EIO : 0;
}

static void print_markdown_heading(const char *text, void *context)
{
    fprintf(context, "## %s\n\n", text);
}

static void print_markdown_finding(const char *text, void *context)
{
    fprintf(context, "- %s\n", text);
}

static void print_markdown_table(struct table *table, void *context)
{
    table_print_markdown(table, context);
    table_free(table);
}

static void print_markdown_doubt(const char *text, void *context)
{
    fprintf(context, "> %s\n\n", text);
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

int report_markdown_print(const struct summary *summary, FILE *out)
{
    struct facts facts;
    char machine[600], name[128];
    locale_t locale = parts_locale_enter();
    facts_read(summary->run, &facts);
    facts_machine(&facts, machine, sizeof machine);
    format_clean(name, sizeof name, summary->run->name);
    fprintf(out, "# breakeven: %s\n\n%s: %zu repetitions of %zu configurations.\n\n", name, machine, facts.samples,
            summary->cell_count);
    each_doubt(&facts, print_markdown_doubt, out);
    each_finding(summary, TOPIC_short, print_markdown_heading, print_markdown_finding, out);
    putc('\n', out);
    print_markdown_table(tables_errors(summary), out);
    print_markdown_table(tables_advice(summary), out);
    print_markdown_figures(summary, out);
    for (unsigned topic = TOPIC_short + 1; topic < TOPICS; topic++) {
        each_finding(summary, topic, print_markdown_heading, print_markdown_finding, out);
        putc('\n', out);
    }
    each_table(summary, print_markdown_table, out);
    parts_locale_leave(locale);
    if (facts.command[0]) fprintf(out, "## How to repeat it\n\n    %s\n", facts.command);
    return fflush(out) || ferror(out) ? -EIO : 0;
}
