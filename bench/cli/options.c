/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/cli/options.h"

#include <errno.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const struct verb *verb_find(const struct verb *const *verbs, const char *name)
{
    for (const struct verb *const *verb = verbs; *verb; verb++)
        if (!strcmp((*verb)->name, name)) return *verb;
    return NULL;
}

bool option_belongs(const struct option_row *row, const struct verb *verb)
{
    if (*row->verbs == '*') return true;
    size_t length = strlen(verb->name);
    for (const char *word = row->verbs; word; word = strchr(word, ' ')) {
        word += *word == ' ';
        if (strcspn(word, " ") == length && !memcmp(word, verb->name, length)) return true;
    }
    return false;
}

const struct option_row *options_find(const char *name, size_t length)
{
    for (const struct option_row *row = options_table; row->name; row++)
        if (strlen(row->name) == length && !memcmp(row->name, name, length)) return row;
    return NULL;
}

bool options_given(const struct options *options, const char *name)
{
    const struct option_row *row = options_find(name, strlen(name));
    return row && options->texts[row - options_table];
}

int options_complain(const struct options *options, const char *format, ...)
{
    char line[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    for (char *c = line; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 127) *c = '?'; /* one line, and no escape sequence of a hostile argument */
    if (options->verb) fprintf(stderr, "breakeven %s: %s\n", options->verb->name, line);
    else fprintf(stderr, "breakeven: %s\n", line);
    return STATUS_USAGE;
}

int options_flush(const struct options *options)
{
    errno = 0;
    if (!fflush(stdout) && !ferror(stdout)) return STATUS_GOOD;
    if (!errno && write(STDOUT_FILENO, "\n", 1) >= 0) errno = EIO; /* an earlier write failed; why, another one tells */
    return options_complain(options, "cannot write to standard output: %s", strerror(errno));
}

int options_print(const struct options *options, const char *text)
{
    size_t length = strlen(text);
    printf(length && text[length - 1] == '\n' ? "%s" : "%s\n", text);
    return options_flush(options);
}

int options_print_json(const struct options *options, json_t *json)
{
    char *text = json ? json_dumps(json, JSON_INDENT(2) | JSON_REAL_PRECISION(12)) : NULL;
    int status = text ? options_print(options, text) : options_complain(options, "no memory");
    free(text);
    json_decref(json);
    return status;
}

static const char *option_choice(size_t i)
{
    return options_table[i].name;
}

/* " - did you mean "x"?" where something is near, else "". */
static void suggest(const char *nearest, const char *prefix, char *out, size_t size)
{
    *out = '\0';
    if (nearest) snprintf(out, size, "; did you mean \"%s%s\"?", prefix, nearest);
}

static bool is_choice(const struct option_row *row, const char *word)
{
    for (size_t i = 0; row->choice(i); i++)
        if (!strcmp(row->choice(i), word)) return true;
    return false;
}

bool kernel_is_path(const char *name)
{
    size_t length = strlen(name);
    return strchr(name, '/') || (length > 3 && !strcmp(name + length - 3, ".so"));
}

/* Words outside the choices: paths of shared objects are kernels too, lists of cpus and objects are placements. */
static bool is_free_word(const struct option_row *row, const char *word)
{
    if (!strcmp(row->name, "kernel")) return kernel_is_path(word);
    if (!strcmp(row->name, "study")) return true; /* a file has studies of its own; who reads it checks */
    return row->type == OPTION_PLACEMENTS && (strchr(word, ':') || (*word >= '0' && *word <= '9'));
}

static int check_word(const struct option_row *row, const char *word, struct reason *why)
{
    if (!row->choice || is_choice(row, word) || is_free_word(row, word)) return 0;
    char near[80];
    suggest(values_nearest(word, row->choice), "", near, sizeof near);
    if (*near) reason_set(why, "no %s \"%.60s\"%s", row->what, word, near);
    else {
        reason_set(why, "no %s \"%.60s\"; there are", row->what, word);
        for (size_t i = 0; row->choice(i); i++) reason_add(why, "%s %s", i ? "," : "", row->choice(i));
    }
    return -EINVAL;
}

static int parse_words(const struct option_row *row, const char *text, struct names *field, struct reason *why)
{
    struct names words = {0};
    int error = row->type == OPTION_PLACEMENTS ? values_placements(text, &words, why)
                                               : values_names(text, &words, why);
    for (size_t i = 0; !error && i < words.count; i++) error = check_word(row, words.values[i], why);
    if (error) values_names_free(&words);
    else *field = words;
    return error;
}

static int parse_value(const struct option_row *row, const char *text, struct options *options, struct reason *why)
{
    void *field = (char *)options + row->offset;
    struct number_kind kind = {values_count, row->min, row->max ? row->max : INT64_MAX};
    if (row->type == OPTION_DURATION || row->type == OPTION_DURATIONS) kind.parse = values_duration;
    if (row->type == OPTION_SIZE) kind.parse = values_size;
    if (!row->min && !row->max) kind.min = row->type == OPTION_COUNT && row->offset == offsetof(struct options, seed) ? 0 : 1;
    switch (row->type) {
    case OPTION_FLAG:
        *(bool *)field = true;
        return 0;
    case OPTION_PERCENT:
        return values_percent(text, field, why);
    case OPTION_NAMES:
    case OPTION_PLACEMENTS:
        return parse_words(row, text, field, why);
    case OPTION_WORD:
    case OPTION_PATH:
        if (!*text) return reason_give(why, -EINVAL, "\"\" is empty: it needs %s", row->argument);
        if (check_word(row, text, why)) return -EINVAL;
        *(const char **)field = text;
        return 0;
    case OPTION_TEXTS:
        return values_names_add(field, text, strlen(text), why);
    case OPTION_COUNTS:
    case OPTION_DURATIONS:
        return values_numbers(text, &kind, field, why);
    default:
        return values_number(text, &kind, field, why);
    }
}

/* Is the option given for the first time, under whichever of its names? */
static int check_first(const struct options *options, const struct option_row *row, struct reason *why)
{
    for (const struct option_row *other = options_table; other->name; other++)
        if (other->offset == row->offset && options->texts[other - options_table]) {
            if (other == row && row->type == OPTION_TEXTS) continue;
            if (other == row) return reason_give(why, -EINVAL, "--%s is given twice", row->name);
            return reason_give(why, -EINVAL, "--%s and --%s say the same thing: give one of them", other->name, row->name);
        }
    return 0;
}

static int take_option(struct options *options, const struct option_row *row, const char *value, struct reason *why)
{
    struct reason what = {""};
    if (!option_belongs(row, options->verb))
        return reason_give(why, -EINVAL, "--%s is no option of \"%s\"; it belongs to: %s", row->name,
                           options->verb->name, row->verbs);
    if (check_first(options, row, why)) return -EINVAL;
    if (row->type == OPTION_FLAG && value)
        return reason_give(why, -EINVAL, "--%s takes no value, and \"%.60s\" was given", row->name, value);
    if (row->type != OPTION_FLAG && !value)
        return reason_give(why, -EINVAL, "--%s needs a value: %s", row->name, row->argument);
    if (parse_value(row, value, options, &what)) return reason_give(why, -EINVAL, "--%s: %s", row->name, what.text);
    options->texts[row - options_table] = value ? value : "";
    return 0;
}

/* No option of that name, with what may have been meant. */
static int unknown_option(const char *name, struct reason *why)
{
    char near[80];
    suggest(values_nearest(name, option_choice), "--", near, sizeof near);
    return reason_give(why, -EINVAL, "no option --%.60s%s", name, *near ? near : " (--help lists them)");
}

int options_set(struct options *options, const char *name, const char *value, struct reason *why)
{
    const struct option_row *row = options_find(name, strlen(name));
    return row ? take_option(options, row, value, why) : unknown_option(name, why);
}

/* An option of the command line, with its value where it has one there; else the next word is it. */
static int take_row(struct options *options, const struct option_row *row, const char *value, char ***next)
{
    struct reason why = {""};
    if (row->type != OPTION_FLAG && !value && option_belongs(row, options->verb) && **next) value = *(*next)++;
    return take_option(options, row, value, &why) ? options_complain(options, "%s", why.text) : 0;
}

static int take_long(struct options *options, const char *text, char ***next)
{
    size_t length = strcspn(text, "=");
    const struct option_row *row = options_find(text, length);
    if (row) return take_row(options, row, text[length] ? text + length + 1 : NULL, next);
    char name[64];
    struct reason why = {""};
    snprintf(name, sizeof name, "%.*s", (int)length, text);
    unknown_option(name, &why);
    return options_complain(options, "%s", why.text);
}

static int take_letter(struct options *options, const char *text, char ***next)
{
    for (const struct option_row *row = options_table; row->name; row++)
        if (row->letter == *text) {
            if (row->type == OPTION_FLAG && text[1])
                return options_complain(options, "-%.60s is not an option: give one at a time", text);
            return take_row(options, row, text[1] ? text + 1 : NULL, next);
        }
    return options_complain(options, "no option -%.60s (--help lists them)", text);
}

static int take_operand(struct options *options, const char *text)
{
    if (!*text) return options_complain(options, "an operand is empty: \"\"");
    if (options->operand_count == options->verb->operands_max)
        return options_complain(options, "\"%.60s\" is one word too many%s", text,
                                options->verb->operands_max ? "" : ": it takes options only");
    options->operands[options->operand_count++] = text;
    return 0;
}

static int take_words(struct options *options, char **next)
{
    bool only_operands = false;
    while (*next) {
        const char *text = *next++;
        int status;
        if (only_operands || *text != '-' || !text[1]) status = take_operand(options, text);
        else if (!strcmp(text, "--")) {
            only_operands = true;
            continue;
        } else status = text[1] == '-' ? take_long(options, text + 2, &next) : take_letter(options, text + 1, &next);
        if (status) return status;
    }
    return 0;
}

/* The shown verb that `name` may have meant, or NULL. */
static const char *nearest_verb(const struct verb *const *verbs, const char *name)
{
    struct values_guess guess = {.text = name};
    for (const struct verb *const *verb = verbs; *verb; verb++)
        if (*(*verb)->name != '_') values_guess(&guess, (*verb)->name);
    return guess.nearest;
}

/* The verb's name, "help" for nothing and for a leading --help, "version" for --version. */
static int take_verb(struct options *options, const char *name)
{
    if (!name || !strcmp(name, "--help") || !strcmp(name, "-h")) name = "help";
    if (!strcmp(name, "--version")) name = "version";
    options->verb = verb_find(options->verbs, name);
    if (options->verb) return 0;
    char near[80];
    suggest(nearest_verb(options->verbs, name), "breakeven ", near, sizeof near);
    return options_complain(options, "no verb \"%.60s\"%s", name, *near ? near : " (\"breakeven help\" lists them)");
}

void options_begin(struct options *options, const struct verb *const *verbs, const struct verb *verb)
{
    *options = (struct options){.verbs = verbs, .verb = verb, .seed = 1, .efficiency = 0.5, .margin = 0.05};
}

int options_parse(struct options *options, const struct verb *const *verbs, int argc, char **argv)
{
    options_begin(options, verbs, NULL);
    options->argc = argc;
    options->argv = argv;
    if (take_verb(options, argc > 1 ? argv[1] : NULL)) return STATUS_USAGE;
    options->operands = calloc((size_t)argc + 1, sizeof *options->operands);
    if (!options->operands) return options_complain(options, "no memory");
    if (argc > 2 && take_words(options, argv + 2)) return STATUS_USAGE;
    if (options->help) {
        options_help_verb(stdout, options->verb);
        return STATUS_GOOD;
    }
    if (options->operand_count < options->verb->operands_min)
        return options_complain(options, "it needs %s", options->verb->operands);
    return -1;
}

void options_free(struct options *options)
{
    for (const struct option_row *row = options_table; row->name; row++) {
        void *field = (char *)options + row->offset;
        bool names = row->type == OPTION_NAMES || row->type == OPTION_PLACEMENTS || row->type == OPTION_TEXTS;
        if (names) values_names_free(field);
        if (row->type == OPTION_COUNTS || row->type == OPTION_DURATIONS) values_numbers_free(field);
    }
    free(options->operands);
    options->operands = NULL;
}
