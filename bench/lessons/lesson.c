/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lesson: a question that people ask, a prediction, the measurement, and whether the prediction held here. */
#include "bench/measure/conduct.h"
#include "bench/lessons/lessons.h"
#include "bench/machine/quota.h"

#include "results/record/record.h"
#include "runners/limits.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char *verdict_words(enum lesson_verdict verdict)
{
    static const char *const words[] = {
        [LESSON_HELD] = "The prediction held here.",
        [LESSON_NOT_HELD] = "The prediction did not hold here.",
        [LESSON_UNRESOLVED] = "Unresolved: the intervals do not tell.",
        [LESSON_LACKING] = "Not to be seen on this machine.",
    };
    return words[verdict];
}

/* Puts the cpus' number times k into {kc}. */
static int expand(const char *text, unsigned cpus, char *out, size_t size)
{
    size_t used = 0;
    while (*text) {
        unsigned times = 1;
        int length = 0;
        if (*text == '{' && sscanf(text, "{c}%n", &length) == 0 && length == 0)
            sscanf(text, "{%uc}%n", &times, &length);
        if (length) {
            used += (size_t)snprintf(out + used, size - used, "%u", times * cpus);
            if (cpus == 1 && used > 2 && !strcmp(out + used - 3, "1,1")) used -= 2; /* a list's 1,{c} */
        } else {
            out[used++] = *text;
            length = 1;
        }
        if (used + 16 > size) return -ENAMETOOLONG;
        text += length;
    }
    out[used] = '\0';
    return 0;
}

/* Prints a paragraph that begins with a heading, folded to 100 columns. */
static void print_folded(const char *heading, const char *text)
{
    enum { WIDTH = 100 };
    size_t column = (size_t)printf("\n%s", heading);
    while (*text) {
        size_t length = strcspn(text, " ");
        bool fits = column + 1 + length <= WIDTH;
        int printed = printf("%s%.*s", fits ? " " : "\n", (int)length, text);
        column = fits ? column + (size_t)printed : length;
        text += length;
        while (*text == ' ') text++;
    }
    putchar('\n');
}

/* What is not here, and what a simulated machine shows in its place; both "" where nothing is lacking. */
struct beyond {
    char lack[256], text[1200];
};

static const char simulated_name[] = "simulated"; /* the folder inside the run's */

/* Simulates what the lesson needs and this machine lacks, with its figure. */
static int look_beyond(const struct options *options, const struct lesson *lesson, const struct run *run,
                       struct beyond *beyond)
{
    const json_t *host = json_object_get(run->manifest, "host");
    unsigned cpus = (unsigned)json_integer_value(json_object_get(host, "cpus"));
    unsigned cores = (unsigned)json_integer_value(json_object_get(host, "cores"));
    const struct elsewhere *elsewhere = &lesson->elsewhere;
    char dir[sizeof run->dir + 16];
    struct shown shown;
    if (!elsewhere_lacks(elsewhere, cpus, cores, beyond->lack, sizeof beyond->lack)) return STATUS_GOOD;
    snprintf(dir, sizeof dir, "%s/%s", run->dir, simulated_name);
    int error = elsewhere_record(elsewhere, dir);
    if (error) return options_complain(options, "cannot write %s: %s", dir, strerror(-error));
    int status = show_open(options, dir, &shown);
    if (status) return status;
    elsewhere->tell(&shown.summary, beyond->text, sizeof beyond->text);
    status = show_write(options, &shown, true);
    show_close(&shown);
    return status;
}

/* What docs/lessons/ holds of this lesson: the paragraph with the verdict and the line that says where it was
 * measured, without their marks; "" where there is none. */
static void read_recorded(const struct lesson *lesson, char *text, size_t size)
{
#define RECORDED(symbol, name, file) extern const char lesson_page_##symbol[];
#include "bench/lessons/lesson_pages.h"
#undef RECORDED
    static const struct {
        const char *name, *page;
    } pages[] = {
#define RECORDED(symbol, name, file) {name, lesson_page_##symbol},
#include "bench/lessons/lesson_pages.h"
#include "kernels/reason.h"
#undef RECORDED
    };
    const char *verdict = NULL, *where = NULL;
    *text = '\0';
    for (size_t i = 0; i < sizeof pages / sizeof *pages; i++) {
        if (strcmp(pages[i].name, lesson->name)) continue;
        verdict = strstr(pages[i].page, ".svg)\n\n**");
        where = strstr(pages[i].page, "<sub>");
    }
    if (!verdict || !where) return;
    verdict += strlen(".svg)\n\n**"), where += strlen("<sub>");
    snprintf(text, size, "%.*s ", (int)strcspn(where, "<\n"), where);
    for (size_t used = strlen(text); *verdict && *verdict != '\n' && used + 1 < size; verdict++)
        if (*verdict != '*') text[used++] = *verdict, text[used] = '\0';
}

static void print_recorded(const struct lesson *lesson)
{
    char text[1600];
    read_recorded(lesson, text, sizeof text);
    if (*text) print_folded("RECORDED on another machine.", text);
}

static void print_beyond(const struct lesson *lesson, const struct beyond *beyond, const char *dir)
{
    char text[2000];
    if (!*beyond->text) return;
    print_folded("Not here:", beyond->lack);
    snprintf(text, sizeof text, "%s (This is %s.)", beyond->text, elsewhere_machine);
    print_folded("SIMULATED, not measured:", text);
    printf("\nIts figure: %s/%s/plots/%s.svg\n", dir, simulated_name, lesson->elsewhere.figure);
}

/* The page of one lesson with this run's numbers, as Markdown beside the run's other files. */
static int write_page(const struct lesson *lesson, const char *command, const struct lesson_result *result,
                      const struct beyond *beyond, const struct run *run, const char *dir)
{
    char *text = NULL, date[32] = "";
    size_t size = 0;
    FILE *page = open_memstream(&text, &size);
    if (!page) return -ENOMEM;
    time_t now = time(NULL);
    struct tm utc;
    if (gmtime_r(&now, &utc)) strftime(date, sizeof date, "%Y-%m-%d", &utc);
    const char *cpu = json_string_value(json_object_get(json_object_get(run->manifest, "host"), "model"));
    fprintf(page, "# %s\n\n**Prediction.** %s\n\n**Experiment.** `breakeven lesson %s`, which measures\n\n    %s\n\n",
            lesson->question, lesson->prediction, lesson->name, command);
    fprintf(page, "![%s](plots/%s.svg)\n\n", lesson->question, lesson->figure);
    fprintf(page, "**%s** %s\n\n", verdict_words(result->verdict), result->text);
    if (result->verdict == LESSON_NOT_HELD) fprintf(page, "**What that can mean.** %s\n\n", lesson->otherwise);
    fprintf(page, "**Why.** %s\n\n", lesson->explanation);
    if (*beyond->text)
        fprintf(page,
                "**Not here.** %s\n\n**SIMULATED, not measured.** %s (This is %s.)\n\n"
                "![%s SIMULATED](%s/plots/%s.svg)\n\n",
                beyond->lack, beyond->text, elsewhere_machine, lesson->question, simulated_name,
                lesson->elsewhere.figure);
    fprintf(page, "**Exercise.** %s\n\n", lesson->exercise);
    fprintf(page, "<sub>Measured %s on %s.</sub>\n", date, cpu ? cpu : "an unnamed machine");
    int error = fclose(page) ? -ENOMEM : record_write_file(dir, "lesson.md", text, size);
    free(text);
    return error;
}

/* Measures under the lesson's quota, where it has one. An exit status; *lacking says that there can be none here. */
static int measure(const struct options *options, const struct lesson *lesson, struct options *grid, char *dir,
                   size_t dir_size, unsigned *cpus, struct reason *lacking)
{
    struct conduct conduct;
    struct quota quota;
    char name[64];
    struct reason why = {""};
    snprintf(name, sizeof name, "lesson-%s", lesson->name);
    int status = conduct_open(&conduct, grid, NULL);
    *cpus = conduct.plan.cpus;
    bool limited = !status && lesson->quota_cpus > 0;
    if (limited && quota_enter(&quota, lesson->quota_cpus, lacking)) {
        conduct_close(&conduct);
        return STATUS_GOOD;
    }
    if (!status && plan_add(&conduct.plan, "run", grid, &why)) status = options_complain(options, "%s", why.text);
    if (!status) status = conduct_measure(&conduct, name, true);
    if (limited) quota_leave(&quota);
    snprintf(dir, dir_size, "%s", conduct.dir);
    conduct_close(&conduct);
    return status;
}

/* Words of the lesson's command as the options of `run`. The caller frees words and options. */
static int parse_command(const struct verb *const *verbs, char *command, char ***words, struct options *grid)
{
    size_t count = 2;
    for (const char *c = command; *c; c++) count += *c == ' ';
    *words = calloc(count + 2, sizeof **words);
    if (!*words) return -ENOMEM;
    static char program[] = "breakeven", verb[] = "run";
    (*words)[0] = program;
    (*words)[1] = verb;
    count = 2;
    for (char *save, *word = strtok_r(command, " ", &save); word; word = strtok_r(NULL, " ", &save))
        (*words)[count++] = word;
    return options_parse(grid, verbs, (int)count, *words) < 0 ? 0 : -EINVAL;
}

static int show_result(const struct options *options, const struct lesson *lesson, const char *command, const char *dir,
                       unsigned cpus, enum lesson_verdict *verdict)
{
    struct shown shown;
    struct lesson_result result = {LESSON_UNRESOLVED, ""};
    struct beyond beyond = {"", ""};
    int status = show_open(options, dir, &shown);
    if (status) return status;
    size_t failures = show_failures(options, &shown);
    lesson->check(&shown.summary, cpus, &result);
    print_folded(verdict_words(result.verdict), result.text);
    if (result.verdict == LESSON_NOT_HELD) print_folded("What that can mean:", lesson->otherwise);
    if (result.verdict == LESSON_LACKING) print_recorded(lesson);
    print_folded("Why:", lesson->explanation);
    look_beyond(options, lesson, &shown.run, &beyond);
    print_beyond(lesson, &beyond, dir);
    print_folded("Try:", lesson->exercise);
    printf("\nThe figure: %s/plots/%s.svg; everything: %s/report.html\n", dir, lesson->figure, dir);
    int error = write_page(lesson, command, &result, &beyond, &shown.run, dir);
    if (error) options_complain(options, "cannot write %s/lesson.md: %s", dir, strerror(-error));
    show_close(&shown);
    *verdict = result.verdict;
    return failures ? STATUS_FAILED : STATUS_GOOD;
}

static int run_lesson(const struct options *options, const struct lesson *lesson, unsigned cpus,
                      enum lesson_verdict *verdict)
{
    char command[512], shown[600], dir[4096] = "";
    struct reason lacking = {""};
    char **words = NULL;
    struct options grid = {0};
    if (expand(lesson->command, cpus, command, sizeof command))
        return options_complain(options, "a command is too long");
    snprintf(shown, sizeof shown, "breakeven run %s", command);
    printf("%zu. %s\n", (size_t)(lesson - lessons) + 1, lesson->question);
    print_folded("Prediction:", lesson->prediction);
    if (lesson->quota_cpus > 0) printf("\nIn a cgroup with a quota of %g cpu:", lesson->quota_cpus);
    printf("\n$ %s\n", shown);
    fflush(stdout);
    int status = parse_command(options->verbs, command, &words, &grid) ? STATUS_USAGE : STATUS_GOOD;
    grid.output = options->output;
    grid.verb = options->verb; /* whose name complaints carry */
    if (!status) status = measure(options, lesson, &grid, dir, sizeof dir, &cpus, &lacking);
    if (!status && *lacking.text) {
        *verdict = LESSON_LACKING;
        print_folded(verdict_words(LESSON_LACKING), lacking.text);
        print_recorded(lesson);
        print_folded("Why:", lesson->explanation);
    } else if (!status) status = show_result(options, lesson, shown, dir, cpus, verdict);
    options_free(&grid);
    free(words);
    return status;
}

static void list_lessons(void)
{
    puts("Twelve questions, each answered by an experiment: breakeven lesson NAME\n");
    for (size_t i = 0; lessons[i].name; i++) printf("%3zu  %-15s %s\n", i + 1, lessons[i].name, lessons[i].question);
}

static int run_all(const struct options *options, unsigned cpus)
{
    unsigned counts[4] = {0};
    int worst = STATUS_GOOD;
    for (size_t i = 0; lessons[i].name; i++) {
        enum lesson_verdict verdict = LESSON_UNRESOLVED;
        int status = run_lesson(options, &lessons[i], cpus, &verdict);
        if (status == STATUS_INTERRUPTED) return status;
        if (status > worst) worst = status;
        counts[verdict]++;
        puts("\n--------\n");
    }
    printf("%u predictions held, %u did not, %u unresolved, %u not to be seen on this machine\n", counts[LESSON_HELD],
           counts[LESSON_NOT_HELD], counts[LESSON_UNRESOLVED], counts[LESSON_LACKING]);
    return worst;
}

static int run(const struct options *options)
{
    const struct lesson *lesson = NULL;
    if (options->all && options->operand_count)
        return options_complain(options, "--all runs every lesson: leave the name out");
    if (options->all && options->output) return options_complain(options, "-o takes one lesson: leave --all out");
    if (options->operand_count) {
        lesson = lesson_find(options->operands[0]);
        if (!lesson)
            return options_complain(options, "no lesson \"%.60s\" (\"breakeven lesson\" lists them)",
                                    options->operands[0]);
    }
    if (!lesson && !options->all) {
        list_lessons();
        return STATUS_GOOD;
    }
    struct limits limits;
    struct reason why = {""};
    if (limits_read("", &limits, &why)) return options_complain(options, "%s", why.text);
    enum lesson_verdict verdict = LESSON_UNRESOLVED;
    return options->all ? run_all(options, limits.usable) : run_lesson(options, lesson, limits.usable, &verdict);
}

const struct verb verb_lesson = {
    .name = "lesson",
    .summary = "learn by experiment: a question, a prediction, the measurement, and whether it held here",
    .operands = "[NAME|NUMBER]",
    .operands_max = 1,
    .details = "Without a name it lists the twelve lessons. Each takes less than a minute on two cpus and leaves a "
               "recorded run\n"
               "with its figure, its report and lesson.md, the lesson's page with this machine's numbers.",
    .machine = true,
    .run = run,
};
