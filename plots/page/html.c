/* SPDX-License-Identifier: GPL-3.0-or-later */
/* html.c: report.html from the template plots/assets/report.html, whose {{words}} each stand for a part below. */
#include "plots/assets.h"
#include "plots/chart.h"
#include "plots/format.h"
#include "plots/tables.h"
#include "results/models/summary_parts.h"
#include "results/models/whatif.h"
#include "results/summary/summary_json.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The page in the making. */
struct page {
    const struct summary *summary;
    const struct facts *facts;
    const char *dir;
    FILE *out;
    int status;
};

/* Text, with what is special in HTML escaped. */
static void say(struct page *page, const char *text)
{
    format_html(page->out, text);
}

static void part_name(struct page *page)
{
    say(page, page->summary->run->name[0] ? page->summary->run->name : "a run");
}

static void part_machine(struct page *page)
{
    char machine[600];
    facts_machine(page->facts, machine, sizeof machine);
    say(page, machine);
}

static void part_counts(struct page *page)
{
    const struct facts *facts = page->facts;
    if (facts->began[0]) {
        say(page, facts->began);
        fputs(" &middot; ", page->out);
    }
    size_t cells = page->summary->cell_count;
    fprintf(page->out, "%s repetition%s of %s configuration%s", format_count(facts->samples).text, facts->samples == 1 ? "" : "s",
            format_count(cells).text, cells == 1 ? "" : "s");
    if (facts->errors) fprintf(page->out, ", %s failed", format_count(facts->errors).text);
    if (facts->suspects) fprintf(page->out, ", %s suspect", format_count(facts->suspects).text);
}

static void banner(struct page *page, const char *kind, const char *head, const char *text)
{
    fprintf(page->out, "<p class=\"banner %s\"><strong>%s</strong> ", kind, head);
    say(page, text);
    fputs("</p>\n", page->out);
}

static void part_banners(struct page *page)
{
    const struct facts *facts = page->facts;
    char text[256];
    if (facts->simulated)
        banner(page, "warn", "Simulated.",
               "These numbers come from a model, not from a machine. They show what a report "
               "looks like and say nothing about any computer.");
    if (!facts->complete)
        banner(page, "warn", "Incomplete.",
               "The run was interrupted; what had been taken by then is shown. It can be finished "
               "with --resume.");
    if (facts->errors) {
        snprintf(text, sizeof text, "%zu of %zu repetitions have no time; the causes are under \"What failed\".",
                 facts->errors, facts->samples);
        banner(page, "bad", "Failures.", text);
    }
}

static void print_table(struct page *page, struct table *table, const char *id)
{
    if (table_broken(table)) page->status = -ENOMEM;
    table_print_html(table, page->out, id);
    table_free(table);
}

/* ---- what was asked, and what was found, in short and by topic ---- */

/* The kernels of a run, or its runners but the serial one. */
static void list_words(struct page *page, unsigned part)
{
    const struct run *run = page->summary->run;
    unsigned count = 0;
    for (unsigned i = 0; i < run->cell_count; i++) {
        const char *word = part == CELLS_KERNEL ? run->cells[i].label : run->cells[i].runner;
        if (!cells_first(run, i, part) || (part == CELLS_RUNNER && parts_is_serial(&run->cells[i]))) continue;
        fprintf(page->out, "%s", count++ ? ", " : "");
        say(page, word);
    }
    if (!count) fputs("none", page->out);
}

static void part_asked(struct page *page)
{
    const struct summary *summary = page->summary;
    unsigned most = 1;
    for (size_t i = 0; i < summary->cell_count; i++)
        if (summary->cells[i].workers > most) most = summary->cells[i].workers;
    fputs("<p>At what task size, with how many workers, and with which kind of worker does parallelism pay? Measured "
          "with the "
          "kernels <b>",
          page->out);
    list_words(page, CELLS_KERNEL);
    fputs("</b>, run serially and by <b>", page->out);
    list_words(page, CELLS_RUNNER);
    fprintf(page->out, "</b>, with up to %u worker%s.</p>\n", most, most == 1 ? "" : "s");
}

static size_t topic_count(const struct summary *summary, enum finding_topic topic)
{
    size_t count = 0;
    for (size_t i = 0; i < summary->finding_count; i++) count += summary->findings[i].topic == topic;
    return count;
}

/* Does a number's unit or noun begin here? It stays on the number's line. */
static bool follows_number(const char *text)
{
    static const char *const words[] = {"ns",    "us",    "ms",      "s",       "%",
                                        "times", "tasks", "workers", "threads", "processes"};
    size_t length = strcspn(text, " ,;:.)]");
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strlen(words[i]) == length && !strncmp(words[i], text, length)) return true;
    return false;
}

/* A sentence in which neither a number and its unit nor an interval is broken. */
static void say_sentence(struct page *page, const char *text)
{
    char kept[4000];
    size_t used = 0, bracket = 0;
    for (const char *at = text; *at && used + 3 < sizeof kept; at++) {
        bracket = *at == '[' ? strcspn(at, "]") : bracket ? bracket - 1 : 0;
        bool digit = at > text && at[-1] >= '0' && at[-1] <= '9';
        if (*at == ' ' && ((bracket && bracket < 24) || (digit && follows_number(at + 1))))
            used += (size_t)snprintf(kept + used, sizeof kept - used, "\xc2\xa0");
        else kept[used++] = *at;
    }
    kept[used] = '\0';
    say(page, kept);
}

static void write_topic(struct page *page, enum finding_topic topic, const char *kind)
{
    const struct summary *summary = page->summary;
    fprintf(page->out, "<ul class=\"%s\">\n", kind);
    for (size_t i = 0; i < summary->finding_count; i++) {
        if (summary->findings[i].topic != topic) continue;
        fputs("<li>", page->out);
        say_sentence(page, summary->findings[i].text);
        fputs("</li>\n", page->out);
    }
    fputs("</ul>\n", page->out);
}

static void part_findings(struct page *page)
{
    const struct summary *summary = page->summary;
    if (!topic_count(summary, TOPIC_short)) {
        fputs("<p>No comparison in this run is answered by enough repetitions to be put into a sentence; the tables "
              "hold what "
              "was measured.</p>\n",
              page->out);
        return;
    }
    write_topic(page, TOPIC_short, "short");
}

/* The table that holds a topic's numbers; NULL: none. */
static const char *table_of(const struct summary *summary, enum finding_topic topic)
{
    if (topic == TOPIC_scaling && summary->scaling_count) return "scaling";
    if (topic == TOPIC_grain && summary->metg_count) return "metg";
    if (topic == TOPIC_pays && summary->crossover_count) return "crossover";
    return topic == TOPIC_budget ? "budget" : NULL;
}

/* The other topics, each folded under its heading. */
static void part_topics(struct page *page)
{
    for (unsigned topic = TOPIC_short + 1; topic < TOPICS; topic++) {
        size_t count = topic_count(page->summary, topic);
        if (!count) continue;
        fprintf(page->out, "<details class=\"topic\" id=\"topic-%s\"><summary><h3>", topic_kinds[topic].name);
        say(page, topic_kinds[topic].heading);
        fprintf(page->out, "</h3> <span class=\"tally\">%zu finding%s</span></summary>\n", count,
                count == 1 ? "" : "s");
        write_topic(page, topic, "findings");
        if (table_of(page->summary, topic))
            fprintf(page->out, "<p class=\"note\"><a href=\"#%s\">All numbers in a table</a></p>\n",
                    table_of(page->summary, topic));
        fputs("</details>\n", page->out);
    }
}

/* ---- figures ---- */

static void write_legend(struct page *page, const struct chart *chart)
{
    if (!strcmp(chart->legend, "none")) return;
    fprintf(page->out, "<div class=\"legend\" role=\"group\" aria-label=\"Curves of %s: press to hide or show\">\n",
            chart->figure->name);
    for (unsigned s = 1; s <= chart->series; s++) {
        const struct chart_series *one = &chart->one[s - 1];
        fprintf(page->out,
                "<button type=\"button\" aria-pressed=\"true\" data-s=\"%u\"><span class=\"swatch%s\" "
                "style=\"--c:var(--hue%u)\"></span>",
                s,
                !strcmp(chart->legend, "boxes") ? " box"
                : one->variant                  ? " dashed"
                                                : "",
                one->hue % CHART_HUES);
        say(page, one->name);
        fputs("</button>\n", page->out);
    }
    if (chart->bound) {
        fputs("<span class=\"bound\"><span class=\"swatch dashed\" style=\"--c:var(--bound)\"></span>", page->out);
        say(page, chart->bound);
        fputs("</span>\n", page->out);
    }
    fputs("</div>\n", page->out);
}

static void write_figure(struct page *page, const struct chart *chart)
{
    const struct figure *figure = chart->figure;
    char *picture = NULL, *caption = chart_caption(chart, 0);
    size_t size;
    FILE *memory = open_memstream(&picture, &size);
    int lacking = memory ? svg_inline(chart, page->dir, memory) : -ENOMEM;
    if (memory && fclose(memory)) lacking = -ENOMEM;
    if (lacking == -ENOMEM) page->status = lacking;
    fprintf(page->out, "<figure id=\"fig-%s\"><h3 id=\"fig-%s-title\">", figure->name, figure->name);
    say(page, figure->title);
    fputs("</h3>\n<p class=\"question\">", page->out);
    say(page, figure->question);
    fputs("</p>\n", page->out);
    if (lacking)
        fputs("<p class=\"note\">Not drawn here: gnuplot gave no picture. The data stand beside this page.</p>\n",
              page->out);
    else {
        write_legend(page, chart);
        fprintf(page->out, "<div class=\"picture\" tabindex=\"0\" role=\"region\" aria-label=\"Figure: ");
        say(page, figure->title);
        fprintf(page->out, "\">%s</div>\n", picture);
    }
    fputs("<figcaption><p>", page->out);
    say(page, caption ? caption : "");
    fprintf(page->out, "</p><details><summary>In words</summary><p id=\"fig-%s-text\">", figure->name);
    say(page, figure->question);
    say(page, chart->alternative_text);
    fputs("</p></details><p class=\"files\">", page->out);
    for (const char *const *kind = (const char *const[]){"gp", "dat", "svg", "png", NULL}; *kind; kind++)
        fprintf(page->out, "%s<a href=\"plots/%s.%s\">%s.%s</a>", **kind == 'g' ? "" : " ", figure->name, *kind,
                figure->name, *kind);
    fputs("</p></figcaption></figure>\n", page->out);
    free(caption);
    free(picture);
}

static void part_figures(struct page *page)
{
    FILE *lacks;
    char *text = NULL;
    size_t size;
    if (!(lacks = open_memstream(&text, &size))) {
        page->status = -ENOMEM;
        return;
    }
    for (const struct figure *const *figure = plots_figures; *figure && !page->status; figure++) {
        struct chart chart = {0};
        page->status = plots_make(*figure, page->summary, page->facts, &chart);
        if (!page->status && !chart.missing[0]) write_figure(page, &chart);
        else if (!page->status) {
            fputs("<li>", lacks);
            format_html(lacks, (*figure)->title);
            fputs(": ", lacks);
            format_html(lacks, chart.missing);
            fputs(".</li>\n", lacks);
        }
        chart_close(&chart);
    }
    if (fclose(lacks)) page->status = -ENOMEM;
    else if (size) fprintf(page->out, "<section class=\"lacks\"><h3>Not drawn</h3>\n<ul>\n%s</ul></section>\n", text);
    free(text);
}

/* ---- tables, method ---- */

static void part_tables(struct page *page)
{
    const struct summary *summary = page->summary;
    char id[32];
    unsigned number = 0;
    print_table(page, tables_metg(summary), "metg");
    print_table(page, tables_crossover(summary), "crossover");
    print_table(page, tables_scaling(summary), "scaling");
    print_table(page, tables_models(summary), "models");
    print_table(page, tables_budget(summary), "budget");
    print_table(page, tables_latency(summary), "latency");
    for (size_t i = 0; i < summary->cell_count; i++) {
        if (!cells_first(summary->run, i, CELLS_STUDY)) continue;
        snprintf(id, sizeof id, "study-%u", ++number);
        print_table(page, tables_study(summary, summary->cells[i].cell->study), id);
    }
}

static void part_notes(struct page *page)
{
    size_t at;
    json_t *note;
    fputs("<ul class=\"notes\">\n", page->out);
    json_array_foreach (json_object_get(page->summary->run->manifest, "notes"), at, note) {
        if (!json_is_string(note)) continue;
        fputs("<li>", page->out);
        say(page, json_string_value(note));
        fputs("</li>\n", page->out);
    }
    fputs("</ul>\n", page->out);
}

static void part_command(struct page *page)
{
    if (page->facts->command[0]) {
        fputs("<pre tabindex=\"0\"><code>", page->out);
        say(page, page->facts->command);
        fputs("</code></pre>\n", page->out);
    } else fputs("<p>The manifest holds no command.</p>\n", page->out);
}

/* A measured cell: setting, time of the run phase, with start and stop, and the speed-ups of both. */
static json_t *point_to_json(const struct cell_summary *row)
{
    const struct quantity *quantity = row->quantity;
    return json_pack("{sI sI so sI so so so so}", "workers", (json_int_t)row->workers, "tasks", (json_int_t)row->cell->tasks,
                     "task_ns", json_number(quantity[QUANTITY_task_ns].median), "chunk", (json_int_t)row->cell->chunk,
                     "run", json_quantity(quantity[QUANTITY_wall_ns]), "total", json_quantity(quantity[QUANTITY_total_ns]),
                     "speedup", json_quantity(quantity[QUANTITY_speedup]), "speedup_total",
                     json_quantity(quantity[QUANTITY_speedup_total]));
}

/* Of model[part] what the explorer reads; the intervals of each cost stand in the page's table and in summary.json. */
static void keep_read(json_t *model, const char *part)
{
    static const char *const read[] = {"value", "covariance", "scatter", "t", "only_workers"};
    json_t *whole = json_object_get(model, part), *kept = json_object();
    for (size_t i = 0; i < sizeof read / sizeof *read; i++)
        if (json_object_get(whole, read[i])) json_object_set(kept, read[i], json_object_get(whole, read[i]));
    json_object_set_new(model, part, kept);
}

static json_t *model_to_json(const struct summary *summary, const struct pool_costs *pool)
{
    json_t *model = summary_model_to_json(pool), *points = json_array();
    for (size_t i = 0; i < pool->count; i++) json_array_append_new(points, point_to_json(pool->cells[i].cell));
    keep_read(model, "fit");
    keep_read(model, "start");
    json_object_set_new(model, "cells", points);
    json_object_set_new(model, "start_cell", json_integer((json_int_t)(pool->fit.n / 2)));
    json_object_set_new(model, "hue", json_integer(lines_hue(summary->run, pool->cell->runner) % CHART_HUES));
    return model;
}

/* What the explorer works from: the fitted costs of each runner and the cells beneath. */
static void part_models(struct page *page)
{
    json_t *models = json_array();
    for (size_t i = 0; i < page->summary->pool_count; i++)
        if (whatif_able(&page->summary->pools[i]))
            json_array_append_new(models, model_to_json(page->summary, &page->summary->pools[i]));
    char *text = json_dumps(models, JSON_COMPACT | JSON_REAL_PRECISION(10));
    json_decref(models);
    if (!text) page->status = -ENOMEM;
    for (const char *at = text; at && *at; at++) /* nothing in it may end the script that it stands in */
        *at == '<' ? fputs("\\u003c", page->out) : putc(*at, page->out);
    free(text);
}

/* What stands for a word: what a function writes, a table, or a text as it is. */
static const struct {
    const char *name;
    void (*write)(struct page *);
    struct table *(*table)(const struct summary *);
    const char *text;
} parts[] = {
    {"name", .write = part_name},           {"machine", .write = part_machine},
    {"counts", .write = part_counts},       {"banners", .write = part_banners},
    {"asked", .write = part_asked},         {"findings", .write = part_findings},
    {"advice", .table = tables_advice},     {"errors", .table = tables_errors},
    {"figures", .write = part_figures},     {"tables", .write = part_tables},
    {"manifest", .table = tables_manifest}, {"command", .write = part_command},
    {"topics", .write = part_topics},       {"notes", .write = part_notes},
    {"style", .text = asset_report_css},    {"script", .text = asset_report_js},
    {"models", .write = part_models},       {"explorer", .text = asset_explorer_js},
};

static void write_page(struct page *page, const char *template)
{
    while (*template && !page->status) {
        const char *open = strstr(template, "{{"), *close = open ? strstr(open, "}}") : NULL;
        if (!close) {
            fputs(template, page->out);
            return;
        }
        fwrite(template, 1, (size_t)(open - template), page->out);
        for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
            size_t length = strlen(parts[i].name);
            if (length != (size_t)(close - open - 2) || strncmp(open + 2, parts[i].name, length)) continue;
            if (parts[i].write) parts[i].write(page);
            if (parts[i].table) print_table(page, parts[i].table(page->summary), parts[i].name);
            if (parts[i].text) fputs(parts[i].text, page->out);
        }
        template = close + 2;
    }
}

int report_html_write(const struct summary *summary, const char *dir, struct reason *why)
{
    struct facts facts;
    char *text = NULL;
    size_t size;
    struct page page = {.summary = summary, .facts = &facts, .dir = dir, .out = open_memstream(&text, &size)};
    locale_t locale = parts_locale_enter();
    if (!page.out) page.status = -ENOMEM;
    else {
        facts_read(summary->run, &facts);
        write_page(&page, asset_report_html);
        if (fclose(page.out) && !page.status) page.status = -ENOMEM;
    }
    parts_locale_leave(locale);
    if (!page.status) page.status = record_write_file(dir, "report.html", text, size);
    if (page.status) reason_set(why, "cannot write %s/report.html: %s", dir, strerror(-page.status));
    free(text);
    return page.status;
}
