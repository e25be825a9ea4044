/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lesson: a question that people ask, a prediction, the measurement, and whether the prediction held here. */
#include "bench/lessons/lessons.h"
#include "bench/machine/quota.h"
#include "bench/measure/conduct.h"
#include "bench/plan/grid_words.h"

#include "runners/cpus/limits.h"

/* Measures under the lesson's quota, where it has one, and shows what came out. An exit status. */
static int measure_and_show(const struct options *grid, const struct lesson *lesson, const char *command,
                            enum lesson_verdict *verdict)
{
    struct conduct conduct;
    struct quota quota;
    char name[80];
    struct reason why = {""};
    snprintf(name, sizeof name, "lesson-%s", lesson->name);
    int status = conduct_open(&conduct, grid, NULL);
    bool limited = !status && lesson->quota_cpus > 0;
    if (limited && quota_enter(&quota, lesson->quota_cpus, &why)) {
        *verdict = LESSON_LACKING;
        lesson_show_lacking(lesson, why.text);
        conduct_close(&conduct);
        return STATUS_GOOD;
    }
    if (!status && plan_add(&conduct.plan, "run", grid, &why)) status = options_complain(grid, "%s", why.text);
    if (!status) status = conduct_measure(&conduct, name, true);
    if (limited) quota_leave(&quota);
    if (!status) status = lesson_show_result(grid, lesson, command, conduct.dir, conduct.plan.cpus, verdict);
    conduct_close(&conduct);
    return status;
}

static int run_lesson(const struct options *options, const struct lesson *lesson, unsigned cpus,
                      enum lesson_verdict *verdict)
{
    char command[1200];
    struct names words;
    struct options grid;
    struct reason why = {""};
    if (grid_words_make(lesson->run, cpus, 1, &words, &why))
        return options_complain(options, "lesson %s: [run]: %s", lesson->name, why.text);
    grid_words_show(&words, command, sizeof command);
    lesson_show_question(lesson, command);
    options_begin(&grid, options->verbs, verb_find(options->verbs, "run"));
    grid.argc = options->argc;
    grid.argv = options->argv;
    int status = grid_words_set(&words, lesson->run, &grid, &why)
                     ? options_complain(options, "lesson %s: [run]: %s", lesson->name, why.text)
                     : STATUS_GOOD;
    grid.output = options->output;
    grid.verb = options->verb; /* whose name complaints carry */
    if (!status) status = measure_and_show(&grid, lesson, command, verdict);
    options_free(&grid);
    values_names_free(&words);
    return status;
}

static int list_lessons(const struct options *options)
{
    struct lesson lesson;
    struct reason why;
    unsigned count = 0;
    for (struct embedded file = embedded_first(lesson_files); file.name; file = embedded_next(file)) count++;
    printf("%u questions, each answered by an experiment: breakeven lesson NAME\n\n", count);
    for (struct embedded file = embedded_first(lesson_files); file.name; file = embedded_next(file)) {
        if (lesson_read(file.name, file.text, &lesson, &why))
            return options_complain(options, "lesson %s: %s", file.name, why.text);
        printf("%3u  %-15s %s\n", lesson.number, lesson.name, lesson.question);
        lesson_free(&lesson);
    }
    return STATUS_GOOD;
}

static int run_all(const struct options *options, unsigned cpus)
{
    unsigned counts[4] = {0};
    int worst = STATUS_GOOD;
    struct lesson lesson;
    struct reason why;
    for (struct embedded file = embedded_first(lesson_files); file.name; file = embedded_next(file)) {
        enum lesson_verdict verdict = LESSON_UNRESOLVED;
        if (lesson_read(file.name, file.text, &lesson, &why))
            return options_complain(options, "lesson %s: %s", file.name, why.text);
        int status = run_lesson(options, &lesson, cpus, &verdict);
        lesson_free(&lesson);
        if (status == STATUS_INTERRUPTED) return status;
        if (status > worst) worst = status;
        counts[verdict]++;
        puts("\n--------\n");
    }
    printf("%u predictions held, %u did not, %u unresolved, %u not to be seen on this machine\n", counts[LESSON_HELD],
           counts[LESSON_NOT_HELD], counts[LESSON_UNRESOLVED], counts[LESSON_LACKING]);
    return worst;
}

/* Its file, from inside the program. */
static int write_lesson(const struct options *options, const struct lesson *lesson)
{
    char name[80];
    snprintf(name, sizeof name, "%02u-%s", lesson->number, lesson->name);
    const char *text = embedded_text(lesson_files, name);
    if (!text) return options_complain(options, "--write-file prints lessons of the program: %s is a file already",
                                       options->operands[0]);
    return options_print(options, text);
}

static int run_named(const struct options *options, unsigned cpus)
{
    struct lesson lesson;
    struct reason why = {""};
    enum lesson_verdict verdict = LESSON_UNRESOLVED;
    if (lesson_find(options->operands[0], &lesson, &why)) return options_complain(options, "%s", why.text);
    int status = options->write_file ? write_lesson(options, &lesson) : run_lesson(options, &lesson, cpus, &verdict);
    lesson_free(&lesson);
    return status;
}

static int run(const struct options *options)
{
    struct limits limits;
    struct reason why = {""};
    if (options->all && options->operand_count)
        return options_complain(options, "--all runs every lesson: leave the name out");
    if (options->all && options->output) return options_complain(options, "-o takes one lesson: leave --all out");
    if (options->write_file && !options->operand_count) return options_complain(options, "--write-file needs a lesson's name");
    if (options->page && options->operand_count) return options_complain(options, "--page is of all lessons: leave the name out");
    if (!options->all && options->page) return lesson_page_write(options);
    if (!options->all && !options->operand_count) return list_lessons(options);
    if (limits_read("", &limits, &why)) return options_complain(options, "%s", why.text);
    if (!options->all) return run_named(options, limits.usable);
    int status = run_all(options, limits.usable), written = options->page ? lesson_page_write(options) : STATUS_GOOD;
    return status ? status : written;
}

const struct verb verb_lesson = {
    .name = "lesson",
    .summary = "learn by experiment: a question, a prediction, the measurement, and whether it held here",
    .operands = "[NAME|NUMBER|FILE.ini]",
    .operands_max = 1,
    .details = "Without a name it lists the lessons. Each takes less than a minute on two cpus and leaves a recorded run\n"
               "with its figure, its report and lesson.md, the lesson's page with this machine's numbers.\n"
               "--page writes all of them with their figures into one file for a class.\n"
               "A lesson is a file: --write-file prints one, to be changed and run as FILE.ini.",
    .machine = true,
    .run = run,
};
