/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/tune/tune_axes.h"

#include "kernels/reason.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT = 32 };

static int by_value(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static int add_numbers(struct tune_axes *axes, const char *name, const struct numbers *numbers)
{
    if (axes->count == SEARCH_AXES) return -E2BIG;
    struct tune_axis *axis = &axes->axis[axes->count++];
    uint64_t *sorted = malloc((numbers->count + 1) * sizeof *sorted);
    snprintf(axis->name, sizeof axis->name, "%s", name);
    axis->texts = calloc(numbers->count, sizeof *axis->texts);
    axis->values = calloc(numbers->count, sizeof *axis->values);
    int error = !sorted || !axis->texts || !axis->values ? -ENOMEM : 0;
    if (!error) {
        memcpy(sorted, numbers->values, numbers->count * sizeof *sorted);
        qsort(sorted, numbers->count, sizeof *sorted, by_value);
    }
    for (size_t i = 0; !error && i < numbers->count; i++) {
        char text[TEXT];
        snprintf(text, sizeof text, "%llu", (unsigned long long)sorted[i]);
        axis->values[i] = (double)sorted[i];
        axis->texts[axis->count] = strdup(text);
        if (!axis->texts[axis->count++]) error = -ENOMEM;
    }
    free(sorted);
    if (!error && axis->values[0] <= 0) { /* the search looks at ratios: with a 0 they are words */
        free(axis->values);
        axis->values = NULL;
    }
    return error;
}

static int add_words(struct tune_axes *axes, const char *name, struct names *words)
{
    if (axes->count == SEARCH_AXES) return -E2BIG;
    struct tune_axis *axis = &axes->axis[axes->count++];
    snprintf(axis->name, sizeof axis->name, "%s", name);
    axis->texts = words->values; /* taken over */
    axis->count = words->count;
    *words = (struct names){0};
    return 0;
}

bool tune_axes_know(const struct tune_axes *axes, const char *name)
{
    for (size_t i = 0; i < axes->count; i++)
        if (!strcmp(axes->axis[i].name, name)) return true;
    return false;
}

/* --parameter name=list */
static int add_parameter(struct tune_axes *axes, const struct options *options, const char *text)
{
    char name[sizeof axes->axis->name];
    struct reason why = {""};
    size_t length = strcspn(text, "=");
    for (size_t i = 0; i < length; i++)
        if (!isalnum((unsigned char)text[i]) && text[i] != '_' && text[i] != '-') length = 0;
    if (!length || length >= sizeof name || text[length] != '=')
        return options_complain(options, "--parameter \"%.60s\": it is NAME=LIST, with a name of letters and digits",
                                text);
    snprintf(name, sizeof name, "%.*s", (int)length, text);
    if (tune_axes_know(axes, name))
        return options_complain(options, "--parameter %s: {%s} has values already", name, name);
    const struct number_kind kind = {values_count, 0, INT64_MAX};
    struct numbers numbers = {0};
    struct names words = {0};
    int error = values_numbers(text + length + 1, &kind, &numbers, &why);
    if (!error) error = add_numbers(axes, name, &numbers);
    else if (!(error = values_names(text + length + 1, &words, &why))) error = add_words(axes, name, &words);
    else return options_complain(options, "--parameter %s: %s", name, why.text);
    values_numbers_free(&numbers);
    values_names_free(&words);
    if (error)
        return options_complain(options, "--parameter %s: %s", name,
                                error == -E2BIG ? "more placeholders than can be searched at once" : "no memory");
    return 0;
}

/* The next {name} of a text, which a shell does not take for its own ("${name}"); *at moves behind it. */
static bool next_name(const char **at, const char *begin, char *name, size_t size)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
    while ((*at = strchr(*at, '{'))) {
        const char *brace = (*at)++;
        size_t length = strspn(*at, letters);
        if (!length || length >= size || (*at)[length] != '}' || (brace > begin && brace[-1] == '$')) continue;
        snprintf(name, size, "%.*s", (int)length, *at);
        return true;
    }
    return false;
}

/* A {name} that nothing fills is told: any in a variable; in words, where braces mean other things too, one that is
 * nearly a name there is. */
static int check_names(const struct tune_axes *axes, const struct options *options, const char *text, bool any)
{
    static const char *const known[] = {"workers", "threads", "chunk"};
    char name[64], list[512] = "";
    for (const char *at = text; at && next_name(&at, text, name, sizeof name);) {
        struct values_guess guess = {.text = name};
        if (tune_axes_know(axes, name)) continue;
        for (size_t i = 0; i < 3; i++) values_guess(&guess, known[i]);
        for (size_t i = 0; i < axes->count; i++) values_guess(&guess, axes->axis[i].name);
        if (!any && !guess.nearest) continue;
        for (size_t i = 0; i < 3; i++) text_add(list, sizeof list, "%s{%s}", i ? ", " : "", known[i]);
        for (size_t i = 0; i < axes->count; i++)
            if (!text_has_word("workers,threads,chunk", axes->axis[i].name))
                text_add(list, sizeof list, ", {%s}", axes->axis[i].name);
        return options_complain(options, "{%s} in \"%.60s\": there are %s and the names of --parameter", name, text, list);
    }
    return 0;
}

static int check_all_names(const struct tune_axes *axes, const struct options *options, const struct command *command)
{
    int status = check_names(axes, options, command->prepare, false);
    for (size_t i = 0; !status && command->words[i]; i++)
        status = check_names(axes, options, command->words[i], false);
    for (size_t i = 0; !status && command->environment && command->environment[i]; i++)
        status = check_names(axes, options, command->environment[i], true);
    return status;
}

int tune_axes_make(struct tune_axes *axes, const struct options *options, const struct limits *limits,
                   const struct command *command)
{
    const struct {
        const char *name;
        const struct numbers *numbers;
    } known_axes[] = {{"workers", &options->workers}, {"threads", &options->threads}, {"chunk", &options->chunks}};
    uint64_t all[4096];
    struct numbers every = {0, all};
    for (unsigned p = 1; p <= limits->usable && p <= 4096; p++) all[every.count++] = p;
    for (size_t i = 0; i < 3; i++) {
        bool used = command_uses(command, known_axes[i].name);
        const struct numbers *numbers = known_axes[i].numbers->count ? known_axes[i].numbers : i == 0 ? &every : NULL;
        if (!used && known_axes[i].numbers->count)
            return options_complain(options, "--%s is given, and no {%s} stands in the command, --env or --prepare",
                                    known_axes[i].name, known_axes[i].name);
        if (!used) continue;
        if (!numbers) return options_complain(options, "{%s} needs --%s LIST", known_axes[i].name, known_axes[i].name);
        if (add_numbers(axes, known_axes[i].name, numbers)) return options_complain(options, "no memory");
    }
    for (size_t i = 0; i < options->parameters.count; i++) {
        int status = add_parameter(axes, options, options->parameters.values[i]);
        if (status) return status;
        const char *name = axes->axis[axes->count - 1].name;
        if (!command_uses(command, name))
            return options_complain(options, "--parameter %s: no {%s} stands in the command, --env or --prepare", name,
                                    name);
    }
    int status = check_all_names(axes, options, command);
    if (status) return status;
    if (!axes->count)
        return options_complain(options,
                                "there is nothing to choose: put {workers} (or {threads}, {chunk}, or the name of a "
                                "--parameter) into the command, like: make -j{workers}");
    return 0;
}

void tune_axes_values(const struct tune_axes *axes, const struct search_point *point, struct command_value *values)
{
    for (size_t i = 0; i < axes->count; i++)
        values[i] = (struct command_value){axes->axis[i].name, axes->axis[i].texts[point->level[i]]};
}

void tune_axes_free(struct tune_axes *axes)
{
    for (struct tune_axis *axis = axes->axis; axis < axes->axis + axes->count; axis++) {
        for (size_t i = 0; axis->texts && i < axis->count; i++) free(axis->texts[i]);
        free(axis->texts);
        free(axis->values);
    }
    axes->count = 0;
}
