/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/lessons/lessons.h"
#include "bench/lessons/expression.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>

/* ---- reading ---- */

static int read_texts(struct lesson *lesson, const struct ini_section *section, struct reason *why)
{
    const struct {
        const char *key, **text;
    } texts[] = {{"question", &lesson->question},       {"prediction", &lesson->prediction},
                 {"figure", &lesson->figure},           {"explanation", &lesson->explanation},
                 {"otherwise", &lesson->otherwise},     {"exercise", &lesson->exercise}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        const struct ini_entry *entry = ini_entry(section, texts[i].key);
        if (!entry || !entry->value || !*entry->value)
            return reason_give(why, -EINVAL, "[lesson] needs %s = ...", texts[i].key);
        *texts[i].text = entry->value;
    }
    const struct ini_entry *quota = ini_entry(section, "quota");
    lesson->quota_cpus = quota && quota->value ? strtod(quota->value, NULL) : 0;
    if (quota && !(lesson->quota_cpus > 0))
        return reason_give(why, -EINVAL, "line %u: quota is a number of cpus above 0", quota->line);
    return 0;
}

static int read_sections(struct lesson *lesson, struct reason *why)
{
    const struct ini_section *first = ini_section(&lesson->ini, "lesson");
    lesson->run = ini_section(&lesson->ini, "run");
    lesson->check = ini_section(&lesson->ini, "check");
    lesson->elsewhere = ini_section(&lesson->ini, "elsewhere");
    if (!first || !lesson->run || !lesson->check)
        return reason_give(why, -EINVAL, "a lesson has sections [lesson], [run] and [check]");
    if (!ini_entry(lesson->check, "held") || !ini_entry(lesson->check, "say"))
        return reason_give(why, -EINVAL, "[check] needs held = ... and say = ...");
    return read_texts(lesson, first, why);
}

int lesson_read(const char *name, const char *text, struct lesson *lesson, struct reason *why)
{
    *lesson = (struct lesson){0};
    int error = ini_read(text, &lesson->ini, why);
    if (error) return error;
    while (isdigit((unsigned char)*name)) lesson->number = 10 * lesson->number + (unsigned)(*name++ - '0');
    snprintf(lesson->name, sizeof lesson->name, "%s", *name == '-' ? name + 1 : name);
    error = read_sections(lesson, why);
    if (error) lesson_free(lesson);
    return error;
}

void lesson_free(struct lesson *lesson)
{
    ini_free(&lesson->ini);
    *lesson = (struct lesson){0};
}

static int read_file(const char *path, struct lesson *lesson, struct reason *why)
{
    char *text = NULL;
    const char *base = strrchr(path, '/');
    char name[64];
    int error = ini_load(path, &text, why);
    if (error) return error;
    snprintf(name, sizeof name, "%s", base ? base + 1 : path);
    name[strcspn(name, ".")] = '\0';
    error = lesson_read(name, text, lesson, why);
    if (error) reason_set(why, "%.200s: %.600s", path, why->text);
    else lesson->number = 0;
    free(text);
    return error;
}

int lesson_find(const char *name, struct lesson *lesson, struct reason *why)
{
    char *end;
    size_t length = strlen(name);
    unsigned long number = strtoul(name, &end, 10);
    if (strchr(name, '/') || (length > 4 && !strcmp(name + length - 4, ".ini"))) return read_file(name, lesson, why);
    for (struct embedded file = embedded_first(lesson_files); file.name; file = embedded_next(file)) {
        int error = lesson_read(file.name, file.text, lesson, why);
        if (error) return error;
        if (!strcmp(lesson->name, name) || (end != name && !*end && number == lesson->number)) return 0;
        lesson_free(lesson);
    }
    return reason_give(why, -ENOENT, "no lesson \"%.60s\" (\"breakeven lesson\" lists them)", name);
}

/* ---- judging ---- */

static int open_scope(struct expression_scope *scope, const struct summary *summary, unsigned cpus, unsigned cores,
                      struct reason *why)
{
    *scope = (struct expression_scope){.summary = summary};
    int error = expression_define_number(scope, "cpus", cpus, why);
    return error ? error : expression_define_number(scope, "cores", cores, why);
}

/* Where an expression is wrong: the line and its key before the reason. */
static int locate(int error, const struct ini_entry *entry, struct reason *why)
{
    if (error) reason_set(why, "line %u, %.40s: %.600s", entry->line, entry->key, why->text);
    return error;
}

static int define_all(struct expression_scope *scope, const struct ini_section *section, struct reason *why)
{
    int error = 0;
    for (size_t i = 0; !error && i < section->count; i++) {
        const struct ini_entry *entry = &section->entries[i];
        if (text_has_word("lacks,say,kernels,packed,figure", entry->key)) continue; /* no names of values */
        error = locate(expression_define(scope, entry->key, entry->value ? entry->value : "", why), entry, why);
    }
    return error;
}

static int evaluate_key(struct expression_scope *scope, const struct ini_section *section, const char *key,
                        struct expression_value *value, struct reason *why)
{
    const struct ini_entry *entry = ini_entry(section, key);
    const char *text = entry && entry->value ? entry->value : "";
    *value = (struct expression_value){.kind = EXPRESSION_TEXT, .text = ""};
    if (!entry) return 0;
    bool sentence = !strcmp(key, "say");
    int error = sentence ? expression_sentence(scope, text, value, why) : expression_evaluate(scope, text, value, why);
    return locate(error, entry, why);
}

static void conclude(const struct expression_value *held, const struct expression_value *say,
                     struct lesson_result *result)
{
    static const enum lesson_verdict verdicts[] = {[EXPRESSION_NO] = LESSON_NOT_HELD,
                                                   [EXPRESSION_YES] = LESSON_HELD,
                                                   [EXPRESSION_OPEN] = LESSON_UNRESOLVED};
    const struct expression_value *missing = held->kind == EXPRESSION_MISSING ? held : say;
    if (missing->kind == EXPRESSION_MISSING) {
        result->verdict = LESSON_UNRESOLVED;
        snprintf(result->text, sizeof result->text,
                 "Not enough was measured: there is no good repetition of %s (the summary says why).", missing->text);
        return;
    }
    result->verdict = verdicts[held->truth];
    snprintf(result->text, sizeof result->text, "%s", say->text);
}

static int judge(struct expression_scope *scope, const struct ini_section *check, struct lesson_result *result,
                 struct reason *why)
{
    struct expression_value lacks, held, say;
    int error = evaluate_key(scope, check, "lacks", &lacks, why);
    if (error) return error;
    if (lacks.kind == EXPRESSION_TEXT && *lacks.text) {
        result->verdict = LESSON_LACKING;
        snprintf(result->text, sizeof result->text, "%s", lacks.text);
        return 0;
    }
    error = define_all(scope, check, why);
    if (!error) error = expression_evaluate(scope, "held", &held, why);
    if (!error) error = evaluate_key(scope, check, "say", &say, why);
    if (!error && held.kind != EXPRESSION_TRUTH && held.kind != EXPRESSION_MISSING)
        error = reason_give(why, -EINVAL, "held is yes, no or open");
    if (!error) conclude(&held, &say, result);
    return error;
}

int lesson_judge(const struct lesson *lesson, const struct summary *summary, unsigned cpus, unsigned cores,
                 struct lesson_result *result, struct reason *why)
{
    struct expression_scope scope;
    *result = (struct lesson_result){LESSON_UNRESOLVED, ""};
    int error = open_scope(&scope, summary, cpus, cores, why);
    if (!error) error = judge(&scope, lesson->check, result, why);
    expression_free(&scope);
    if (error) reason_set(why, "lesson %s: [check]: %.600s", lesson->name, why->text);
    return error;
}

/* ---- elsewhere ---- */

int lesson_lacks(const struct lesson *lesson, unsigned cpus, unsigned cores, char *text, size_t size, struct reason *why)
{
    static const struct summary nothing;
    struct expression_scope scope;
    struct expression_value lacks;
    *text = '\0';
    if (!lesson->elsewhere) return 0;
    int error = open_scope(&scope, &nothing, cpus, cores, why);
    if (!error) error = evaluate_key(&scope, lesson->elsewhere, "lacks", &lacks, why);
    if (!error && lacks.kind == EXPRESSION_TEXT) snprintf(text, size, "%s", lacks.text);
    expression_free(&scope);
    if (error) reason_set(why, "lesson %s: [elsewhere]: %.600s", lesson->name, why->text);
    return error;
}

int lesson_tell(const struct lesson *lesson, const struct summary *summary, char *text, size_t size, struct reason *why)
{
    struct expression_scope scope;
    struct expression_value say;
    int error = open_scope(&scope, summary, ELSEWHERE_WORKERS, ELSEWHERE_MACHINE_CORES, why);
    if (!error) error = define_all(&scope, lesson->elsewhere, why);
    if (!error) error = evaluate_key(&scope, lesson->elsewhere, "say", &say, why);
    if (!error) snprintf(text, size, "%s", say.text);
    expression_free(&scope);
    if (error) reason_set(why, "lesson %s: [elsewhere]: %.600s", lesson->name, why->text);
    return error;
}
