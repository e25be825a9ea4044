/* lesson: a question that people ask, a prediction, the measurement, and whether the prediction held here. */
#include "conduct.h"
#include "lessons.h"
#include "quota.h"

#include "../results/record.h"
#include "../runners/limits.h"

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
        if (length) used += (size_t)snprintf(out + used, size - used, "%u", times * cpus);
        else {
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

/* The page of one lesson with this run's numbers, as Markdown beside the run's other files. */
static int write_page(const struct lesson *lesson, const char *command, const struct lesson_result *result,
                      const struct run *run, const char *dir)
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
    fprintf(page, "**Why.** %s\n\n**Exercise.** %s\n\n", lesson->explanation, lesson->exercise);
    fprintf(page, "<sub>Measured %s on %s.</sub>\n", date, cpu ? cpu : "an unnamed machine");
    int error = fclose(page) ? -ENOMEM : record_write_file(dir, "lesson.md", text, size);
    free(text);
    return error;
}

/* Measures under the lesson's quota, where it has one. An exit status; *lacking says that there can be none here. */
static int measure(const struct options *options, const struct lesson *lesson, struct options *grid, char *dir,
                   size_t dir_size, unsigned *cpus, char *lacking, size_t lacking_size)
{
    struct conduct conduct;
    struct quota quota;
    char why[1024] = "", name[64];
    snprintf(name, sizeof name, "lesson-%s", lesson->name);
    int status = conduct_open(&conduct, grid, NULL);
    *cpus = conduct.plan.cpus;
    bool limited = !status && lesson->quota_cpus > 0;
    if (limited && quota_enter(&quota, lesson->quota_cpus, lacking, lacking_size)) {
        conduct_close(&conduct);
        return STATUS_GOOD;
    }
    if (!status && plan_add(&conduct.plan, "run", grid, why, sizeof why)) status = options_complain(options, "%s", why);
    if (!status) status = conduct_measure(&conduct, name, true);
    if (limited) quota_leave(&quota);
    snprintf(dir, dir_size, "%s", conduct.dir);
    conduct_close(&conduct);
    return status;
}

/* Words of the lesson's command as the options of `run`. The caller frees words and options. */
static int parse_command(char *command, char ***words, struct options *grid)
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
    return options_parse(grid, (int)count, *words) < 0 ? 0 : -EINVAL;
}

static int show_result(const struct options *options, const struct lesson *lesson, const char *command, const char *dir,
                       unsigned cpus, enum lesson_verdict *verdict)
{
    struct shown shown;
    struct lesson_result result = {LESSON_UNRESOLVED, ""};
    int status = show_open(options, dir, &shown);
    if (status) return status;
    size_t failures = show_failures(options, &shown);
    lesson->check(&shown.summary, cpus, &result);
    print_folded(verdict_words(result.verdict), result.text);
    if (result.verdict == LESSON_NOT_HELD) print_folded("What that can mean:", lesson->otherwise);
    print_folded("Why:", lesson->explanation);
    print_folded("Try:", lesson->exercise);
    printf("\nThe figure: %s/plots/%s.svg; everything: %s/report.html\n", dir, lesson->figure, dir);
    int error = write_page(lesson, command, &result, &shown.run, dir);
    if (error) options_complain(options, "cannot write %s/lesson.md: %s", dir, strerror(-error));
    show_close(&shown);
    *verdict = result.verdict;
    return failures ? STATUS_FAILED : STATUS_GOOD;
}

static int run_lesson(const struct options *options, const struct lesson *lesson, unsigned cpus,
                      enum lesson_verdict *verdict)
{
    char command[512], shown[600], dir[4096] = "", lacking[512] = "";
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
    int status = parse_command(command, &words, &grid) ? STATUS_USAGE : STATUS_GOOD;
    grid.output = options->output;
    grid.verb = options->verb; /* whose name complaints carry */
    if (!status) status = measure(options, lesson, &grid, dir, sizeof dir, &cpus, lacking, sizeof lacking);
    if (!status && *lacking) {
        *verdict = LESSON_LACKING;
        print_folded(verdict_words(LESSON_LACKING), lacking);
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
    char why[256];
    if (limits_read("", &limits, why, sizeof why)) return options_complain(options, "%s", why);
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
    .run = run,
};
