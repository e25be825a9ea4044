/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ini.h: text files of sections and entries: experiments and lessons, and those files inside the program.
 *
 *     ; a line of its own is a comment with ; or #
 *     [scaling]
 *     kernel = spin,triad
 *     quick
 *     question = A text goes on
 *       where the next line is indented.
 *
 *     struct ini ini;
 *     if (!ini_read(text, &ini, &why)) ... ini.sections[0].entries[0].value ...
 *     ini_free(&ini);
 *
 * Sections and keys may stand more than once; whoever reads them decides. Blanks around names and values are left out,
 * lines end with \n or \r\n.
 */
#ifndef BREAKEVEN_INI_H
#define BREAKEVEN_INI_H

#include "kernels/reason.h"

#include <stddef.h>

struct ini_entry {
    const char *key, *value; /* value: NULL where the line has no '='; lines that go on are joined by one blank */
    unsigned line;           /* from 1 */
};

struct ini_section {
    const char *name;
    unsigned line;
    size_t count;
    struct ini_entry *entries;
};

struct ini {
    size_t count;
    struct ini_section *sections; /* in the order of the file */
    char *text;                   /* what all of it points into */
};

/* 0, or -EINVAL, -ENOMEM with "line N: ..." in `why` and *ini empty. */
int ini_read(const char *text, struct ini *, struct reason *why);
void ini_free(struct ini *);

/* The text of a file of at most 1 MiB, malloc'ed. 0, or -errno with `why`, which names it. */
int ini_load(const char *path, char **text, struct reason *why);

/* The first of that name; NULL: none. */
const struct ini_section *ini_section(const struct ini *, const char *name);
const struct ini_entry *ini_entry(const struct ini_section *, const char *key);

/* A file inside the program, packed by embedded.sh: a name without folder and ending, then the text, file after file.
 *
 *     for (struct embedded file = embedded_first(lesson_files); file.name; file = embedded_next(file))
 *         puts(file.name);
 */
struct embedded {
    const char *name, *text; /* name: NULL after the last */
};

struct embedded embedded_first(const char *files);
struct embedded embedded_next(struct embedded);
const char *embedded_text(const char *files, const char *name); /* NULL: there is none of that name */

#endif
