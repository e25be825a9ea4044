/* SPDX-License-Identifier: GPL-3.0-or-later */
/* command_words.c: what a command's templates become: words, variables, lines for a shell. */
#include "bench/base/command.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct command_value *value_at(const char *text, const struct command_value *values, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        size_t length = strlen(values[i].name);
        if (!strncmp(text + 1, values[i].name, length) && text[1 + length] == '}') return &values[i];
    }
    return NULL;
}

char *command_fill(const char *template, const struct command_value *values, size_t count)
{
    char *filled;
    size_t size;
    FILE *stream = open_memstream(&filled, &size);
    if (!stream) return NULL;
    for (const char *c = template; *c; c++) {
        const struct command_value *value = *c == '{' ? value_at(c, values, count) : NULL;
        if (value) {
            fputs(value->text, stream);
            c += strlen(value->name) + 1;
        } else fputc(*c, stream);
    }
    bool failed = ferror(stream);
    if (fclose(stream) || failed) {
        free(filled);
        return NULL;
    }
    return filled;
}

void command_quote(const char *text, FILE *file)
{
    if (*text &&
        strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./,:=+-") == strlen(text)) {
        fputs(text, file);
        return;
    }
    fputc('\'', file);
    for (; *text; text++) {
        if (*text == '\'') fputs("'\\''", file);
        else fputc(*text, file);
    }
    fputc('\'', file);
}

static bool put_word(FILE *file, const char *template, const struct command_value *values, size_t count, bool quoted)
{
    char *filled = command_fill(template, values, count);
    if (!filled) return false;
    if (quoted) command_quote(filled, file);
    else fputs(filled, file);
    free(filled);
    return true;
}

char *command_line(const struct command *command, const struct command_value *values, size_t count)
{
    char *line = NULL;
    size_t size;
    FILE *file = open_memstream(&line, &size);
    bool good = file;
    for (const char *const *variable = command->environment; good && variable && *variable; variable++) {
        int name = (int)strcspn(*variable, "=") + 1;
        fprintf(file, "%s%.*s", command->shell ? "export " : "", name, *variable);
        good = put_word(file, *variable + name, values, count, true);
        fputs(command->shell ? "; " : " ", file);
    }
    for (const char *const *word = command->words; good && *word; word++) {
        if (word != command->words) fputc(' ', file);
        good = put_word(file, *word, values, count, !command->shell);
    }
    if (file && fclose(file)) good = false;
    if (good) return line;
    free(line);
    return NULL;
}

static bool holds(const char *template, const char *name)
{
    const struct command_value value = {name, ""};
    for (const char *c = template ? strchr(template, '{') : NULL; c; c = strchr(c + 1, '{'))
        if (value_at(c, &value, 1)) return true;
    return false;
}

bool command_uses(const struct command *command, const char *name)
{
    for (const char *const *word = command->words; *word; word++)
        if (holds(*word, name)) return true;
    for (const char *const *variable = command->environment; variable && *variable; variable++)
        if (holds(*variable, name)) return true;
    return holds(command->prepare, name);
}

int command_check(const struct command *command, struct reason *why)
{
    const char *program = *command->words, *path = getenv("PATH");
    int error = ENOENT;
    if (command->shell || strchr(program, '{')) return 0;
    if (strchr(program, '/')) error = access(program, X_OK) ? errno : 0;
    for (const char *part = path ? path : "/bin:/usr/bin"; error && !strchr(program, '/');
         part += strcspn(part, ":") + 1) {
        char file[4096];
        size_t length = strcspn(part, ":");
        snprintf(file, sizeof file, "%.*s%s%s", (int)length, part, length ? "/" : "", program);
        if (!access(file, X_OK)) error = 0;
        else if (errno != ENOENT && errno != ENOTDIR) error = errno;
        if (!part[length]) break;
    }
    if (error) reason_set(why, "cannot start \"%.100s\": %s", program, strerror(error));
    return -error;
}

static void words_free(char **words)
{
    for (size_t i = 0; words && words[i]; i++) free(words[i]);
    free(words);
}

void command_filled_free(struct command_filled *filled)
{
    words_free(filled->words);
    words_free(filled->variables);
    *filled = (struct command_filled){0};
}

static char **fill_all(const char *const *templates, const struct command_value *values, size_t count)
{
    size_t n = 0;
    while (templates && templates[n]) n++;
    char **words = calloc(n + 1, sizeof *words);
    for (size_t i = 0; words && i < n; i++) {
        words[i] = command_fill(templates[i], values, count);
        if (words[i]) continue;
        words_free(words);
        return NULL;
    }
    return words;
}

/* With blanks between them, malloc'ed; NULL without memory. */
static char *join(const char *const *words)
{
    char *line = NULL;
    size_t size;
    FILE *stream = open_memstream(&line, &size);
    for (size_t i = 0; stream && words[i]; i++) fprintf(stream, "%s%s", i ? " " : "", words[i]);
    if (stream && !fclose(stream)) return line;
    free(line);
    return NULL;
}

int command_fill_all(const struct command *command, const struct command_value *values, size_t count,
                     struct command_filled *filled)
{
    char *line = command->shell ? join(command->words) : NULL;
    const char *const in_shell[] = {"/bin/sh", "-c", line, NULL};
    if (line || !command->shell) filled->words = fill_all(line ? in_shell : command->words, values, count);
    filled->variables = fill_all(command->environment, values, count);
    free(line);
    if (filled->words && filled->variables) return 0;
    command_filled_free(filled);
    return -ENOMEM;
}
