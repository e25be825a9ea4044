/* SPDX-License-Identifier: GPL-3.0-or-later */
/* reason: why something failed, in one line for a user. The one text that a function hands up beside its error:
 *
 *     int thing_open(const char *path, struct reason *why)
 *     {
 *         if (!*path) return reason_give(why, -EINVAL, "a thing needs a path");
 *         ...
 *
 *     struct reason why = {""};
 *     if (thing_open(path, &why)) fprintf(stderr, "%s\n", why.text);
 *
 * Kernels keep a plain text and its size (kernel.h): they are compiled by users. */
#ifndef REASON_H
#define REASON_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define REASON_SIZE 1024

struct reason {
    char text[REASON_SIZE]; /* ends in 0; "" where there is none */
};

/* Writes the text as printf would, cut to fit. Nobody who wants to know (NULL): nothing. The arguments may point into
 * the text itself, as in a longer reason made of a shorter one. */
static inline void reason_write(struct reason *why, const char *format, va_list arguments)
{
    if (!why) return;
    struct reason made;
    vsnprintf(made.text, sizeof made.text, format, arguments);
    *why = made;
}

__attribute__((format(printf, 2, 3))) static inline void reason_set(struct reason *why, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    reason_write(why, format, arguments);
    va_end(arguments);
}

/* Adds to a text of so many bytes, as far as it fits: what is not a reason grows the same way. */
__attribute__((format(printf, 3, 4))) static inline void text_add(char *text, size_t size, const char *format, ...)
{
    size_t used = strlen(text);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text + used, size - used, format, arguments);
    va_end(arguments);
}

/* Is it one of the words of a list with commas? NULL is no list. */
static inline bool text_has_word(const char *list, const char *word)
{
    size_t length = strlen(word);
    for (const char *at = list; at && *at; at += strcspn(at, ","), at += *at == ',')
        if (strcspn(at, ",") == length && !strncmp(at, word, length)) return true;
    return false;
}

/* Cuts the blanks at its end. */
static inline void text_trim(char *text)
{
    for (size_t end = strlen(text); end && text[end - 1] == ' ';) text[--end] = '\0';
}

/* Adds to the text, as far as it fits. */
__attribute__((format(printf, 2, 3))) static inline void reason_add(struct reason *why, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    size_t used = why ? strlen(why->text) : 0;
    if (why) vsnprintf(why->text + used, sizeof why->text - used, format, arguments);
    va_end(arguments);
}

/* The same as reason_set, and returns error, so that a refusal is one line: return reason_give(why, -EINVAL, "...") */
__attribute__((format(printf, 3, 4))) static inline int reason_give(struct reason *why, int error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    reason_write(why, format, arguments);
    va_end(arguments);
    return error;
}

#endif
