/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/lessons/lessons.h"
#include "bench/measure/show.h"
#include "plots/table.h"
#include "results/models/summary_parts.h"

#include <errno.h>
#include <jansson.h>
#include <limits.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static const char *const verdict_words[] = {
    [LESSON_HELD] = "The prediction held here.",
    [LESSON_NOT_HELD] = "The prediction did not hold here.",
    [LESSON_UNRESOLVED] = "Unresolved: the intervals do not tell.",
    [LESSON_LACKING] = "Not to be seen on this machine.",
};

/* Prints a paragraph that begins with a heading, folded to 100 columns. */
static void print_folded(const char *heading, const char *text)
{
    struct reason whole; /* paragraphs are shorter */
    reason_set(&whole, "%s %s", heading, text);
    putchar('\n');
    table_wrap(stdout, whole.text, 100, 0);
}

/* ---- what is not here ---- */

/* And what a simulated machine shows in its place; both "" where nothing is lacking. */
struct beyond {
    char lack[400], text[2400];
    const char *figure;
};

static const char simulated_name[] = "simulated"; /* the folder inside the run's */

static const char *setting(const struct lesson *lesson, const char *key)
{
    const struct ini_entry *entry = ini_entry(lesson->elsewhere, key);
    return entry ? entry->value : NULL;
}

/* Simulates what the lesson needs and this machine lacks, with its figure. */
static int look_beyond(const struct options *options, const struct lesson *lesson, const struct run *run,
                       struct beyond *beyond)
{
    unsigned cpus = parts_host(run, "cpus"), cores = parts_host(run, "cores");
    char dir[sizeof run->dir + 16];
    struct reason why = {""};
    struct shown shown;
    if (lesson_lacks(lesson, cpus, cores, beyond->lack, sizeof beyond->lack, &why))
        return options_complain(options, "%s", why.text);
    if (!*beyond->lack) return STATUS_GOOD;
    struct elsewhere elsewhere = {setting(lesson, "kernels"), setting(lesson, "packed")};
    beyond->figure = setting(lesson, "figure");
    if (!elsewhere.kernels || !beyond->figure)
        return options_complain(options, "lesson %s: [elsewhere] needs kernels and figure", lesson->name);
    snprintf(dir, sizeof dir, "%s/%s", run->dir, simulated_name);
    int error = elsewhere_record(&elsewhere, dir);
    if (error) return options_complain(options, "cannot write %s: %s", dir, strerror(-error));
    int status = show_open(options, dir, &shown);
    if (status) return status;
    if (lesson_tell(lesson, &shown.summary, beyond->text, sizeof beyond->text, &why))
        status = options_complain(options, "%s", why.text);
    else text_add(beyond->text, sizeof beyond->text, " (This is %s.)", elsewhere_machine);
    if (!status) status = show_write(options, &shown, true);
    show_close(&shown);
    return status;
}

/* What docs/lessons/ holds of this lesson, where it does: the line that says where it was measured and the paragraph
 * with the verdict, without their marks. */
static void print_recorded(const struct lesson *lesson)
{
    char text[1600];
    const char *page = embedded_text(lesson_pages, lesson->name);
    const char *verdict = page ? strstr(page, ".svg)\n\n**") : NULL, *where = page ? strstr(page, "<sub>") : NULL;
    if (!verdict || !where) return;
    verdict += strlen(".svg)\n\n**"), where += strlen("<sub>");
    snprintf(text, sizeof text, "%.*s ", (int)strcspn(where, "<\n"), where);
    for (size_t used = strlen(text); *verdict && *verdict != '\n' && used + 1 < sizeof text; verdict++)
        if (*verdict != '*') text[used++] = *verdict, text[used] = '\0';
    print_folded("RECORDED on another machine.", text);
}

/* Is it there? Of a single worker count, for one, no curve can be drawn. */
static bool has_figure(const char *dir, const char *figure)
{
    char path[PATH_MAX];
    return snprintf(path, sizeof path, "%s/plots/%s.svg", dir, figure) < (int)sizeof path && !access(path, R_OK);
}

/* ---- the page ---- */

static void write_text(FILE *page, const struct lesson *lesson, const char *command, const struct lesson_result *result,
                       const struct beyond *beyond, bool drawn)
{
    fprintf(page, "# %s\n\n**Prediction.** %s\n\n**Experiment.** `breakeven lesson %s`, which measures\n\n    %s\n\n",
            lesson->question, lesson->prediction, lesson->name, command);
    if (drawn) fprintf(page, "![%s](plots/%s.svg)\n\n", lesson->question, lesson->figure);
    fprintf(page, "**%s** %s\n\n", verdict_words[result->verdict], result->text);
    if (result->verdict == LESSON_NOT_HELD) fprintf(page, "**What that can mean.** %s\n\n", lesson->otherwise);
    fprintf(page, "**Why.** %s\n\n", lesson->explanation);
    if (*beyond->text)
        fprintf(page,
                "**Not here.** %s\n\n**SIMULATED, not measured.** %s\n\n![%s SIMULATED](%s/plots/%s.svg)\n\n",
                beyond->lack, beyond->text, lesson->question, simulated_name, beyond->figure);
    fprintf(page, "**Exercise.** %s\n\n", lesson->exercise);
}

/* The page of one lesson with this run's numbers, as Markdown beside the run's other files. */
static int write_page(const struct lesson *lesson, const char *command, const struct lesson_result *result,
                      const struct beyond *beyond, const struct run *run)
{
    char *text = NULL, date[32] = "";
    size_t size = 0;
    time_t now = time(NULL);
    struct tm utc;
    FILE *page = open_memstream(&text, &size);
    if (!page) return -ENOMEM;
    if (gmtime_r(&now, &utc)) strftime(date, sizeof date, "%Y-%m-%d", &utc);
    const char *cpu = json_string_value(json_object_get(json_object_get(run->manifest, "host"), "model"));
    write_text(page, lesson, command, result, beyond, has_figure(run->dir, lesson->figure));
    fprintf(page, "<sub>Measured %s on %s.</sub>\n", date, cpu ? cpu : "an unnamed machine");
    int error = fclose(page) ? -ENOMEM : record_write_file(run->dir, "lesson.md", text, size);
    free(text);
    return error;
}

/* ---- on the terminal ---- */

void lesson_show_question(const struct lesson *lesson, const char *command)
{
    if (lesson->number) printf("%u. ", lesson->number);
    printf("%s\n", lesson->question);
    print_folded("Prediction:", lesson->prediction);
    if (lesson->quota_cpus > 0) printf("\nIn a cgroup with a quota of %g cpu:", lesson->quota_cpus);
    printf("\n$ %s\n", command);
    fflush(stdout);
}

void lesson_show_lacking(const struct lesson *lesson, const char *lacking)
{
    print_folded(verdict_words[LESSON_LACKING], lacking);
    print_recorded(lesson);
    print_folded("Why:", lesson->explanation);
}

static void print_result(const struct lesson *lesson, const struct lesson_result *result, const struct beyond *beyond,
                         const char *dir)
{
    print_folded(verdict_words[result->verdict], result->text);
    if (result->verdict == LESSON_NOT_HELD) print_folded("What that can mean:", lesson->otherwise);
    if (result->verdict == LESSON_LACKING) print_recorded(lesson);
    print_folded("Why:", lesson->explanation);
    if (*beyond->text) {
        print_folded("Not here:", beyond->lack);
        print_folded("SIMULATED, not measured:", beyond->text);
        printf("\nIts figure: %s/%s/plots/%s.svg\n", dir, simulated_name, beyond->figure);
    }
    print_folded("Try:", lesson->exercise);
    if (has_figure(dir, lesson->figure)) printf("\nThe figure: %s/plots/%s.svg; everything: %s/report.html\n", dir, lesson->figure, dir);
    else printf("\nThere is no figure \"%s\" of these settings; everything: %s/report.html\n", lesson->figure, dir);
}

int lesson_show_result(const struct options *options, const struct lesson *lesson, const char *command, const char *dir,
                       unsigned cpus, enum lesson_verdict *verdict)
{
    struct shown shown;
    struct lesson_result result;
    struct reason why = {""};
    struct beyond beyond = {"", "", ""};
    int status = show_open(options, dir, &shown);
    if (status) return status;
    size_t failures = show_failures(options, &shown);
    if (lesson_judge(lesson, &shown.summary, cpus, parts_host(&shown.run, "cores"), &result, &why))
        status = options_complain(options, "%s", why.text);
    else {
        look_beyond(options, lesson, &shown.run, &beyond);
        print_result(lesson, &result, &beyond, dir);
        int error = write_page(lesson, command, &result, &beyond, &shown.run);
        if (error) options_complain(options, "cannot write %s/lesson.md: %s", dir, strerror(-error));
    }
    show_close(&shown);
    *verdict = result.verdict;
    return status ? status : failures ? STATUS_FAILED : STATUS_GOOD;
}
