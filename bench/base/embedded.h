/* SPDX-License-Identifier: GPL-3.0-or-later */
/* embedded.h: files inside the program, packed by embedded.sh: a name without folder and ending, then the text, file after
 * file.
 *
 *     for (struct embedded file = embedded_first(lesson_files); file.name; file = embedded_next(file))
 *         puts(file.name);
 */
#ifndef BREAKEVEN_EMBEDDED_H
#define BREAKEVEN_EMBEDDED_H

struct embedded {
    const char *name, *text; /* name: NULL after the last */
};

struct embedded embedded_first(const char *files);
struct embedded embedded_next(struct embedded);
const char *embedded_text(const char *files, const char *name); /* NULL: there is none of that name */

#endif
