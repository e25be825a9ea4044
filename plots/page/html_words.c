/* SPDX-License-Identifier: GPL-3.0-or-later */
/* html_words.c: the page's sentences: what was asked, and what was found, in short and by topic. */
#include "plots/format.h"
#include "plots/page/html_parts.h"
#include "results/models/summary_parts.h"

void html_say(struct page *page, const char *text)
{
    format_html(page->out, text);
}

/* The kernels of a run, or its runners but the serial one. */
static void list_words(struct page *page, unsigned part)
{
    const struct run *run = page->summary->run;
    unsigned count = 0;
    for (unsigned i = 0; i < run->cell_count; i++) {
        const char *word = part == CELLS_KERNEL ? run->cells[i].label : run->cells[i].runner;
        if (!cells_first(run, i, part) || (part == CELLS_RUNNER && parts_is_serial(&run->cells[i]))) continue;
        fprintf(page->out, "%s", count++ ? ", " : "");
        html_say(page, word);
    }
    if (!count) fputs("none", page->out);
}

void html_asked(struct page *page)
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
    html_say(page, kept);
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

void html_findings(struct page *page)
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
void html_topics(struct page *page)
{
    for (unsigned topic = TOPIC_short + 1; topic < TOPICS; topic++) {
        size_t count = topic_count(page->summary, topic);
        if (!count) continue;
        fprintf(page->out, "<details class=\"topic\" id=\"topic-%s\"><summary><h3>", topic_names[topic]);
        html_say(page, topic_headings[topic]);
        fprintf(page->out, "</h3> <span class=\"tally\">%zu finding%s</span></summary>\n", count,
                count == 1 ? "" : "s");
        write_topic(page, topic, "findings");
        if (table_of(page->summary, topic))
            fprintf(page->out, "<p class=\"note\"><a href=\"#%s\">All numbers in a table</a></p>\n",
                    table_of(page->summary, topic));
        fputs("</details>\n", page->out);
    }
}
